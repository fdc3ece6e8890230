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

std::string describe_map(const char* which, const IdMap& map) {
  std::string text;
  for (const IdMapLine& line : map) {
    if (!text.empty()) text += ", ";
    text += std::string(which) + ' ' + std::to_string(line.inside) + " inside is " +
            std::to_string(line.outside) + " outside";
    if (line.count != 1) text += " (" + std::to_string(line.count) + " ids)";
  }
  return text;
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
  std::string operator()(const step::JoinNamespace& s) const {
    return std::string("join the ") + name(s.kind) + " namespace of " + printable(s.of);
  }
  std::string operator()(const step::Unshare& s) const {
    return "make new namespaces: " + list_kinds(s.kinds);
  }
  std::string operator()(const step::WriteIdMaps& s) const {
    std::string text =
        "map ids: " + describe_map("UID", s.uids) + "; " + describe_map("GID", s.gids);
    if (s.deny_setgroups) text += "; deny setgroups";
    return text;
  }
  std::string operator()(const step::Fork& s) const {
    std::string text = "fork; the parent waits";
    if (s.on_signal == step::Fork::OnSignal::forward) text += " and passes signals on";
    if (s.death_signal != 0) {
      const char* abbreviation = ::sigabbrev_np(s.death_signal);
      text += "; the child gets ";
      text += abbreviation != nullptr ? std::string("SIG") + abbreviation
                                      : "signal " + std::to_string(s.death_signal);
      text += " when the parent dies";
    }
    return text;
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
  std::string operator()(const step::MountProc& s) const {
    return "mount proc on " + printable(s.path);
  }
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
