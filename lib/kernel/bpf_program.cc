// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "kernel/bpf.hh"
#include "kernel/capabilities.hh"
#include "kernel/nsfs.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kLoad = "load";
constexpr const char* kProgram = "a BPF program";
constexpr const char* kIterator = "a BPF iterator";

/// The first type that bpf_tables.py makes: a 32-bit number.
constexpr std::uint32_t kNumberType = 1;

std::uint64_t address_of(const void* object) {
  return reinterpret_cast<std::uint64_t>(object);
}

bpf_insn instruction(std::uint64_t packed) {
  bpf_insn code{};
  static_assert(sizeof code == sizeof packed);
  std::memcpy(&code, &packed, sizeof code);
  return code;
}

/// Puts an answer where the instruction has it: in the offset of a load or store, or in a constant.
bool put(bpf_insn& code, std::uint32_t answer) {
  switch (BPF_CLASS(code.code)) {
    case BPF_LDX:
    case BPF_ST:
    case BPF_STX:
      if (answer > INT16_MAX) return false;
      code.off = static_cast<std::int16_t>(answer);
      return true;
    default:
      code.imm = static_cast<std::int32_t>(answer);
      return true;
  }
}

std::vector<bpf_insn> fixed_code(const BpfProgram& program, std::span<const std::uint32_t> answers,
                                 std::span<const int> maps) {
  std::vector<bpf_insn> code;
  code.reserve(program.code.size());
  for (const std::uint64_t packed : program.code)
    code.push_back(instruction(packed));
  for (const BpfProgram::Fix& fix : program.fixes) {
    if (!put(code[fix.instruction], answers[fix.number])) return {};
  }
  for (const BpfProgram::Fix& use : program.map_uses)
    code[use.instruction].imm = maps[use.number];
  return code;
}

}  // namespace

bool may_iterate_by_bpf(int proc) {
#ifndef NSX_HAS_BPF
  constexpr bool kHasPrograms = false;
#else
  constexpr bool kHasPrograms = true;
#endif
  const auto capabilities = own_capabilities();
  return kHasPrograms && capabilities && capabilities->has(CAP_BPF) &&
         capabilities->has(CAP_PERFMON) && capabilities->has(CAP_SYS_PTRACE) &&
         is_in_initial(proc, Kind::user) && is_in_initial(proc, Kind::pid) &&
         is_in_initial(proc, Kind::time) && KernelBtf::exists();
}

Result<BpfArray> BpfArray::create(const char* name, std::size_t value_size, std::size_t count) {
  union bpf_attr attributes = no_bpf_attributes();
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.map_flags = BPF_F_MMAPABLE;
  attributes.key_size = sizeof(std::uint32_t);
  attributes.value_size = static_cast<std::uint32_t>(value_size);
  attributes.max_entries = static_cast<std::uint32_t>(count);
  std::strncpy(attributes.map_name, name, sizeof attributes.map_name - 1);
  OwnedFd fd(bpf(BPF_MAP_CREATE, attributes));
  if (!fd) return fail("create", "a BPF map");
  const std::size_t bytes = value_size * count;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail("map", "a BPF map");
  return BpfArray(std::move(fd), memory, count, bytes);
}

BpfArray::BpfArray(BpfArray&& other) noexcept
    : fd_(std::move(other.fd_)),
      memory_(other.memory_),
      count_(other.count_),
      bytes_(std::exchange(other.bytes_, 0)) {}

BpfArray::~BpfArray() {
  if (bytes_ != 0) ::munmap(memory_, bytes_);
}

Result<OwnedFd> load_bpf_types(const BpfProgram& program) {
  union bpf_attr attributes = no_bpf_attributes();
  attributes.btf = address_of(program.types.data());
  attributes.btf_size = static_cast<std::uint32_t>(program.types.size());
  OwnedFd fd(bpf(BPF_BTF_LOAD, attributes));
  if (!fd) return fail(kLoad, kProgram);
  return fd;
}

Result<OwnedFd> load_bpf_program(const BpfProgram& program, const BpfProgramKind& kind,
                                 std::span<const std::uint32_t> answers,
                                 std::span<const int> maps) {
  const std::vector<bpf_insn> code = fixed_code(program, answers, maps);
  if (code.empty()) return fail(kLoad, kProgram, ERANGE);
  const OwnedFd types = TRY(load_bpf_types(program));
  std::vector<bpf_func_info> functions;
  functions.reserve(program.functions.size());
  for (const BpfProgram::Function& function : program.functions)
    functions.push_back({function.instruction, function.type});

  union bpf_attr attributes = no_bpf_attributes();
  attributes.prog_type = kind.type;
  attributes.expected_attach_type = kind.hook;
  attributes.prog_flags = kind.may_sleep ? BPF_F_SLEEPABLE : 0;
  if (!answers.empty()) attributes.attach_btf_id = answers[0];
  attributes.insns = address_of(code.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(code.size());
  attributes.license = address_of("Dual MIT/GPL");
  attributes.prog_btf_fd = static_cast<std::uint32_t>(types.get());
  attributes.func_info = address_of(functions.data());
  attributes.func_info_cnt = static_cast<std::uint32_t>(functions.size());
  attributes.func_info_rec_size = sizeof(bpf_func_info);
  std::strncpy(attributes.prog_name, kind.name, sizeof attributes.prog_name - 1);
  OwnedFd fd(bpf(BPF_PROG_LOAD, attributes));
  if (!fd) return fail(kLoad, kProgram);
  return fd;
}

Result<OwnedFd> load_bpf_iterator(const BpfProgram& program, bool may_sleep,
                                  std::span<const std::uint32_t> answers,
                                  std::span<const int> maps) {
  return load_bpf_program(program, {"nsx_census", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, may_sleep},
                          answers, maps);
}

Result<OwnedFd> create_bpf_map(const char* name, unsigned type, std::size_t value_size,
                               std::size_t count, int types, std::uint32_t value_type) {
  union bpf_attr attributes = no_bpf_attributes();
  attributes.map_type = type;
  attributes.key_size = sizeof(std::uint32_t);
  attributes.value_size = static_cast<std::uint32_t>(value_size);
  attributes.max_entries = static_cast<std::uint32_t>(count);
  std::strncpy(attributes.map_name, name, sizeof attributes.map_name - 1);
  if (value_type != 0) {
    attributes.btf_fd = static_cast<std::uint32_t>(types);
    attributes.btf_key_type_id = kNumberType;
    attributes.btf_value_type_id = value_type;
  }
  OwnedFd fd(bpf(BPF_MAP_CREATE, attributes));
  if (!fd) return fail("create", "a BPF map");
  return fd;
}

Status run_bpf_iterator(int program) {
  union bpf_attr attributes = no_bpf_attributes();
  attributes.link_create.prog_fd = static_cast<std::uint32_t>(program);
  attributes.link_create.attach_type = BPF_TRACE_ITER;
  const OwnedFd link(bpf(BPF_LINK_CREATE, attributes));
  if (!link) return fail("attach", kIterator);
  attributes = no_bpf_attributes();
  attributes.iter_create.link_fd = static_cast<std::uint32_t>(link.get());
  const OwnedFd iterator(bpf(BPF_ITER_CREATE, attributes));
  if (!iterator) return fail("start", kIterator);
  // It has no output of its own, and returns before the end only after a million of objects.
  std::array<char, 64> buffer{};
  ssize_t size = 0;
  do {
    size = ::read(iterator.get(), buffer.data(), buffer.size());
  } while (size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR)));
  if (size < 0) return fail("run", kIterator);
  return {};
}

}  // namespace nsx
