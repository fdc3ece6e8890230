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
#include "kernel/spawn.hh"
#include "plan/data_dir.hh"

namespace nsx {

namespace {

bool sysctl_is(int proc, const char* path, char value) {
  const auto text = read_file_at(proc, path);
  return text && !text->empty() && text->front() == value;
}

/// Returns hint_for_user_namespaces() by the caller's own /proc.
std::string own_hint_for_user_namespaces() {
  const auto proc = open_at(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY);
  return proc ? hint_for_user_namespaces(proc->get()) : std::string();
}

/// Returns whether a namespace of this process is owned by its user namespace or a descendant.
bool is_ours(int proc, Kind kind) {
  const auto ns = open_at(proc, (std::string("self/ns/") + name(kind)).c_str(), O_RDONLY);
  // EPERM: it is owned by an ancestor.
  return ns && OwnedFd(::ioctl(ns->get(), NS_GET_USERNS)).get() >= 0;
}

/// Joins the first two items, and the number of the others.
std::string join_some(const std::vector<std::string>& all) {
  std::string text;
  for (std::size_t i = 0; i < all.size() && i < 2; ++i)
    text += (i == 0 ? "" : ", ") + all[i];
  return all.size() > 2 ? text + " and " + std::to_string(all.size() - 2) + " more" : text;
}

}  // namespace

std::vector<std::string> covered_parts(std::string_view mountinfo, std::string_view type) {
  // Mounts on directories that the kernel keeps empty for this purpose cover nothing.
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

std::string hint_for_user_namespaces(int proc) {
  if (sysctl_is(proc, "sys/kernel/unprivileged_userns_clone", '0')) {
    return "run as root, or allow it to all users: sysctl kernel.unprivileged_userns_clone=1";
  }
  if (sysctl_is(proc, "sys/kernel/apparmor_restrict_unprivileged_userns", '1')) {
    return "run as root, or allow it to nsx-unshare: cp " NSX_DATA_DIR
           "/apparmor/nsx-unshare /etc/apparmor.d/ && systemctl reload apparmor, or to all "
           "programs: sysctl kernel.apparmor_restrict_unprivileged_userns=0";
  }
  return {};
}

std::string hint_for_unshare(int code, KindSet kinds, const std::string& alternative) {
  switch (code) {
    case EPERM:
      if (!kinds.contains(Kind::user)) {
        return hint_for_capability(CAP_SYS_ADMIN, "CAP_SYS_ADMIN", Over::own) + alternative;
      }
      if (std::string why = own_hint_for_user_namespaces(); !why.empty()) return why;
      return "run it outside of the chroot or container: chroot(2), unmapped ids and many seccomp "
             "filters rule out user namespaces";
    case ENOSPC:
      return "raise the limit in /proc/sys/user/max_*_namespaces, or nest fewer namespaces";
    case EINVAL:
      return "this kernel may lack one of these kinds: ls /proc/self/ns";
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
                           : "CAP_SYS_ADMIN in the user namespace that owns it and in your own",
        Over::another);
    return kind == Kind::user ? hint + ", or as the user who created it" : hint;
  }
  if (code == EINVAL && kind == Kind::pid) {
    return "run it in an ancestor of that pid namespace: only descendants can be joined";
  }
  return {};
}

std::string hint_for_id_map(int code) {
  if (code != EPERM && code != EACCES) return {};
  if (std::string why = own_hint_for_user_namespaces(); !why.empty()) return why;
  for (const auto& [capability, name] :
       {std::pair{CAP_SETUID, "CAP_SETUID"}, std::pair{CAP_SETGID, "CAP_SETGID"}}) {
    const Privilege own = own_privilege(capability);
    if (own.is_root && !own.has) return hint_for_capability(own, name, Over::another);
  }
  return "map only your own id, or the ids in /etc/subuid and /etc/subgid with --map-auto";
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
  return std::string("a user namespace can mount it only where ") + directory +
         " is fully visible, but " +
         (covered.empty() ? std::string("it is missing or read-only here")
                          : "other mounts cover " + covered) +
         "; in Docker: --security-opt systempaths=unconfined";
}

std::string hint_for_propagation(int code, const std::string& alternative) {
  if (code != EINVAL) return {};
  std::string hint = "/ is not a mount point, as after chroot(2): ";
  if (!alternative.empty()) hint += alternative + ", or ";
  return hint + "before the chroot: mount --bind DIR DIR";
}

std::string hint_for_fork(int code) {
  switch (code) {
    case EAGAIN:
      return "too many processes: see ulimit -u, and pids.max of the cgroup with nsx-cg explain";
    case ENOMEM:
      return "the init of the pid namespace may have exited: make a new pid namespace";
    default:
      return {};
  }
}

tl::unexpected<Error> cannot_spawn(const char* what, Error error) {
  if (is_from_fork(error)) {
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
      return "choose a cgroup below it: it hands controllers down, so it cannot hold processes";
    case EOPNOTSUPP:
      return "choose the domain cgroup above it: it is threaded, and holds only threads";
    case ENODEV:
      return "the cgroup was removed: choose another";
    case EAGAIN:
      return "pids.max of it or of a cgroup above it is reached: see nsx-cg explain";
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
             ", or add --map-root-user";
    case ERANGE:
      return "choose a smaller offset: a clock must not become negative or overflow";
    default:
      return {};
  }
}

std::string hint_for_mount_binfmt(int code) {
  switch (code) {
    case EPERM:
      return "before Linux 6.7, only the initial user namespace can mount it";
    case ENODEV:
      return "load it as root: modprobe binfmt_misc";
    default:
      return {};
  }
}

std::string hint_for_interpreter(int code) {
  switch (code) {
    case EINVAL:
      return "write it as :NAME:TYPE:OFFSET:MAGIC:MASK:INTERPRETER:FLAGS";
    case EEXIST:
      return "choose another name: this one is registered";
    default:
      return {};
  }
}

std::string hint_for_hostname(int code) {
  switch (code) {
    case EPERM:
      return "needs CAP_SYS_ADMIN in the user namespace that owns the uts namespace";
    case EINVAL:
      return "use at most 64 bytes";
    default:
      return {};
  }
}

std::string hint_for_ids(int code) {
  switch (code) {
    case EPERM:
      return "needs CAP_SETUID for another UID, CAP_SETGID for another GID";
    case EINVAL:
      return "map this id in the user namespace, or choose another";
    default:
      return {};
  }
}

std::string hint_for_groups(int code) {
  switch (code) {
    case EPERM:
      return "needs CAP_SETGID in a user namespace that allows setgroups";
    case EINVAL:
      return "map all groups in the user namespace, and give at most 65536";
    default:
      return {};
  }
}

}  // namespace nsx
