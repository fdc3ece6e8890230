#include "plan/hints.hh"

#include <cerrno>
#include <fcntl.h>

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

}  // namespace

std::string hint_for_unshare(int code, KindSet kinds) {
  switch (code) {
    case EPERM:
      if (!kinds.contains(Kind::user)) {
        return "needs CAP_SYS_ADMIN: run as root, or make a user namespace too "
               "(--user, --map-root-user)";
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
  if (code == EPERM) {
    return kind == Kind::user
               ? "needs CAP_SYS_ADMIN in it: run as root, or as the user who made it"
               : "needs CAP_SYS_ADMIN in the user namespace that owns it and in one's own: run as "
                 "root";
  }
  if (code == EINVAL && kind == Kind::pid) {
    return "only a pid namespace below one's own can be joined";
  }
  return {};
}

std::string hint_for_id_map(int code) {
  if (code != EPERM && code != EACCES) return {};
  const char* why = switch_against_user_namespaces();
  return why != nullptr ? why : "the kernel does not allow this map to this user";
}

std::string hint_for_mount_proc(int code) {
  if (code != EPERM) return {};
  return "needs CAP_SYS_ADMIN in the user namespace that owns the pid namespace: with --user, add "
         "--pid --fork";
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
    default:
      return {};
  }
}

std::string hint_for_time_offsets(int code) {
  switch (code) {
    case EPERM:
    case EACCES:
      return "needs CAP_SYS_TIME in the user namespace that owns the time namespace: run as "
             "root, or map a user (--map-root-user)";
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
  return code == EPERM ? "needs CAP_SETGID, and a user namespace where setgroups is not denied"
                       : "";
}

}  // namespace nsx
