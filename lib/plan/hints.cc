// SPDX-License-Identifier: MIT
#include "plan/hints.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>

#include <nsx/inside.hh>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"

namespace nsx {

namespace {

bool sysctl_is(const char* path, char value) {
  const auto text = read_file_at(AT_FDCWD, path);
  return text && !text->empty() && text->front() == value;
}

/// Debian's and Ubuntu's switches against user namespaces of ordinary users, if one is on.
const char* switch_against_user_namespaces() {
  if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", '0')) {
    return "the sysctl kernel.unprivileged_userns_clone=0 forbids it to ordinary users";
  }
  if (sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1')) {
    return "the sysctl kernel.apparmor_restrict_unprivileged_userns=1 forbids it to ordinary "
           "users";
  }
  return nullptr;
}

/// Whether a namespace of this process belongs to its user namespace, or to one below.
bool is_ours(int proc, Kind kind) {
  const auto ns = open_at(proc, (std::string("self/ns/") + name(kind)).c_str(), O_RDONLY);
  // EPERM: it belongs to one above.
  return ns && OwnedFd(::ioctl(ns->get(), NS_GET_USERNS)).get() >= 0;
}

/// Two of them, and how many more there are.
std::string join_some(const std::vector<std::string>& all) {
  std::string text;
  for (std::size_t i = 0; i < all.size() && i < 2; ++i)
    text += (i == 0 ? "" : ", ") + all[i];
  return all.size() > 2 ? text + " and " + std::to_string(all.size() - 2) + " more" : text;
}

}  // namespace

std::vector<std::string> covered_parts(std::string_view mountinfo, std::string_view type) {
  // On directories that the kernel keeps empty for them, mounts cover nothing.
  constexpr std::array kEmpty{"/fs/cgroup",
                              "/fs/bpf",
                              "/fs/fuse/connections",
                              "/fs/pstore",
                              "/fs/selinux",
                              "/fs/smackfs",
                              "/fs/nfsd",
                              "/sys/fs/binfmt_misc",
                              "/kernel/config",
                              "/kernel/debug",
                              "/kernel/tracing",
                              "/kernel/security",
                              "/firmware/efi/efivars"};
  std::vector<std::string> tops;
  std::vector<std::string> covered;
  while (const auto mount = next_mount(mountinfo)) {
    const std::string path = unescape_mount_field(mount->mount_point);
    if (mount->type == type && mount->root == "/") tops.push_back(path);
    for (const std::string& top : tops) {
      if (!path.starts_with(top + '/')) continue;
      const std::string below = path.substr(top.size());
      const bool is_harmless = std::any_of(kEmpty.begin(), kEmpty.end(), [&](const char* empty) {
        return below == empty || below.starts_with(std::string(empty) + '/');
      });
      if (!is_harmless && std::find(covered.begin(), covered.end(), path) == covered.end()) {
        covered.push_back(path);
      }
    }
  }
  return covered;
}

std::string hint_for_unshare(int code, KindSet kinds, const std::string& alternative) {
  switch (code) {
    case EPERM:
      if (!kinds.contains(Kind::user)) {
        return hint_for_capability(CAP_SYS_ADMIN, "CAP_SYS_ADMIN", Over::own) + alternative;
      }
      if (const char* why = switch_against_user_namespaces()) return why;
      return "user namespaces are refused below chroot(2), to a caller whose ids are not mapped, "
             "and by the seccomp filters of many containers";
    case ENOSPC:
      return "a limit in /proc/sys/user/max_*_namespaces is reached, or they are nested too deep";
    case EINVAL:
      return "this kernel may lack a kind; /proc/self/ns shows which it has";
    default:
      return {};
  }
}

std::string hint_for_setns(int code, Kind kind) {
  if (code == EPERM && kind == Kind::mnt && has_capability(CAP_SYS_ADMIN) &&
      !has_capability(CAP_SYS_CHROOT)) {
    return hint_for_capability(CAP_SYS_CHROOT, "CAP_SYS_CHROOT", Over::another);
  }
  if (code == EPERM) {
    const std::string hint = hint_for_capability(
        CAP_SYS_ADMIN,
        kind == Kind::user ? "CAP_SYS_ADMIN in it"
                           : "CAP_SYS_ADMIN in the user namespace that owns it and in one's own",
        Over::another);
    return kind == Kind::user ? hint + ", or as the user who made it" : hint;
  }
  if (code == EINVAL && kind == Kind::pid) {
    return "only a pid namespace below one's own can be joined";
  }
  return {};
}

std::string hint_for_id_map(int code) {
  if (code != EPERM && code != EACCES) return {};
  if (const char* why = switch_against_user_namespaces(); why != nullptr) return why;
  for (const auto& [capability, name] :
       {std::pair{CAP_SETUID, "CAP_SETUID"}, std::pair{CAP_SETGID, "CAP_SETGID"}}) {
    const Privilege own = own_privilege(capability);
    if (own.is_root && !own.has) return hint_for_capability(own, name, Over::another);
  }
  return "the kernel does not allow this map to this user";
}

