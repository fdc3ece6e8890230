// SPDX-License-Identifier: MIT
#include "kernel/capabilities.hh"

#include <charconv>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kWhose = "the capabilities of this process";

// glibc has no wrapper, and libcap would be another library to load.
struct Raw {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
};

std::uint64_t join(std::uint32_t low, std::uint32_t high) {
  return std::uint64_t{high} << 32 | low;
}

Status raise_ambient(std::uint64_t set) {
  for (unsigned long i = 0; i < 64; ++i) {
    if ((set >> i & 1) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) != 0) {
      return fail("make {} ambient", "capability " + std::to_string(i));
    }
  }
  return {};
}

}  // namespace

Result<Capabilities> own_capabilities() {
  Raw raw;
  if (::syscall(SYS_capget, &raw.header, &raw.data) != 0) return fail("read", kWhose);
  const auto& [low, high] = raw.data;
  return Capabilities{join(low.effective, high.effective), join(low.permitted, high.permitted),
                      join(low.inheritable, high.inheritable)};
}

bool has_capability(int capability) {
  const auto own = own_capabilities();
  return own && own->has(capability);
}

Status change_capabilities(const std::function<void(Capabilities&)>& change) {
  auto own = TRY(own_capabilities());
  change(own);
  Raw raw;
  for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; ++i) {
    raw.data[i].effective = static_cast<std::uint32_t>(own.effective >> (32 * i));
    raw.data[i].permitted = static_cast<std::uint32_t>(own.permitted >> (32 * i));
    raw.data[i].inheritable = static_cast<std::uint32_t>(own.inheritable >> (32 * i));
  }
  if (::syscall(SYS_capset, &raw.header, &raw.data) != 0) return fail("change", kWhose);
  return {};
}

std::uint64_t capabilities_in_status(std::string_view status, std::string_view set) {
  // Match only at the start of a line: the process controls its name, which is on another line.
  const std::string heading = '\n' + std::string(set) + ":\t";
  const std::size_t at = status.find(heading);
  if (at == std::string_view::npos) return 0;
  std::uint64_t value = 0;
  const char* begin = status.data() + at + heading.size();
  std::from_chars(begin, status.data() + status.size(), value, 16);
  return value;
}

Status limit_capabilities(std::uint64_t bounding, std::uint64_t inheritable, std::uint64_t ambient,
                          std::uint64_t permitted) {
  // New inheritable capabilities must still be in the bounding set, so set them first.
  auto own = TRY(own_capabilities());
  if (own.inheritable != inheritable) {
    TRY(change_capabilities([&](Capabilities& all) { all.inheritable = inheritable; }));
  }
  for (unsigned long i = 0; i < 64; ++i) {
    if ((bounding >> i & 1) != 0) continue;
    // Fails after the last capability that the kernel knows.
    const int has = ::prctl(PR_CAPBSET_READ, i, 0, 0, 0);
    if (has < 0) break;
    if (has == 1 && ::prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0) {
      return fail("drop", "capability " + std::to_string(i), errno,
                  errno == EPERM ? hint_for_capability(CAP_SETPCAP, "CAP_SETPCAP", Over::own) : "");
    }
  }
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return fail("clear", "ambient capabilities");
  }
  TRY(raise_ambient(ambient));
  const std::uint64_t kept = permitted & (::geteuid() == 0 ? bounding | inheritable : ambient);
  return change_capabilities([&](Capabilities& all) {
    all.permitted &= kept;
    all.effective &= kept;
  });
}

Privilege own_privilege(int capability) {
  return {.has = has_capability(capability),
          .can_be_had = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1,
          .is_root = ::geteuid() == 0};
}

std::string hint_for_capability(const Privilege& privilege, const std::string& what, Over over) {
  const std::string hint = "needs " + what + ": ";
  if (privilege.has) {
    return hint +
           (over == Over::own
                ? "you have it, so a seccomp filter or a security module denies the call"
                : "yours applies to this user namespace only; run as root outside of it, unless a "
                  "security module denies the call");
  }
  if (!privilege.can_be_had) {
    return hint + "the bounding set lacks it, so add it where this container or service is started";
  }
  if (privilege.is_root) return hint + "this root lacks it, although the bounding set has it";
  return hint + "run as root";
}

std::string hint_for_capability(int capability, const std::string& what, Over over) {
  return hint_for_capability(own_privilege(capability), what, over);
}

std::string hint_for_owner(const std::string& owner) {
  const Privilege privilege = own_privilege(CAP_DAC_OVERRIDE);
  if (!privilege.is_root) return "run as root, or as " + owner;
  return hint_for_capability(privilege, "CAP_DAC_OVERRIDE, or to be " + owner, Over::another);
}

Status pass_capabilities_on() {
  std::uint64_t permitted = 0;
  TRY(change_capabilities([&](Capabilities& own) {
    own.inheritable = own.permitted;
    permitted = own.permitted;
  }));
  return raise_ambient(permitted);
}

}  // namespace nsx
