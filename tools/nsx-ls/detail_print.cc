// SPDX-License-Identifier: MIT
#include <array>
#include <cstdio>
#include <pwd.h>
#include <vector>

#include "common/table_text.hh"
#include "nsx-ls/facts.hh"
#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

namespace {

/// The kernel's NIS domain name if none was set.
constexpr std::string_view kNoDomain = "(none)";

/// Builds lines of keys and values in two columns.
class Lines {
 public:
  explicit Lines(std::size_t width) : width_(width) {}

  void add(std::string_view key, std::string_view value) {
    std::string line(key);
    line += ':';
    line.resize(std::max(kIndent, line.size() + 1), ' ');
    for (const std::string& part : broken(printable(value))) {
      text_ += line + part + '\n';
      line.assign(kIndent, ' ');
    }
  }
  std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t kIndent = 12;
  static constexpr std::size_t kNarrowest = 16;

  /// Splits the value into lines that fit.
  std::vector<std::string> broken(std::string_view value) const {
    if (width_ == 0) return {std::string(value)};
    const std::size_t room = std::max(width_, kIndent + kNarrowest) - kIndent;
    std::vector<std::string> parts{""};
    while (!value.empty()) {
      const std::size_t end = std::min(value.find(' '), value.size());
      const std::string word = cli::cut(std::string(value.substr(0, end)), room, true);
      value.remove_prefix(std::min(end + 1, value.size()));
      std::string& last = parts.back();
      if (last.empty()) {
        last = word;
      } else if (cli::display_width(last) + 1 + cli::display_width(word) <= room) {
        last += ' ' + word;
      } else {
        parts.push_back(word);
      }
    }
    return parts;
  }

  std::size_t width_;
  std::string text_;
};

std::string spelled(const OwnerStep& step) {
  std::string text = "user " + std::to_string(step.identity.inode);
  if (step.is_first()) return text + ", initial";
  if (step.creator) text += ", made by " + user_name(*step.creator);
  return text;
}

std::string spelled(const Interface& interface) {
  std::string text = interface.name;
  if (!interface.kind.empty()) text += " (" + interface.kind + ')';
  text += interface.is_up ? " up" : " down";
  if (!interface.hardware_address.empty()) text += ' ' + interface.hardware_address;
  for (const InterfaceAddress& each : interface.addresses)
    text += ' ' + each.address + '/' + std::to_string(each.prefix);
  return text;
}

std::string spelled(const IdMapLine& line) {
  std::string text = std::to_string(line.inside);
  text += " inside is " + std::to_string(line.outside) + " outside";
  if (line.count > 1) text += " (" + std::to_string(line.count) + " IDs)";
  return text;
}

/// "+3600.5 s"
std::string spelled(const ClockOffset& offset) {
  // The kernel stores a negative time as floor(seconds) plus positive nanoseconds.
  const bool is_negative = offset.seconds < 0;
  std::int64_t seconds = offset.seconds;
  std::int64_t nanoseconds = offset.nanoseconds;
  if (is_negative && nanoseconds > 0) {
    ++seconds;
    nanoseconds = 1'000'000'000 - nanoseconds;
  }
  std::string text(is_negative ? "-" : "+");
  text += std::to_string(is_negative ? -seconds : seconds);
  if (nanoseconds > 0) {
    std::array<char, 24> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%09lld", static_cast<long long>(nanoseconds));
    text += fraction.data();
    while (text.back() == '0')
      text.pop_back();
  }
  return text + " s";
}

std::string spelled_root(const Mounts& mounts) {
  std::string text = mounts.root_source;
  if (mounts.root_path != "/") text += '[' + mounts.root_path + ']';
  return text + " (" + mounts.root_type + ')';
}

void add_map(Lines& lines, std::string_view key, const IdMap& map) {
  if (map.empty()) lines.add(key, "not set");
  for (const IdMapLine& line : map)
    lines.add(key, spelled(line));
}

void write_json(const ClockOffset& offset, cli::JsonWriter& json) {
  json.open('{').key("seconds").number(offset.seconds);
  json.key("nanoseconds").number(offset.nanoseconds).close();
}

void write_json(const std::vector<Interface>& interfaces, cli::JsonWriter& json) {
  json.open('[');
  for (const Interface& each : interfaces) {
    json.open('{').key("index").number(each.index).key("name").string(each.name);
    if (!each.kind.empty()) json.key("kind").string(each.kind);
    if (!each.hardware_address.empty()) {
      json.key("hardware_address").string(each.hardware_address);
    }
    json.key("up").boolean(each.is_up).key("addresses").open('[');
    for (const InterfaceAddress& address : each.addresses) {
      json.open('{').key("address").string(address.address);
      json.key("prefix").number(address.prefix).close();
    }
    json.close().close();
  }
  json.close();
}

void write_identity(const NamespaceIdentity& identity, cli::JsonWriter& json) {
  json.key("ns").number(std::uint64_t{identity.inode});
  if (identity.id != 0) json.key("id").number(identity.id);
}

void write_user(std::string_view key, std::string_view uid_key, uid_t uid, cli::JsonWriter& json) {
  json.key(uid_key).number(uid).key(key).string(user_name(uid));
}

void write_owners(const std::vector<OwnerStep>& owners, cli::JsonWriter& json) {
  json.key("owners").open('[');
  for (const OwnerStep& step : owners) {
    json.open('{');
    write_identity(step.identity, json);
    if (step.creator) write_user("creator", "creator_uid", *step.creator, json);
    json.key("is_first").boolean(step.is_first()).close();
  }
  json.close();
}

void write_members(const std::vector<Member>& members, cli::JsonWriter& json) {
  json.key("processes").open('[');
  for (const Member& member : members) {
    json.open('{').key("pid").number(member.pid);
    if (member.pid_inside != 0) json.key("nspid").number(member.pid_inside);
    json.key("ppid").number(member.parent);
    write_user("user", "uid", member.uid, json);
    json.key("command").string(member.command).close();
  }
  json.close();
}

}  // namespace

