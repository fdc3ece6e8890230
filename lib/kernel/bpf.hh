// SPDX-License-Identifier: MIT
#pragma once
// bpf(2) without a library: existing objects, the types of the kernel (BTF), and loading programs.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/result.hh>

// The part of bpf(2) that needs no library: operations on existing objects. Errors contain the
// errno value of the call and name at most the file.

union bpf_attr;

namespace nsx {

/// Returns attributes with all bytes 0: the kernel rejects other values beyond the members that it
/// knows.
union bpf_attr no_bpf_attributes();

/// Calls bpf(2). A descriptor that it returns is close-on-exec.
int bpf(int command, union bpf_attr& attributes);

/// Pins a map, program or link to a file in a bpffs, which keeps it alive.
Status pin_bpf_object(int fd, const std::string& path);

/// Opens a pinned object; read-only if the permissions of the file allow no more.
Result<OwnedFd> open_bpf_object(const std::string& path, bool read_only);

/// Attaches a program to a cgroup, in addition to others, for the lifetime of the returned link.
Result<OwnedFd> link_bpf_to_cgroup(int program, int cgroup, unsigned attach_type);

/// Returns the id of the cgroup that a link is attached to; 0: the cgroup was removed. Errors: it
/// is not a link to a cgroup.
Result<std::uint64_t> linked_cgroup(int link);

/// Returns whether a map has these sizes: a pin may come from another version of nsx.
bool is_bpf_map(int map, unsigned type, std::size_t value_size, unsigned entries);

/// Read and write one value of a map that is_bpf_map() has accepted. `flags`: BPF_F_LOCK.
Status read_bpf_map(int map, std::uint32_t key, void* value);
Status write_bpf_map(int map, std::uint32_t key, const void* value, std::uint64_t flags);

// BTF, the kernel's description of its own types and functions (Documentation/bpf/btf.rst).

/// What a BPF program needs to know of the running kernel.
struct BtfQuestion {
  enum class Type : std::uint8_t {
    offset,    ///< of a member of a struct, in bytes
    exists,    ///< whether there is such a member: 0 or 1
    size,      ///< of a struct
    id,        ///< of the type of a struct
    function,  ///< id of the type of a function
  };

  Type type;
  const char* name;       ///< of the struct or function
  const char* member;     ///< with the names of the structs around it: "ns.inum"
  std::uint32_t size;     ///< that the member must have
  bool optional = false;  ///< without the member, the answer is 0
};

/// Answers questions, in their order. There are no answers at all if one of them is not certain: a
/// missing or ambiguous name, a member of another size, malformed or truncated BTF.
std::optional<std::vector<std::uint32_t>> answer(std::span<const std::byte> btf,
                                                 std::span<const BtfQuestion> questions);

/// The BTF of the running kernel, in memory.
class KernelBtf {
 public:
  /// Errors: the kernel has none, or /sys is not the kernel's own.
  static Result<KernelBtf> open();

  /// Returns whether open() has a file to read.
  static bool exists();

  KernelBtf(KernelBtf&& other) noexcept;
  KernelBtf& operator=(KernelBtf&& other) = delete;
  KernelBtf(const KernelBtf&) = delete;
  KernelBtf& operator=(const KernelBtf&) = delete;
  ~KernelBtf();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  KernelBtf(std::byte* data, std::size_t size, std::size_t mapped)
      : data_(data), size_(size), mapped_(mapped) {}

  std::byte* data_;
  std::size_t size_;
  std::size_t mapped_;
};

// Loads a BPF program that was made into tables when nsx was built (bpf_tables.py), for a kernel
// whose structures are looked up in its BTF. libbpf reads an object file, which takes far longer.

/// A program as bpf_tables.py prints it.
struct BpfProgram {
  /// The instruction that takes an answer, or the descriptor of a map.
  struct Fix {
    std::uint32_t instruction;
    std::uint32_t number;
  };
  struct Function {
    std::uint32_t instruction;
    std::uint32_t type;  ///< in `types`
  };

  struct Map {
    const char* name;
    std::uint32_t value;  ///< the type of its values in `types`, if the kernel must know it, or 0
  };

  std::span<const std::uint64_t> code;
  std::span<const BtfQuestion> questions;  ///< the first one of an iterator is its hook
  std::span<const Fix> fixes;
  std::span<const Fix> map_uses;
  std::span<const Map> maps;
  std::span<const Function> functions;
  std::span<const unsigned char> types;  ///< BTF of its functions, and of values with locks
};

/// An array that a BPF program shares with the caller.
class BpfArray {
 public:
  static Result<BpfArray> create(const char* name, std::size_t value_size, std::size_t count);

  BpfArray(BpfArray&& other) noexcept;
  BpfArray& operator=(BpfArray&& other) = delete;
  BpfArray(const BpfArray&) = delete;
  BpfArray& operator=(const BpfArray&) = delete;
  ~BpfArray();

  int fd() const { return fd_.get(); }
  std::size_t size() const { return count_; }

  /// Returns the values. T must have the size of a value, and that a multiple of 8.
  template <class T>
  std::span<T> values() const {
    static_assert(sizeof(T) % 8 == 0);
    return {static_cast<T*>(memory_), count_};
  }

 private:
  BpfArray(OwnedFd fd, void* memory, std::size_t count, std::size_t bytes)
      : fd_(std::move(fd)), memory_(memory), count_(count), bytes_(bytes) {}

  OwnedFd fd_;
  void* memory_;
  std::size_t count_;
  std::size_t bytes_;
};

/// How the kernel is to treat a program.
struct BpfProgramKind {
  const char* name;  ///< at most 15 characters
  unsigned type;     ///< BPF_PROG_TYPE_*
  unsigned hook;     ///< BPF_TRACE_ITER, BPF_CGROUP_INET_INGRESS ...
  bool may_sleep = false;
};

/// Loads the types of a program. Errors contain the errno value.
Result<OwnedFd> load_bpf_types(const BpfProgram& program);

/// Loads a program for the kernel with these answers to its questions. `maps` are the descriptors
/// of its maps, in their order. Errors contain the errno value.
Result<OwnedFd> load_bpf_program(const BpfProgram& program, const BpfProgramKind& kind,
                                 std::span<const std::uint32_t> answers, std::span<const int> maps);

/// Does the same for an iterator.
Result<OwnedFd> load_bpf_iterator(const BpfProgram& program, bool may_sleep,
                                  std::span<const std::uint32_t> answers,
                                  std::span<const int> maps);

/// Creates a map with 32-bit keys from 0 to `count` - 1. `value_type` is a type of values in
/// `types`, which load_bpf_types() has returned; 0: the kernel need not know it.
Result<OwnedFd> create_bpf_map(const char* name, unsigned type, std::size_t value_size,
                               std::size_t count, int types, std::uint32_t value_type);

/// Returns whether the calling process, whose proc mount this is, may run iterators that follow
/// pointers, and may read all processes as far as capabilities and namespaces go: with CAP_BPF,
/// CAP_PERFMON and CAP_SYS_PTRACE, in the initial user, pid and time namespaces.
bool may_iterate_by_bpf(int proc);

/// Runs a loaded iterator, whose output is in its maps, over all objects.
Status run_bpf_iterator(int program);

}  // namespace nsx
