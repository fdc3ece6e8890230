// SPDX-License-Identifier: MIT
#include <algorithm>

#include <nsx/inside.hh>

#include "common/value.hh"
#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

namespace {

/// Removes and returns the next word; spaces and tabs separate words.
std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

std::string_view next_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  return line;
}

std::optional<uid_t> creator_of(const Namespace& user) {
  const auto uid = user.creator_uid();
  return uid ? std::optional(*uid) : std::nullopt;
}

std::vector<OwnerStep> owners_of(const Kernel& kernel, const Namespace& ns) {
  std::vector<OwnerStep> steps;
  for (auto owner = ns.owner(kernel); owner; owner = owner->owner(kernel))
    steps.push_back({owner->identity(), creator_of(*owner)});
  return steps;
}

class Reader {
 public:
  Reader(const Kernel& kernel, const Census& census, const Namespace& ns)
      : kernel_(kernel), census_(census), ns_(ns), index_(index_of(census, ns)) {}

  DetailWithGaps read() {
    detail_.kind = ns_.kind();
    detail_.identity = ns_.identity();
    detail_.owners = owners_of(kernel_, ns_);
    read_members();
    switch (ns_.kind()) {
      case Kind::mnt:
        read_mounts();
        break;
      case Kind::net:
        take(read_interfaces(kernel_, ns_), detail_.interfaces);
        break;
      case Kind::pid:
        read_pid();
        break;
      case Kind::time:
        read_offsets();
        break;
      case Kind::user:
        detail_.creator = creator_of(ns_);
        read_maps();
        break;
      case Kind::uts:
        take(read_host_names(kernel_, ns_), detail_.names);
        break;
      case Kind::cgroup:
      case Kind::ipc:
        break;
    }
    return {std::move(detail_), index_, std::move(gaps_)};
  }

 private:
  template <class T>
  void take(Result<T> found, std::optional<T>& place) {
    if (found) {
      place = std::move(*found);
    } else {
      gaps_.push_back(std::move(found.error()));
    }
  }

  void read_members() {
    if (index_ == kNone) return;
    ProgramNames programs(kernel_);
    detail_.holders = read_holders(kernel_, census_, index_, programs);
    std::vector<CensusProcess> processes;
    for (const CensusProcess& process : census_.processes) {
      if (process.in(ns_.kind()) != index_) continue;
      const auto opened = Process::open(kernel_, process.pid);
      if (!opened || !is_same_process(kernel_, process) || has_left(*opened)) continue;
      Member member{process.pid, 0, process.parent, process.uid, {}};
      const auto status = opened->read("status");
      if (status) member.pid_inside = innermost_pid(*status).value_or(0);
      detail_.members.push_back(std::move(member));
      processes.push_back(process);
    }
    std::vector<std::string> lines = read_command_lines(kernel_, processes);
    for (std::size_t i = 0; i < lines.size(); ++i)
      detail_.members[i].command = std::move(lines[i]);
  }

  /// Whether the process, or another one that reuses its PID, is in another namespace by now.
  bool has_left(const Process& process) const {
    const auto now = process.open_namespace(kernel_, ns_.kind());
    return now && now->identity() != ns_.identity();
  }

  /// Reads a /proc/PID file of a process in the namespace: of a member, otherwise of a child that
  /// joins it.
  Result<std::string> read_file(const char* file) const {
    for (const Member& member : detail_.members) {
      const auto process = Process::open(kernel_, member.pid);
      if (!process || has_left(*process)) continue;
      if (auto text = process->read(file)) return text;
    }
    return read_file_inside(kernel_, ns_, file);
  }

  void read_mounts() {
    const auto text = read_file("mountinfo");
    if (text) {
      detail_.mounts = summarize_mounts(*text);
    } else {
      gaps_.push_back(text.error());
    }
  }

  void read_pid() {
    if (const auto parent = ns_.parent(kernel_)) detail_.parent = parent->identity();
    for (const Member& member : detail_.members) {
      if (member.pid_inside == 1) detail_.init = member.pid;
    }
  }

  /// Not from a member: its file describes the time namespace for its children.
  void read_offsets() {
    const auto text = read_file_inside(kernel_, ns_, "timens_offsets");
    if (text) {
      detail_.offsets = parse_time_offsets(*text);
    } else {
      gaps_.push_back(text.error());
    }
  }

  void read_maps() {
    const auto uids = read_file("uid_map");
    const auto gids = read_file("gid_map");
    if (!uids || !gids) {
      gaps_.push_back(!uids ? uids.error() : gids.error());
      return;
    }
    auto uid_map = parse_id_map(*uids);
    auto gid_map = parse_id_map(*gids);
    if (uid_map && gid_map) detail_.maps = UserMaps{std::move(*uid_map), std::move(*gid_map)};
  }

  const Kernel& kernel_;
  const Census& census_;
  const Namespace& ns_;
  CensusIndex index_;
  Detail detail_;
  std::vector<Error> gaps_;
};

}  // namespace

DetailWithGaps read_detail(const Kernel& kernel, const Census& census, const Namespace& ns) {
  return Reader(kernel, census, ns).read();
}

std::optional<TimeOffsets> parse_time_offsets(std::string_view text) {
  TimeOffsets offsets;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const std::string_view clock = next_word(line);
    const auto seconds = parse_number<std::int64_t>(next_word(line));
    const auto nanoseconds = parse_number<std::int64_t>(next_word(line));
    if (!seconds || !nanoseconds) return std::nullopt;
    if (clock == "monotonic") offsets.monotonic = {*seconds, *nanoseconds};
    if (clock == "boottime") offsets.boottime = {*seconds, *nanoseconds};
  }
  return offsets;
}

Mounts summarize_mounts(std::string_view mountinfo) {
  Mounts mounts;
  while (const auto mount = next_mount(mountinfo)) {
    ++mounts.count;
    if (mount->mount_point != "/") continue;
    // The last mount on "/" hides the others.
    mounts.root_source = unescape_mount_field(mount->source);
    mounts.root_type = mount->type;
    mounts.root_path = unescape_mount_field(mount->root);
  }
  return mounts;
}

std::optional<pid_t> innermost_pid(std::string_view status) {
  constexpr std::string_view kHeading = "\nNSpid:";
  const std::size_t at = status.find(kHeading);
  if (at == std::string_view::npos) return std::nullopt;
  status.remove_prefix(at + kHeading.size());
  const std::string_view line = next_line(status);
  return parse_number<pid_t>(line.substr(line.rfind('\t') + 1));
}

}  // namespace nsx::ls_tool
