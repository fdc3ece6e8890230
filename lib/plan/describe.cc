#include <csignal>
#include <cstring>

#include <nsx/plan.hh>

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

struct Describer {
  std::string operator()(const step::StartHelper&) const {
    return "start a helper that stays outside, with these rights";
  }
  std::string operator()(const step::StartWatcher& s) const {
    return "start a watcher that sends the program " + signal_name(s.signal) +
           " when this process dies";
  }
  std::string operator()(const step::OpenTerminal&) const {
    return "open a new pseudo-terminal for the program";
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
    return "set off " + text;
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
    return text + ", and join it; it goes when it is empty";
  }
  std::string operator()(const step::DropGroups& s) const {
    return s.may_be_denied ? "drop supplementary groups, if that is allowed"
                           : "drop supplementary groups";
  }
  std::string operator()(const step::SetIds& s) const {
    std::string text;
    if (s.gid) text += "become GID " + std::to_string(*s.gid);
    if (s.uid) text += (s.gid ? ", UID " : "become UID ") + std::to_string(*s.uid);
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
  std::string operator()(const step::MountSys&) const {
    return "mount a sysfs of this net namespace on /sys, with all that is mounted below";
  }
  std::string operator()(const step::BindOver& s) const {
    std::string text = "bind ";
    for (const std::string& name : s.names)
      text += printable(s.from + '/' + name) + (&name == &s.names.back() ? "" : ", ");
    return text + " over " + printable(s.over) + "/...";
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
    return "set the environment: " + std::to_string(s.entries.size()) + " variables";
  }
  std::string operator()(const step::SetSecurityContext& s) const {
    return "take the SELinux context " + printable(s.context);
  }
  std::string operator()(const step::KeepPins&) const { return "keep the pins"; }
  std::string operator()(const step::Execute& s) const {
    std::string text = "run " + quote(s.file);
    for (std::size_t i = 1; i < s.arguments.size(); ++i)
      text += ' ' + quote(s.arguments[i]);
    if (!s.arguments.empty() && s.arguments[0].starts_with('-')) text += " as a login shell";
    return text;
  }
};

}  // namespace

std::string describe(const Step& step) {
  return std::visit(Describer{}, step);
}

}  // namespace nsx
