// SPDX-License-Identifier: MIT
// Finds containers by the state of their runtimes, and by the cgroups of processes if that state is
// unreadable or does not exist (LXC).

#include <algorithm>
#include <map>
#include <set>

#include "discovery/cgroup_names.hh"
#include "kernel/cgroup.hh"
#include "kernel/text.hh"
#include "target/container_record.hh"
#include "target/search.hh"
#include "try.hh"

namespace nsx {

namespace {

bool is_long_id(std::string_view id) {
  return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// How well a record matches the request, best first.
enum class Fit { exact, id_prefix, pod, none };

Fit fit(const ContainerRecord& record, const std::string& wanted) {
  if (record.id == wanted) return Fit::exact;
  const auto& names = record.names;
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return Fit::exact;
  if (is_long_id(record.id) && record.id.starts_with(wanted)) return Fit::id_prefix;
  // Containers of a pod whose own process is gone, or never existed.
  const bool is_in_pod = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name.starts_with(wanted + '/');
  });
  return is_in_pod ? Fit::pod : Fit::none;
}

std::string shown_name(const ContainerRecord& record) {
  return record.names.empty() ? record.id : record.names.front();
}

// --- Identification of processes -----------------------------------------------------------------

/// Whether a component of a cgroup path belongs to the container: ID, docker-ID.scope,
/// SLICE:cri-containerd:ID.
bool is_of_id(std::string_view directory, std::string_view id) {
  if (directory.ends_with(".scope")) directory.remove_suffix(6);
  if (!directory.ends_with(id)) return false;
  directory.remove_suffix(id.size());
  return directory.empty() || directory.ends_with('-') || directory.ends_with(':');
}

bool is_named_so(std::string_view directory, const ContainerRecord& record) {
  return record.cgroup.empty() ? is_of_id(directory, record.id) : directory == record.cgroup;
}

/// Returns the path up to the outermost cgroup of the container, or an empty one if there is none.
std::string_view part_of(const ContainerRecord& record, std::string_view path) {
  std::size_t end = 0;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view directory = next_field(rest, '/');
    end = static_cast<std::size_t>(directory.data() + directory.size() - path.data());
    if (!directory.empty() && is_named_so(directory, record)) return path.substr(0, end);
  }
  return {};
}

enum class Identity { same, another, not_trusted };

/// Opens the processes that records refer to.
class Recorded {
 public:
  explicit Recorded(const SearchPlace& place)
      : kernel_(place.kernel),
        judge_(place.kernel),
        hierarchies_(open_hierarchies(place.kernel, place.root)) {}

  Result<Process> open(const ContainerRecord& record) const;

 private:
  Identity identify(const AgedProcess& aged, const ContainerRecord& record) const;
  Identity identify_by_cgroup(const Process& process, const ContainerRecord& record) const;
  bool is_trusted(const CgroupLine& line, std::string_view part) const;

  const Kernel& kernel_;
  NameJudge judge_;
  std::vector<CgroupHierarchy> hierarchies_;
};

/// Whether the last component of this part of a line's path is trusted.
bool Recorded::is_trusted(const CgroupLine& line, std::string_view part) const {
  for (const CgroupHierarchy& each : hierarchies_) {
    if (!each.mount.shows(line)) continue;
    const auto path = path_in_mount(part, each.mount);
    if (!path || path->empty()) continue;
    bool is_trusted = false;
    follow_path(judge_, each.top.get(), *path,
                [&](const NamedCgroup& cgroup) { is_trusted = cgroup.is_trusted; });
    return is_trusted;
  }
  return false;
}

Identity Recorded::identify_by_cgroup(const Process& process, const ContainerRecord& record) const {
  const auto text = process.read("cgroup");
  if (!text) return Identity::another;
  Identity identity = Identity::another;
  for (const CgroupLine& line : cgroup_lines(*text)) {
    const std::string_view part = part_of(record, line.path);
    if (part.empty()) continue;
    identity = Identity::not_trusted;
    if (!is_trusted(line, part)) continue;
    // The process may have moved since, to a cgroup whose directories belong to others.
    const auto again = process.read("cgroup");
    if (again && *again == *text) return Identity::same;
  }
  return identity;
}

