#include "kernel/capabilities.hh"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace nsx {

namespace {

constexpr const char* kWhose = "the capabilities of this process";

// glibc has no wrapper; libcap would be one more library to load.
struct Raw {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
};

std::uint64_t join(std::uint32_t low, std::uint32_t high) {
  return std::uint64_t{high} << 32 | low;
}

}  // namespace

Result<Capabilities> own_capabilities() {
  Raw raw;
  if (::syscall(SYS_capget, &raw.header, &raw.data) != 0) return fail("read", kWhose);
  const auto& [low, high] = raw.data;
  return Capabilities{join(low.effective, high.effective), join(low.permitted, high.permitted),
                      join(low.inheritable, high.inheritable)};
}

Status change_capabilities(const std::function<void(Capabilities&)>& change) {
  auto own = own_capabilities();
  if (!own) return error_of(own);
  change(*own);
  Raw raw;
  for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; ++i) {
    raw.data[i].effective = static_cast<std::uint32_t>(own->effective >> (32 * i));
    raw.data[i].permitted = static_cast<std::uint32_t>(own->permitted >> (32 * i));
    raw.data[i].inheritable = static_cast<std::uint32_t>(own->inheritable >> (32 * i));
  }
  if (::syscall(SYS_capset, &raw.header, &raw.data) != 0) return fail("change", kWhose);
  return {};
}

Status pass_capabilities_on() {
  std::uint64_t permitted = 0;
  auto inheritable = change_capabilities([&](Capabilities& own) {
    own.inheritable = own.permitted;
    permitted = own.permitted;
  });
  if (!inheritable) return inheritable;
  for (unsigned long i = 0; i < 64; ++i) {
    if ((permitted >> i & 1) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) != 0) {
      return fail("make ambient", "capability " + std::to_string(i));
    }
  }
  return {};
}

}  // namespace nsx