std::string user_name(uid_t uid) {
  const passwd* found = ::getpwuid(uid);
  return found != nullptr ? found->pw_name : std::to_string(uid);
}

std::string lines_of(const Detail& detail, std::size_t width) {
  Lines lines(width);
  lines.add("type", name(detail.kind));
  lines.add("ns", std::to_string(detail.identity.inode));
  if (detail.identity.id != 0) lines.add("id", std::to_string(detail.identity.id));
  if (detail.creator) lines.add("made by", user_name(*detail.creator));
  for (const OwnerStep& step : detail.owners)
    lines.add("owner", spelled(step));
  if (detail.parent) lines.add("parent", "pid " + std::to_string(detail.parent->inode));
  if (!detail.holders.empty()) lines.add("held by", in_words(detail.holders));

  if (detail.interfaces) {
    for (const Interface& each : *detail.interfaces)
      lines.add("interface", spelled(each));
  }
  if (detail.names) {
    lines.add("host", detail.names->host);
    if (detail.names->domain != kNoDomain) lines.add("domain", detail.names->domain);
  }
  if (detail.maps) {
    add_map(lines, "uid map", detail.maps->uids);
    add_map(lines, "gid map", detail.maps->gids);
  }
  if (detail.offsets) {
    lines.add("monotonic", spelled(detail.offsets->monotonic));
    lines.add("boottime", spelled(detail.offsets->boottime));
  }
  if (detail.mounts) {
    lines.add("mounts", std::to_string(detail.mounts->count));
    if (!detail.mounts->root_type.empty()) lines.add("root", spelled_root(*detail.mounts));
  }
  if (detail.init) lines.add("init", std::to_string(*detail.init));
  return lines.take();
}

void write_json(const Detail& detail, cli::JsonWriter& json) {
  json.open('{').key("type").string(name(detail.kind));
  write_identity(detail.identity, json);
  if (detail.creator) write_user("creator", "creator_uid", *detail.creator, json);
  write_owners(detail.owners, json);
  if (detail.parent) {
    json.key("parent").open('{');
    write_identity(*detail.parent, json);
    json.close();
  }
  json.key("held_by");
  write_json(detail.holders, json);
  if (detail.interfaces) {
    json.key("interfaces");
    write_json(*detail.interfaces, json);
  }
  if (detail.names) {
    json.key("host").string(detail.names->host);
    if (detail.names->domain != kNoDomain) json.key("domain").string(detail.names->domain);
  }
  if (detail.maps) {
    json.key("uidmap");
    write_json(detail.maps->uids, json);
    json.key("gidmap");
    write_json(detail.maps->gids, json);
  }
  if (detail.offsets) {
    json.key("monotonic");
    write_json(detail.offsets->monotonic, json);
    json.key("boottime");
    write_json(detail.offsets->boottime, json);
  }
  if (detail.mounts) {
    json.key("mounts").number(detail.mounts->count);
    if (!detail.mounts->root_type.empty()) {
      json.key("root").open('{').key("source").string(detail.mounts->root_source);
      json.key("type").string(detail.mounts->root_type);
      json.key("path").string(detail.mounts->root_path).close();
    }
  }
  if (detail.init) json.key("init").number(*detail.init);
  write_members(detail.members, json);
  json.close();
}

}  // namespace nsx::ls_tool
