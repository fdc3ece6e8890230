// SPDX-License-Identifier: MIT
#pragma once
// Plans as text with every field in it, so that a test compares them whole. Not describe(), which
// is for people and leaves out internal details.

#include <string>
#include <vector>

#include <nsx/plan.hh>

namespace nsx {

struct Speller {
  static std::string where(int fd, const std::string& path) {
    return fd < 0 ? path : "fd " + std::to_string(fd) + " (" + path + ')';
  }

  std::string operator()(const step::JoinNamespace& s) const {
    return std::string("join ") + name(s.kind) + " fd " + std::to_string(s.fd) + " of " + s.of;
  }
  std::string operator()(const step::Unshare& s) const {
    std::string text = "unshare";
    for (const Kind kind : s.kinds)
      text += std::string(" ") + name(kind);
    return text;
  }
  static std::string map(const step::WriteIdMaps::Map& map) {
    using Writer = step::WriteIdMaps::Writer;
    std::string text = format_id_map(map.ids);
    for (char& c : text)
      c = c == '\n' ? ';' : c;
    return text + (map.writer == Writer::self     ? ""
                   : map.writer == Writer::helper ? "by helper;"
                                                  : "by newidmap;");
  }
  std::string operator()(const step::WriteIdMaps& s) const {
    const std::string groups = !s.allow_setgroups ? "" : *s.allow_setgroups ? " allow" : " deny";
    return "maps " + map(s.uids) + map(s.gids) + groups;
  }
  std::string operator()(const step::SetTimeOffsets& s) const {
    const auto offset = [](const auto& value) { return value ? std::to_string(*value) : "-"; };
    return "offsets monotonic " + offset(s.monotonic) + " boottime " + offset(s.boottime);
  }
  std::string operator()(const step::StartHelper&) const { return "helper"; }
  std::string operator()(const step::StartWatcher& s) const {
    return "watcher " + std::to_string(s.signal);
  }
  std::string operator()(const step::OpenTerminal& s) const {
    std::string text = s.only_for_terminals ? "terminal for terminals" : "terminal";
    if (s.devpts >= 0) text += " in " + where(s.devpts, s.of);
    return s.owner ? text + " owner " + std::to_string(*s.owner) : text;
  }
  std::string operator()(const step::CloseDescriptors& s) const {
    std::string text = "close all but";
    for (const int fd : s.kept)
      text += ' ' + std::to_string(fd);
    return text;
  }
  std::string operator()(const step::Hide&) const { return "hide"; }
  std::string operator()(const step::BecomeOwner& s) const {
    return "owner " + std::to_string(s.uid) + ':' + std::to_string(s.gid);
  }
  std::string operator()(const step::Fork& s) const {
    std::string text = "fork death " + std::to_string(s.death_signal);
    for (const int signal : s.forward)
      text += " forward " + std::to_string(signal);
    return text;
  }
  std::string operator()(const step::BecomeInit&) const { return "init"; }
  std::string operator()(const step::Pin& s) const {
    std::string text = "pin";
    for (const auto& place : s.places) {
      text += std::string(" ") + name(place.kind) + ' ' + place.path + (place.make ? " new" : "");
    }
    return text;
  }
  std::string operator()(const step::JoinCgroup& s) const {
    return "cgroup fd " + std::to_string(s.fd) + " (" + s.path + ')';
  }
  std::string operator()(const step::EnterCgroup& s) const {
    std::string text = (s.make ? "make cgroup " : "cgroup ") + s.path;
    for (const CgroupSetting& setting : s.settings)
      text += ' ' + setting.file + '=' + setting.value;
    return text;
  }
  std::string operator()(const step::KeepCapabilities&) const { return "keep caps"; }
  std::string operator()(const step::SetOomScore& s) const {
    return "oom " + std::to_string(s.adjustment);
  }
  std::string operator()(const step::SetResourceLimits& s) const {
    std::string text = "limits";
    for (const auto& limit : s.limits) {
      text += ' ' + std::to_string(limit.resource) + '=' + std::to_string(limit.soft) + ':' +
              std::to_string(limit.hard);
    }
    return text;
  }
  std::string operator()(const step::LimitPrivileges& s) const {
    return "limit " + std::to_string(s.bounding) + ' ' + std::to_string(s.inheritable) + ' ' +
           std::to_string(s.ambient) +
           (s.permitted_for_good ? " for good " + std::to_string(*s.permitted_for_good) : "");
  }
  std::string operator()(const step::SetHostname& s) const { return "hostname " + s.name; }
  std::string operator()(const step::BringUpLoopback&) const { return "lo"; }
  std::string operator()(const step::MountSys& s) const {
    return "sys " + s.path + (s.make_private ? " private" : "");
  }
  std::string operator()(const step::BindOver& s) const {
    std::string text = "bind " + s.from + " over " + s.over + ':';
    for (const std::string& name : s.names)
      text += ' ' + name;
    return text;
  }
  std::string operator()(const step::MaskSockets& s) const {
    std::string text = "mask";
    for (const std::string& path : s.paths)
      text += ' ' + path;
    return text;
  }
  std::string operator()(const step::MountBinfmt& s) const { return "binfmt " + s.path; }
  std::string operator()(const step::LoadInterpreter& s) const {
    return "interpreter " + s.binfmt + ' ' + s.line;
  }
  std::string operator()(const step::SetEnvironment& s) const {
    std::string text = s.keeps_paths ? "environment but paths" : "environment";
    for (const std::string& entry : s.entries)
      text += ' ' + entry;
    return text;
  }
  std::string operator()(const step::SetVariables& s) const {
    std::string text = "variables";
    for (const std::string& entry : s.entries)
      text += ' ' + entry;
    return text;
  }
  std::string operator()(const step::SetSecurityContext& s) const {
    return (s.is_apparmor ? "profile " : "context ") + s.context;
  }
  std::string operator()(const step::TakeTrees& s) const {
    std::string text = "take";
    for (const auto& tree : s.trees) {
      text += ' ' + std::to_string(tree.mnt) + ':' + tree.path;
      if (tree.attributes != 0) text += ',' + std::to_string(tree.attributes);
      if (!tree.is_slave) text += ",private";
      if (tree.users >= 0) text += ",users " + std::to_string(tree.users);
    }
    return text;
  }
  std::string operator()(const step::NewRoot&) const { return "new root"; }
  std::string operator()(const step::AttachTree& s) const {
    return "attach " + std::to_string(s.tree) + " to " + s.path;
  }
  std::string operator()(const step::MountNew& s) const { return "new " + s.type + ' ' + s.path; }
  std::string operator()(const step::MountText& s) const {
    return "text " + s.path + ": " + s.text;
  }
  std::string operator()(const step::MakeLink& s) const { return "link " + s.path + ' ' + s.to; }
  std::string operator()(const step::EnterNewRoot& s) const {
    return std::string("enter root ") + (s.read_only ? "ro " : "") + s.files + s.working_directory;
  }
  std::string operator()(const step::MountInside& s) const {
    return "mount " + s.from + " inside on " + s.path + (s.make ? ", making it" : "");
  }
  std::string operator()(const step::UnmountInside& s) const {
    return "unmount " + s.path + " inside" + (s.lazily ? ", lazily" : "");
  }
  std::string operator()(const step::KeepPins&) const { return "keep pins"; }
  std::string operator()(const step::DropGroups& s) const {
    return s.may_be_denied ? "drop groups if allowed" : "drop groups";
  }
  std::string operator()(const step::SetIds& s) const {
    std::string text = "gid " + (s.gid ? std::to_string(*s.gid) : "-") + " uid " +
                       (s.uid ? std::to_string(*s.uid) : "-") +
                       (s.keep_capabilities ? " keep caps" : "");
    if (!s.groups) return text;
    text += " groups";
    for (const gid_t group : *s.groups)
      text += ' ' + std::to_string(group);
    return s.groups_may_be_denied ? text + " if allowed" : text;
  }
  std::string operator()(const step::SetPropagation& s) const {
    using Mode = step::SetPropagation::Mode;
    return s.mode == Mode::private_ ? "private" : s.mode == Mode::shared ? "shared" : "slave";
  }
  std::string operator()(const step::ChangeRoot& s) const { return "root " + where(s.fd, s.path); }
  std::string operator()(const step::ChangeDirectory& s) const {
    return "cd " + where(s.fd, s.path);
  }
  std::string operator()(const step::MountProc& s) const {
    return "proc " + s.path + (s.make_private ? " privately" : "");
  }
  std::string operator()(const step::PrepareStarter&) const { return "prepare starter"; }
  std::string operator()(const step::Execute& s) const {
    std::string text = "exec " + s.file + ':';
    for (const std::string& argument : s.arguments)
      text += ' ' + argument;
    return text;
  }
};

inline std::vector<std::string> spelled(const Plan& plan) {
  std::vector<std::string> steps;
  for (const Step& step : plan.steps)
    steps.push_back(std::visit(Speller{}, step));
  return steps;
}

}  // namespace nsx