std::string hint_for_mount(int code, int proc, Kind kind, const std::string& missing) {
  if (code != EPERM) return {};
  const bool is_proc = kind == Kind::pid;
  const std::string word = is_proc ? "PID" : "network";
  if (!has_capability(CAP_SYS_ADMIN)) {
    return hint_for_capability(CAP_SYS_ADMIN,
                               "CAP_SYS_ADMIN in the user namespaces that own the mount namespace "
                               "and the " +
                                   word + " namespace",
                               Over::another);
  }
  if (!is_ours(proc, kind)) {
    const std::string hint = "the " + word + " namespace belongs to another user namespace";
    return missing.empty() ? hint : hint + ": add " + missing;
  }
  const auto mountinfo = read_file_at(proc, "self/mountinfo", kMaxMountinfo);
  const char* directory = is_proc ? "/proc" : "/sys";
  const std::string covered =
      mountinfo ? join_some(covered_parts(*mountinfo, is_proc ? "proc" : "sysfs")) : std::string();
  return std::string("a user namespace may mount it only where ") + directory +
         " is visible as a whole; " +
         (covered.empty() ? std::string("it is not here, or read-only")
                          : "other mounts cover " + covered + ", as in a container") +
         " (docker: --security-opt systempaths=unconfined)";
}

std::string hint_for_propagation(int code, const std::string& alternative) {
  if (code != EINVAL) return {};
  std::string hint = "/ is no mount point, as below chroot(2): ";
  if (!alternative.empty()) hint += alternative + ", or ";
  return hint + "outside, bind that directory onto itself first (mount --bind DIR DIR)";
}

std::string hint_for_fork(int code) {
  switch (code) {
    case EAGAIN:
      return "no more processes are allowed: see ulimit -u, and pids.max of the cgroup (nsx-cg "
             "explain)";
    case ENOMEM:
      return "the pid namespace may have lost its init process";
    default:
      return {};
  }
}

tl::unexpected<Error> cannot_spawn(const char* what, Error error) {
  if (error.what() == "cannot fork") {
    error.set_subject(what);
    error.set_hint(hint_for_fork(error.code));
  }
  return tl::unexpected(std::move(error));
}

std::string hint_for_cgroup(int code) {
  switch (code) {
    case EACCES:
    case EPERM:
      return "needs write permission for cgroup.procs in the common ancestor of both cgroups";
    case EBUSY:
      return "it passes controllers on to the cgroups below it, so it holds no process";
    case EOPNOTSUPP:
      return "it is threaded, and holds threads only";
    case ENODEV:
      return "it was removed";
    case EAGAIN:
      return "as many processes are in it as pids.max of it or of one above allows (nsx-cg "
             "explain)";
    default:
      return {};
  }
}

std::string hint_for_time_offsets(int code) {
  switch (code) {
    case EPERM:
    case EACCES:
      return hint_for_capability(CAP_SYS_TIME,
                                 "CAP_SYS_TIME in the user namespace that owns the time namespace",
                                 Over::another) +
             ", or map a user (--map-root-user)";
    case ERANGE:
      return "a clock would be negative or beyond what it can show";
    default:
      return {};
  }
}

std::string hint_for_mount_binfmt(int code) {
  switch (code) {
    case EPERM:
      return "before Linux 6.7 only the initial user namespace has one";
    case ENODEV:
      return "this kernel has no binfmt_misc; root may load it: modprobe binfmt_misc";
    default:
      return {};
  }
}

std::string hint_for_interpreter(int code) {
  switch (code) {
    case EINVAL:
      return "the form is :NAME:TYPE:OFFSET:MAGIC:MASK:INTERPRETER:FLAGS";
    case EEXIST:
      return "one of this name is there";
    default:
      return {};
  }
}

std::string hint_for_hostname(int code) {
  switch (code) {
    case EPERM:
      return "needs CAP_SYS_ADMIN in the user namespace that owns the uts namespace";
    case EINVAL:
      return "a host name has at most 64 bytes";
    default:
      return {};
  }
}

std::string hint_for_ids(int code) {
  switch (code) {
    case EPERM:
      return "needs CAP_SETUID for another UID, CAP_SETGID for another GID";
    case EINVAL:
      return "this id is not mapped in the user namespace";
    default:
      return {};
  }
}

std::string hint_for_groups(int code) {
  switch (code) {
    case EPERM:
      return "needs CAP_SETGID, and a user namespace where setgroups is not denied";
    case EINVAL:
      return "a group is not mapped in the user namespace, or they are more than 65536";
    default:
      return {};
  }
}

}  // namespace nsx
