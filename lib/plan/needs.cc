#include <nsx/plan.hh>

namespace nsx {

namespace {

constexpr const char* kOwner = "CAP_SYS_ADMIN in the user namespace that owns it";

/// The name of each step for programs, in the order of `Step`.
constexpr std::array kActions{
    "start-helper",
    "start-watcher",
    "open-terminal",
    "hide",
    "become-owner",
    "join",
    "unshare",
    "map-ids",
    "set-time-offsets",
    "fork",
    "become-init",
    "pin",
    "join-cgroup",
    "enter-cgroup",
    "drop-groups",
    "set-ids",
    "keep-capabilities",
    "set-hostname",
    "bring-up-loopback",
    "set-propagation",
    "change-root",
    "change-directory",
    "mount-proc",
    "mount-sys",
    "bind-over",
    "mount-binfmt",
    "load-interpreter",
    "set-environment",
    "set-security-context",
    "keep-pins",
    "execute",
};
static_assert(kActions.size() == std::variant_size_v<Step>);

struct Needs {
  std::string operator()(const step::BecomeOwner&) const { return "CAP_SETUID, CAP_SETGID"; }
  std::string operator()(const step::JoinNamespace& s) const {
    switch (s.kind) {
      case Kind::user:
        return "CAP_SYS_ADMIN in it";
      case Kind::mnt:
        return std::string(kOwner) + " and in one's own; CAP_SYS_CHROOT in one's own";
      default:
        return std::string(kOwner) + " and in one's own";
    }
  }
  std::string operator()(const step::Unshare& s) const {
    return s.kinds.contains(Kind::user) ? "" : "CAP_SYS_ADMIN";
  }
  std::string operator()(const step::WriteIdMaps& s) const {
    using Writer = step::WriteIdMaps::Writer;
    const auto is = [&](Writer writer) {
      return (!s.uids.ids.empty() && s.uids.writer == writer) ||
             (!s.gids.ids.empty() && s.gids.writer == writer);
    };
    if (is(Writer::helper)) return "CAP_SETUID, CAP_SETGID outside";
    if (is(Writer::newidmap)) return "these ids in /etc/subuid and /etc/subgid";
    return {};
  }
  std::string operator()(const step::SetTimeOffsets&) const {
    return "CAP_SYS_TIME in the user namespace that owns the time namespace";
  }
  std::string operator()(const step::Pin&) const {
    return "CAP_SYS_ADMIN in the user namespace that owns the mount namespace outside";
  }
  std::string operator()(const step::JoinCgroup&) const {
    return "write permission for cgroup.procs there and in the common ancestor";
  }
  std::string operator()(const step::EnterCgroup& s) const {
    const std::string join = "write permission for cgroup.procs there and in the common ancestor";
    return s.make ? "write permission for the cgroup above; " + join : join;
  }
  std::string operator()(const step::DropGroups& s) const {
    return s.may_be_denied ? "" : "CAP_SETGID";
  }
  std::string operator()(const step::SetIds& s) const {
    std::string text;
    if (s.gid) text = "CAP_SETGID";
    if (s.uid) text += text.empty() ? "CAP_SETUID" : ", CAP_SETUID";
    return text.empty() ? text : text + ", unless it has them already";
  }
  std::string operator()(const step::SetHostname&) const {
    return "CAP_SYS_ADMIN in the user namespace that owns the uts namespace";
  }
  std::string operator()(const step::BringUpLoopback&) const {
    return "CAP_NET_ADMIN in the user namespace that owns the net namespace";
  }
  std::string operator()(const step::SetPropagation&) const { return mounts(); }
  std::string operator()(const step::ChangeRoot&) const { return "CAP_SYS_CHROOT"; }
  std::string operator()(const step::MountSys&) const { return mounts(); }
  std::string operator()(const step::BindOver&) const { return mounts(); }
  std::string operator()(const step::MountProc&) const {
    return mounts() + ", and in the one that owns the pid namespace";
  }
  std::string operator()(const step::MountBinfmt&) const { return mounts(); }
  std::string operator()(const step::LoadInterpreter&) const { return mounts(); }
  std::string operator()(const auto&) const { return {}; }

 private:
  static std::string mounts() {
    return "CAP_SYS_ADMIN in the user namespace that owns the mount namespace";
  }
};

}  // namespace

const char* action(const Step& step) {
  return kActions[step.index()];
}

std::string needs(const Step& step) {
  return std::visit(Needs{}, step);
}

}  // namespace nsx