/// Whether an open process is the recorded one, and not another that reused its PID.
Identity Recorded::identify(const AgedProcess& aged, const ContainerRecord& record) const {
  const auto told = [](bool is_same) { return is_same ? Identity::same : Identity::another; };
  if (record.start_time != 0) return told(aged.stat.start_time == record.start_time);
  if (record.pidfd_inode != 0) {
    const auto inode = aged.process.pidfd_inode();
    if (inode) return told(*inode == record.pidfd_inode);
  }
  return identify_by_cgroup(aged.process, record);
}

Result<Process> Recorded::open(const ContainerRecord& record) const {
  const auto not_running = [&](const std::string& why) {
    return refuse("enter", "container:" + shown_name(record), "it is not running: " + why);
  };
  if (record.pid == 0) return not_running(record.runtime + " has recorded no process");
  const std::string on_record =
      record.runtime + " recorded PID " + std::to_string(record.pid) + ", which ";
  auto aged = open_aged(kernel_, record.pid);
  if (!aged) {
    TRY(kernel_.check_numbers());
    return not_running(on_record + "has exited");
  }
  switch (identify(*aged, record)) {
    case Identity::same:
      return std::move(aged->process);
    case Identity::another:
      return not_running(on_record + "is another process now");
    case Identity::not_trusted:
      break;
  }
  return refuse(
      "enter", "container:" + shown_name(record),
      on_record + "is in an untrusted cgroup of this name",
      "if that is the right process, use its PID as the target: " + std::to_string(record.pid));
}

// --- By cgroup -----------------------------------------------------------------------------------

/// Whether a name matches the request. An ID may be abbreviated.
bool is_wanted(const std::string& name, const std::string& wanted) {
  return name == wanted || (is_long_id(name) && name.starts_with(wanted));
}

Matches find_by_cgroup(const SearchPlace& place, const std::string& wanted) {
  return find_by_name(
      place, {"container", wanted, [&](const NamedCgroup& cgroup) {
                std::optional<PlaceName> found;
                if (cgroup.container && is_wanted(cgroup.container->name, wanted)) {
                  found = PlaceName{cgroup.container->name, cgroup.path, cgroup.is_trusted};
                }
                return found;
              }});
}

// --- By record -----------------------------------------------------------------------------------

/// Returns the v2 cgroup of a container, as its process reports it in /proc/PID/cgroup.
std::string v2_part(const Process& process, const ContainerRecord& record) {
  const auto text = process.read("cgroup");
  if (!text) return {};
  for (const CgroupLine& line : cgroup_lines(*text)) {
    if (line.hierarchy == 0) return std::string(part_of(record, line.path));
  }
  return {};
}

void find_by_record(const SearchPlace& place, const std::vector<ContainerRecord>& records,
                    const std::string& wanted, Matches& matches) {
  const Recorded recorded(place);
  for (const Fit wanted_fit : {Fit::exact, Fit::id_prefix, Fit::pod}) {
    // A container that is not running takes precedence over another whose ID starts with its name.
    if (wanted_fit == Fit::id_prefix && !matches.unusable.empty()) continue;
    for (const ContainerRecord& record : records) {
      if (fit(record, wanted) != wanted_fit) continue;
      auto process = recorded.open(record);
      if (!process) {
        matches.unusable.push_back(std::move(process.error()));
        continue;
      }
      const std::string name = shown_name(record);
      std::string cgroup = v2_part(*process, record);
      Target target = process_target("container " + name, std::move(*process));
      target.cgroup = std::move(cgroup);
      matches.found.push_back({"container:" + name, std::move(target)});
    }
    if (!matches.found.empty()) return;
  }
}

/// Lists unreadable files and directories, for an error about a missing container.
std::string describe_unreadable(const std::vector<Error>& errors) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < errors.size() && i < kShown; ++i) {
    text += (i == 0 ? "cannot read " : ", ") + errors[i].subject();
  }
  if (errors.size() > kShown) text += " ...";
  return text;
}

/// Advises root, who may have meant a container of another user: these are not searched.
std::string describe_other_users(const std::vector<std::string>& uids) {
  if (uids.empty()) return {};
  constexpr std::size_t kShown = 3;
  std::string text = "for a container of another user (UID ";
  for (std::size_t i = 0; i < uids.size() && i < kShown; ++i)
    text += (i == 0 ? "" : ", ") + uids[i];
  if (uids.size() > kShown) text += " ...";
  return text + "), use its PID or its container ID";
}

