// SPDX-License-Identifier: MIT
#include <array>

#include "cgroup/net.hh"
#ifdef NSX_HAS_BPF
#include <bpf/libbpf.h>
#endif
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <memory>

#include "kernel/capabilities.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kLoad = "load";
constexpr const char* kNetwork = "the BPF programs that limit the network";

#ifdef NSX_HAS_BPF

// The object file that clang made from net.bpf.c. libbpf expects ELF at an even address.
alignas(8) constexpr unsigned char kObject[] = {
#include "cgroup/net_object.inc"
};

/// The functions of libbpf in use. The library is opened once, on demand: with its own dependencies
/// it would double the start-up time of every command.
struct Libbpf {
  decltype(&::libbpf_set_print) set_print;
  decltype(&::bpf_object__open_mem) open;
  decltype(&::bpf_object__load) load;
  decltype(&::bpf_object__close) close;
  decltype(&::bpf_object__find_program_by_name) find_program;
  decltype(&::bpf_program__fd) program_fd;
  decltype(&::bpf_object__find_map_fd_by_name) find_map;
};

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

Result<Libbpf> open_libbpf() {
  // Never closed: it only takes a few pages, and may be needed again.
  void* library = ::dlopen("libbpf.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return refuse(kLoad, kNetwork, "libbpf.so.1 is not installed", "install libbpf1");
  }
  Libbpf bpf{};
  if (!find(library, "libbpf_set_print", bpf.set_print) ||
      !find(library, "bpf_object__open_mem", bpf.open) ||
      !find(library, "bpf_object__load", bpf.load) ||
      !find(library, "bpf_object__close", bpf.close) ||
      !find(library, "bpf_object__find_program_by_name", bpf.find_program) ||
      !find(library, "bpf_program__fd", bpf.program_fd) ||
      !find(library, "bpf_object__find_map_fd_by_name", bpf.find_map)) {
    return refuse(kLoad, kNetwork, "libbpf.so.1 is older than version 1.0");
  }
  return bpf;
}

/// The first message of libbpf about a failure, on this thread; later ones come from the verifier.
/// Not a string, as an exception must not unwind through libbpf.
thread_local std::array<char, 200> first_words{};

int keep_first_words(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN || first_words[0] != '\0') return 0;
  if (std::vsnprintf(first_words.data(), first_words.size(), format, arguments) < 0) {
    first_words[0] = '\0';
  }
  if (char* end = std::strchr(first_words.data(), '\n')) *end = '\0';
  return 0;
}

/// Passes libbpf's messages to keep_first_words() instead of standard error, during its lifetime.
class Listening {
 public:
  explicit Listening(const Libbpf& bpf) : bpf_(bpf), before_(bpf.set_print(keep_first_words)) {
    first_words[0] = '\0';
  }
  ~Listening() { bpf_.set_print(before_); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  Listening(Listening&&) = delete;
  Listening& operator=(Listening&&) = delete;

 private:
  const Libbpf& bpf_;
  libbpf_print_fn_t before_;
};

tl::unexpected<Error> failed_to_load(int code) {
  switch (code) {
    case EPERM:
    case EACCES:
      return fail(
          kLoad, kNetwork, code,
          hint_for_capability(CAP_BPF, "CAP_BPF and CAP_NET_ADMIN in the initial user namespace",
                              Over::another));
    case ENOSYS:
      return fail(kLoad, kNetwork, code, "the kernel needs CONFIG_BPF_SYSCALL");
    default:
      return fail(kLoad, kNetwork, code,
                  first_words[0] != '\0' ? std::string("libbpf says: ") + first_words.data()
                                         : std::string());
  }
}

/// Duplicates a descriptor, as libbpf closes its own with the object.
Status copy_fd(int fd, OwnedFd& copy) {
  copy = OwnedFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail(kLoad, kNetwork);
  return {};
}

#endif

}  // namespace

#ifdef NSX_HAS_BPF

Result<NetPrograms> load_net_programs() {
  const auto bpf = TRY(open_libbpf());
  const Listening listening(bpf);

  const std::unique_ptr<bpf_object, decltype(bpf.close)> object(
      bpf.open(kObject, sizeof kObject, nullptr), bpf.close);
  if (!object) return failed_to_load(errno);
  if (const int failed = bpf.load(object.get()); failed < 0) return failed_to_load(-failed);

  NetPrograms programs;
  struct Part {
    int fd;
    OwnedFd& copy;
  };
  const std::array parts{
      Part{bpf.program_fd(bpf.find_program(object.get(), "count_in")), programs.in},
      Part{bpf.program_fd(bpf.find_program(object.get(), "count_out")), programs.out},
      Part{bpf.find_map(object.get(), "buckets"), programs.buckets},
      Part{bpf.find_map(object.get(), "counters"), programs.counters},
  };
  for (const Part& part : parts) {
    TRY(copy_fd(part.fd, part.copy));
  }
  return programs;
}

#else

Result<NetPrograms> load_net_programs() {
  return refuse(kLoad, kNetwork, "this nsx was built without them",
                "rebuild with clang and libbpf-dev installed: meson setup -Dbpf=enabled build");
}

#endif

}  // namespace nsx
