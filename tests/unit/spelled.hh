#pragma once
// Plans as text with every field in it, so that a test compares them whole. Not describe(), which
// is for people and leaves out what they need not know.

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
  std::string operator()(const step::WriteIdMaps& s) const {
    std::string text = "maps " + format_id_map(s.uids) + format_id_map(s.gids);
    for (char& c : text)
      c = c == '\n' ? ';' : c;
    return text + (s.deny_setgroups ? " deny" : " allow");
  }
  std::string operator()(const step::Fork& s) const {
    const bool forward = s.on_signal == step::Fork::OnSignal::forward;
    return "fork death " + std::to_string(s.death_signal) + (forward ? " forward" : " ignore");
  }
  std::string operator()(const step::DropGroups& s) const {
    return s.may_be_denied ? "drop groups if allowed" : "drop groups";
  }
  std::string operator()(const step::SetIds& s) const {
    return "gid " + (s.gid ? std::to_string(*s.gid) : "-") + " uid " +
           (s.uid ? std::to_string(*s.uid) : "-");
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