TargetName named(const std::string& name, const std::string& runtime, pid_t pid,
                 std::string cgroup) {
  return {"container", name, runtime + ", PID " + std::to_string(pid), pid, std::move(cgroup)};
}

/// Lists running containers by the names of their cgroups.
std::vector<TargetName> list_by_cgroup(const SearchPlace& place) {
  std::vector<TargetName> names;
  const NameJudge judge(place.kernel);
  for (const CgroupHierarchy& hierarchy : open_hierarchies(place.kernel, place.root)) {
    walk_named(judge, hierarchy, [&](const NamedCgroup& cgroup, VisitedDirectory& directory) {
      if (!cgroup.container || !cgroup.is_trusted) return;
      const auto process = oldest_in(place.kernel, cgroup, directory.fd());
      if (!process) return;
      names.push_back(named(cgroup.container->name, cgroup.container->runtime, process->pid(),
                            path_in_proc(hierarchy.mount, cgroup.path)));
    });
  }
  return names;
}

/// Whether only the ID of a running container is known: its record may be in the data directory of
/// a daemon that was started with an option for it.
bool lacks_a_name(const std::vector<ContainerRecord>& records,
                  const std::vector<TargetName>& running) {
  std::set<std::string> named_ids;
  for (const ContainerRecord& record : records) {
    if (!record.names.empty()) named_ids.insert(record.id);
  }
  return std::ranges::any_of(running, [&](const TargetName& each) {
    return is_long_id(each.name) && !named_ids.contains(each.name);
  });
}

OwnEngines engines_of(const SearchPlace& place) {
  return own_engines(place.root, place.named_runtime_directory, place.named_data_directory);
}

}  // namespace

Matches find_container(const SearchPlace& place, const std::string& name) {
  Matches matches;
  if (name.empty()) {
    matches.unusable.push_back({"the container name is empty", {}, 0, {}, {}});
    return matches;
  }
  // A record that says that the container is not running is final: a cgroup of that name belongs to
  // something else.
  ContainerRecords records;
  const OwnEngines own = engines_of(place);
  for (const DockerRoots roots : {DockerRoots::usual, DockerRoots::all}) {
    records = read_container_records(place.root, own, roots);
    find_by_record(place, records.all, name, matches);
    if (!matches.found.empty() || !matches.unusable.empty()) return matches;
  }
  matches = find_by_cgroup(place, name);
  if (!matches.found.empty() || !matches.unusable.empty()) return matches;

  // If the unreadable file is that of the requested container, report this.
  for (Error& error : records.unreadable) {
    if (error.subject().find('/' + name + '/') != std::string::npos) {
      matches.unusable.push_back(std::move(error));
      return matches;
    }
  }
  matches.reason = describe_unreadable(records.unreadable);
  matches.hint = describe_other_users(users_with_engines(place.root));
  return matches;
}

std::vector<TargetName> list_containers(const SearchPlace& place) {
  std::map<pid_t, TargetName> by_pid;
  std::set<std::string> recorded_ids;
  const Recorded recorded(place);
  const std::vector<TargetName> running = list_by_cgroup(place);
  const OwnEngines own = engines_of(place);
  ContainerRecords records = read_container_records(place.root, own, DockerRoots::usual);
  if (lacks_a_name(records.all, running)) {
    records = read_container_records(place.root, own, DockerRoots::all);
  }
  for (const ContainerRecord& record : records.all) {
    recorded_ids.insert(record.id);
    const auto process = recorded.open(record);
    if (!process) continue;
    const std::string path = cgroup_of(*process).value_or("");
    by_pid.try_emplace(process->pid(), named(shown_name(record), record.runtime, process->pid(),
                                             std::string(part_of(record, path))));
  }
  for (const TargetName& each : running) {
    if (!recorded_ids.contains(each.name)) by_pid.try_emplace(each.pid, each);
  }
  std::vector<TargetName> names;
  names.reserve(by_pid.size());
  for (auto& [pid, name] : by_pid)
    names.push_back(std::move(name));
  return names;
}

}  // namespace nsx
