// SPDX-License-Identifier: MIT
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <nsx/plan.hh>

#include "plan/facts.hh"

namespace nsx {

namespace {

std::string list_kinds(KindSet kinds) {
  std::string list;
  for (const Kind kind : kinds) {
    if (!list.empty()) list += ", ";
    list += name(kind);
  }
  return list;
}

std::string describe_map(const char* which, const step::WriteIdMaps::Map& map, const char* tool) {
  std::string text;
  for (const IdMapLine& line : map.ids) {
    if (!text.empty()) text += ", ";
    text += std::string(which) + ' ' + std::to_string(line.inside) + " inside is " +
            std::to_string(line.outside) + " outside";
    if (line.count != 1) text += " (" + std::to_string(line.count) + " ids)";
  }
  if (map.writer == step::WriteIdMaps::Writer::newidmap) text += std::string(", by ") + tool;
  return text;
}

std::string signal_name(int signal) {
  const char* abbreviation = ::sigabbrev_np(signal);
  return abbreviation != nullptr ? std::string("SIG") + abbreviation
                                 : "signal " + std::to_string(signal);
}

std::string quote(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$") == std::string::npos;
  if (plain) return printable(word);
  std::string quoted = "'";
  for (const char c : printable(word))
    quoted += c == '\'' ? std::string("'\\''") : std::string{c};
  return quoted + '\'';
}

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%llx", static_cast<unsigned long long>(number));
  return std::string("0x") + digits.data();
}

struct Describer {
  std::string operator()(const step::StartHelper&) const {
    return "start a helper that stays outside, with these rights";
  }
  std::string operator()(const step::StartWatcher& s) const {
    return "start a watcher that sends the program " + signal_name(s.signal) +
           " when this process dies";
  }
  std::string operator()(const step::OpenTerminal& s) const {
    std::string text = "open a new pseudo-terminal for the program";
    if (s.devpts >= 0) text += ", in /dev/pts of " + printable(s.of);
    return s.only_for_terminals ? text + ", in place of yours" : text;
  }
  std::string operator()(const step::CloseDescriptors& s) const {
    std::string text = "close descriptors above 2";
    for (const int fd : s.kept)
      text += (fd == s.kept.front() ? " except " : ", ") + std::to_string(fd);
    return text + " when the program starts";
  }
  std::string operator()(const step::Hide&) const {
    return "hide this process from those inside, until the program starts";
  }
  std::string operator()(const step::BecomeOwner& s) const {
    return "drop supplementary groups and become GID " + std::to_string(s.gid) + ", UID " +
           std::to_string(s.uid) + ", to own what is made";
  }
  std::string operator()(const step::JoinNamespace& s) const {
    return std::string("join the ") + name(s.kind) + " namespace of " + printable(s.of);
  }
  std::string operator()(const step::Unshare& s) const {
    return "make new namespaces: " + list_kinds(s.kinds);
  }
  std::string operator()(const step::WriteIdMaps& s) const {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
    if (!s.uids.ids.empty()) add(describe_map("UID", s.uids, "newuidmap"));
    if (!s.gids.ids.empty()) add(describe_map("GID", s.gids, "newgidmap"));
    if (s.allow_setgroups) add(*s.allow_setgroups ? "allow setgroups" : "deny setgroups");
    return "map ids: " + text;
  }
  std::string operator()(const step::SetTimeOffsets& s) const {
    std::string text;
    if (s.monotonic) text = "the monotonic clock by " + std::to_string(*s.monotonic) + " s";
    if (s.boottime) {
      if (!text.empty()) text += ", ";
      text += "the boot-time clock by " + std::to_string(*s.boottime) + " s";
    }
    return "offset " + text;
  }
  std::string operator()(const step::Fork& s) const {
    std::string text = "fork; the parent waits";
    if (!s.forward.empty()) {
      text += " and passes on";
      for (const int signal : s.forward)
        text += ' ' + signal_name(signal);
    }
    if (s.death_signal != 0) {
      text += "; the child gets " + signal_name(s.death_signal) + " when the parent dies";
    }
    if (s.cgroup >= 0) text += "; the child begins in the cgroup " + printable(s.cgroup_path);
    return text;
  }
  std::string operator()(const step::BecomeInit&) const {
    return "fork again; this process stays as init of the pid namespace";
  }
  std::string operator()(const step::Pin& s) const {
    std::string text;
    for (const auto& place : s.places) {
      if (!text.empty()) text += ", ";
      text += std::string("the ") + name(place.kind) + " namespace on " + printable(place.path);
    }
    return "pin " + text;
  }
  std::string operator()(const step::JoinCgroup& s) const {
    return "join the cgroup " + printable(s.path);
  }
  std::string operator()(const step::EnterCgroup& s) const {
    if (!s.make) return "join the cgroup " + printable(s.path);
    std::string text = "make the cgroup " + printable(s.path) + " with";
    for (const CgroupSetting& setting : s.settings)
      text += ' ' + setting.file + '=' + quote(setting.value);
    return text + ", and join it; it is removed when empty";
  }
  std::string operator()(const step::DropGroups& s) const {
    return s.may_be_denied ? "drop supplementary groups, if that is allowed"
                           : "drop supplementary groups";
  }
  std::string operator()(const step::SetIds& s) const {
    std::string text;
    if (s.gid) text += "become GID " + std::to_string(*s.gid);
    if (s.uid) text += (s.gid ? ", UID " : "become UID ") + std::to_string(*s.uid);
    if (!s.groups) return text;
    text += text.empty() ? "set the groups" : ", set the groups";
    if (s.groups->empty()) text += " to none";
    for (const gid_t group : *s.groups)
      text += (group == s.groups->front() ? " to " : ", ") + std::to_string(group);
    return text;
  }
  std::string operator()(const step::SetOomScore& s) const {
    return "set the OOM score adjustment to " + std::to_string(s.adjustment);
  }
  std::string operator()(const step::SetResourceLimits& s) const {
    std::string text;
    for (const auto& limit : s.limits)
      text += (text.empty() ? "" : ", ") + nsx::describe(limit);
    return "set resource limits: " + text;
  }
  std::string operator()(const step::LimitPrivileges& s) const {
    std::string text = "limit the capabilities of the program to " + hexadecimal(s.bounding);
    if (s.inheritable != 0) text += ", inheritable " + hexadecimal(s.inheritable);
    if (s.ambient != 0) text += ", ambient " + hexadecimal(s.ambient);
    if (s.permitted_for_good) {
      text += ", permitted " + hexadecimal(*s.permitted_for_good) + "; no new privileges";
    }
    return text;
  }
  std::string operator()(const step::KeepCapabilities&) const {
    return "keep the capabilities for the program";
  }
  std::string operator()(const step::SetHostname& s) const {
    return "set the host name to " + printable(s.name);
  }
  std::string operator()(const step::BringUpLoopback&) const {
    return "bring the loopback interface up";
  }
  std::string operator()(const step::SetPropagation& s) const {
    using Mode = step::SetPropagation::Mode;
    switch (s.mode) {
      case Mode::private_:
        return "make all mounts private";
      case Mode::shared:
        return "make all mounts shared";
      case Mode::slave:
        return "make all mounts slaves";
    }
    return {};
  }
  std::string operator()(const step::ChangeRoot& s) const {
    return "change the root directory to " + printable(s.path);
  }
  std::string operator()(const step::ChangeDirectory& s) const {
    return "change the working directory to " + printable(s.path);
  }
  std::string operator()(const step::MountSys& s) const {
    return "mount a sysfs of this net namespace on " + printable(s.path) +
           ", with all that is mounted below";
  }
  std::string operator()(const step::BindOver& s) const {
    std::string text = "bind ";
    for (const std::string& name : s.names)
      text += printable(s.from + '/' + name) + (&name == &s.names.back() ? "" : ", ");
    return text + " over " + printable(s.over) + "/...";
  }
  std::string operator()(const step::MaskSockets& s) const {
    std::string text = "bind /dev/null over ";
    for (const std::string& path : s.paths)
      text += printable(path) + (&path == &s.paths.back() ? "" : ", ");
    return text;
  }
  std::string operator()(const step::MountProc& s) const {
    return "mount proc on " + printable(s.path);
  }
  std::string operator()(const step::MountBinfmt& s) const {
    return "mount binfmt_misc on " + printable(s.path);
  }
  std::string operator()(const step::LoadInterpreter& s) const {
    return "register the interpreter " + printable(s.line);
  }
  std::string operator()(const step::SetEnvironment& s) const {
    std::string text = "set the environment: " + std::to_string(s.entries.size()) + " variables";
    return s.keeps_paths ? text + ", except those that lead to files" : text;
  }
  std::string operator()(const step::SetVariables& s) const {
    std::string text;
    for (const std::string& entry : s.entries) {
      const bool is_removed = entry.find('=') == std::string::npos;
      text += (text.empty() ? "" : ", ") + (is_removed ? "no " + entry : printable(entry));
    }
    return "set the variables " + text;
  }
  std::string operator()(const step::SetSecurityContext& s) const {
    return (s.is_apparmor ? "take the AppArmor profile " : "take the SELinux context ") +
           printable(s.context);
  }
  std::string operator()(const step::TakeTrees& s) const {
    std::string text =
        "copy " + std::to_string(s.trees.size()) + (s.trees.size() == 1 ? " mount" : " mounts");
    const std::string* last = nullptr;
    for (const auto& tree : s.trees) {
      if (last == nullptr || *last != tree.of)
        text += (last == nullptr ? " of " : ", of ") + printable(tree.of);
      last = &tree.of;
    }
    return text + ", with all below them";
  }
  std::string operator()(const step::NewRoot&) const {
    return "mount a tmpfs for the new root directory";
  }
  std::string operator()(const step::AttachTree& s) const {
    return "bind " + printable(s.from) + " on " + printable(s.path) +
           (s.read_only ? ", read-only" : "");
  }
  std::string operator()(const step::MountNew& s) const {
    return "mount a new " + s.type + " on " + printable(s.path);
  }
  std::string operator()(const step::MountText& s) const {
    return "mount the names in the target's " + printable(s.path) + " on it, read-only";
  }
  std::string operator()(const step::MakeLink& s) const {
    return "link " + printable(s.path) + " to " + printable(s.to);
  }
  std::string operator()(const step::EnterNewRoot& s) const {
    return std::string("change the root directory to the new one") +
           (s.read_only ? ", read-only" : "") + ", and the working directory to " +
           printable(s.files + s.working_directory);
  }
  std::string operator()(const step::MountInside& s) const {
    return "mount " + printable(s.from) + " on " + printable(s.path) + " inside" +
           (s.make ? ", which is created if missing" : "");
  }
  std::string operator()(const step::UnmountInside& s) const {
    return "unmount " + printable(s.path) + " inside" + (s.lazily ? ", even if it is in use" : "");
  }
  std::string operator()(const step::KeepPins&) const { return "keep the pins"; }
  std::string operator()(const step::PrepareStarter&) const {
    return "make a sealed copy of the program starter: /proc/self/exe leads to no file of the host";
  }
  std::string operator()(const step::Execute& s) const {
    std::string text = "run " + quote(s.file);
    for (std::size_t i = 1; i < s.arguments.size(); ++i)
      text += ' ' + quote(s.arguments[i]);
    if (!s.arguments.empty() && s.arguments[0].starts_with('-')) text += " as a login shell";
    return text;
  }
};

constexpr const char* kOwner = "CAP_SYS_ADMIN in the user namespace that owns it";

/// The names for action(), in the order of `Step`.
constexpr std::array kActions{
    "start-helper",
    "start-watcher",
    "open-terminal",
    "close-descriptors",
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
    "set-oom-score",
    "set-resource-limits",
    "limit-privileges",
    "set-hostname",
    "bring-up-loopback",
    "set-propagation",
    "change-root",
    "change-directory",
    "mount-proc",
    "mount-sys",
    "bind-over",
    "mask-sockets",
    "mount-binfmt",
    "load-interpreter",
    "set-environment",
    "set-variables",
    "set-security-context",
    "take-trees",
    "new-root",
    "attach-tree",
    "mount-new",
    "mount-text",
    "make-link",
    "enter-new-root",
    "mount-inside",
    "unmount-inside",
    "keep-pins",
    "prepare-starter",
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
        return std::string(kOwner) + " and in the caller's own; CAP_SYS_CHROOT in the caller's own";
      default:
        return std::string(kOwner) + " and in the caller's own";
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
    if (s.gid || s.groups) text = "CAP_SETGID";
    if (s.uid) text += text.empty() ? "CAP_SETUID" : ", CAP_SETUID";
    return text.empty() ? text : text + ", unless it has them already";
  }
  std::string operator()(const step::SetOomScore&) const { return "CAP_SYS_RESOURCE to lower it"; }
  std::string operator()(const step::LimitPrivileges&) const {
    return "CAP_SETPCAP, unless it has no others";
  }
  std::string operator()(const step::SetHostname&) const {
    return "CAP_SYS_ADMIN in the user namespace that owns the uts namespace";
  }
  std::string operator()(const step::BringUpLoopback&) const {
    return "CAP_NET_ADMIN in the user namespace that owns the net namespace";
  }
  std::string operator()(const step::SetPropagation&) const { return mounts(); }
  std::string operator()(const step::ChangeRoot&) const { return "CAP_SYS_CHROOT"; }
  std::string operator()(const step::MountSys&) const {
    return mounts() + ", and in the owner of the net namespace";
  }
  std::string operator()(const step::BindOver&) const { return mounts(); }
  std::string operator()(const step::MaskSockets&) const { return mounts(); }
  std::string operator()(const step::MountProc&) const {
    return mounts() + ", and in the owner of the pid namespace";
  }
  std::string operator()(const step::TakeTrees&) const {
    return mounts() + ", and in the owners of those that are copied from";
  }
  std::string operator()(const step::NewRoot&) const { return mounts(); }
  std::string operator()(const step::AttachTree&) const { return mounts(); }
  std::string operator()(const step::MountNew&) const { return mounts(); }
  std::string operator()(const step::MountText&) const { return mounts(); }
  std::string operator()(const step::EnterNewRoot&) const { return mounts(); }
  std::string operator()(const step::MountInside&) const { return mounts(); }
  std::string operator()(const step::UnmountInside&) const { return mounts(); }
  std::string operator()(const step::MountBinfmt&) const { return mounts(); }
  std::string operator()(const step::LoadInterpreter&) const { return mounts(); }
  std::string operator()(const auto&) const { return {}; }

 private:
  static std::string mounts() {
    return "CAP_SYS_ADMIN in the user namespace that owns the mount namespace";
  }
};

}  // namespace

std::string describe(const Step& step) {
  return std::visit(Describer{}, step);
}

const char* action(const Step& step) {
  return kActions[step.index()];
}

std::string needs(const Step& step) {
  return std::visit(Needs{}, step);
}

}  // namespace nsx
