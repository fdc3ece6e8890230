// Containers: by the state of their runtimes, and by the cgroups of processes where that is not to
// be read, or does not exist (LXC).

#include <algorithm>
#include <map>

#include "kernel/cgroup.hh"
#include "kernel/directory.hh"
#include "kernel/text.hh"
#include "target/container_record.hh"
#include "target/oldest.hh"
#include "target/search.hh"

namespace nsx {

namespace {

bool is_long_id(std::string_view id) {
  return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// How well a record fits what was asked for: the lower the better.
enum class Fit { exact, id_prefix, pod, none };

Fit fit(const ContainerRecord& record, const std::string& wanted) {
  if (record.id == wanted) return Fit::exact;
  const auto& names = record.names;
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return Fit::exact;
  if (is_long_id(record.id) && record.id.starts_with(wanted)) return Fit::id_prefix;
  // What is in a pod whose own process is gone, or never was.
  const bool is_in_pod = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name.starts_with(wanted + '/');
  });
  return is_in_pod ? Fit::pod : Fit::none;
}

std::string shown_name(const ContainerRecord& record) {
  return record.names.empty() ? record.id : record.names.front();
}

// --- Is it the process? --------------------------------------------------------------------------

/// Whether a directory on the path of a cgroup is that of the container: ID, docker-ID.scope,
/// SLICE:cri-containerd:ID.
bool is_of_id(std::string_view directory, std::string_view id) {
  if (directory.ends_with(".scope")) directory.remove_suffix(6);
  if (!directory.ends_with(id)) return false;
  directory.remove_suffix(id.size());
  return directory.empty() || directory.ends_with('-') || directory.ends_with(':');
}

bool is_in_cgroup(std::string_view path, const ContainerRecord& record) {
  while (!path.empty()) {
    const std::string_view directory = next_field(path, '/');
    if (directory.empty()) continue;
    if (record.cgroup.empty() ? is_of_id(directory, record.id) : directory == record.cgroup) {
      return true;
    }
  }
  return false;
}

/// Whether a process that is held is the one on record, and not another that got its PID.
bool is_the_one(const AgedProcess& aged, const ContainerRecord& record) {
  if (record.start_time != 0) return aged.stat.start_time == record.start_time;
  if (record.pidfd_inode != 0) {
    const auto inode = aged.process.pidfd_inode();
    if (inode) return *inode == record.pidfd_inode;
  }
  const auto text = aged.process.read("cgroup");
  if (!text) return false;
  std::string_view rest = *text;
  while (const auto line = next_cgroup_line(rest)) {
    if (is_in_cgroup(line->path, record)) return true;
  }
  return false;
}

Result<Process> open_recorded(const Kernel& kernel, const ContainerRecord& record) {
  const auto not_running = [&](const std::string& why) {
    return refuse("enter", "container:" + shown_name(record), "it is not running", why);
  };
  if (record.pid == 0) return not_running(record.runtime + " has no process of it on record");
  const std::string on_record =
      record.runtime + " has PID " + std::to_string(record.pid) + " on record, which ";
  auto aged = open_aged(kernel, record.pid);
  if (!aged) return not_running(on_record + "has ended");
  if (!is_the_one(*aged, record)) return not_running(on_record + "is that of another process now");
  return std::move(aged->process);
}

// --- By cgroup -----------------------------------------------------------------------------------

struct CgroupContainer {
  ContainerName name;
  ProcessStat oldest;
  std::optional<Process> process;  ///< the oldest, held if the container was asked for
};

/// Whether a name is what was asked for. An ID may be cut short.
bool is_wanted(const std::string& name, const std::string& wanted) {
  return name == wanted || (is_long_id(name) && name.starts_with(wanted));
}

/// The containers that the cgroups of all visible processes tell of, each with its oldest process:
/// those of a name, or all without one. There can be more of them than descriptors to hold them.
std::vector<CgroupContainer> containers_by_cgroup(const Kernel& kernel, const std::string* wanted) {
  std::vector<CgroupContainer> containers;
  const auto pids = list_pids_at(kernel.proc(), ".");
  if (!pids) return containers;
  for (const pid_t pid : *pids) {
    auto aged = open_aged(kernel, pid);
    auto name = aged ? container_of(aged->process) : std::nullopt;
    if (!name || (wanted != nullptr && !is_wanted(name->name, *wanted))) continue;
    auto known = std::find_if(containers.begin(), containers.end(),
                              [&](const auto& each) { return each.name == *name; });
    if (known == containers.end()) {
      containers.push_back({std::move(*name), {}, std::nullopt});
      known = containers.end() - 1;
    } else if (!is_older(aged->stat, known->oldest)) {
      continue;
    }
    known->oldest = aged->stat;
    if (wanted != nullptr) known->process = std::move(aged->process);
  }
  return containers;
}

void find_by_cgroup(const SearchPlace& place, const std::string& wanted, Matches& matches) {
  for (CgroupContainer& each : containers_by_cgroup(place.kernel, &wanted)) {
    const std::string& name = each.name.name;
    matches.found.push_back(
        {"container:" + name, process_target("container " + name, std::move(*each.process))});
  }
}

// --- By record -----------------------------------------------------------------------------------

void find_by_record(const SearchPlace& place, const std::vector<ContainerRecord>& records,
                    const std::string& wanted, Matches& matches) {
  for (const Fit wanted_fit : {Fit::exact, Fit::id_prefix, Fit::pod}) {
    for (const ContainerRecord& record : records) {
      if (fit(record, wanted) != wanted_fit) continue;
      auto process = open_recorded(place.kernel, record);
      if (!process) {
        matches.unusable.push_back(std::move(process.error()));
        continue;
      }
      const std::string name = shown_name(record);
      matches.found.push_back(
          {"container:" + name, process_target("container " + name, std::move(*process))});
    }
    if (!matches.found.empty()) return;
  }
}

/// What was not to be read, for somebody who did not find what is there.
std::string describe_unreadable(const std::vector<Error>& errors) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < errors.size() && i < kShown; ++i) {
    text += (i == 0 ? "not to be read: " : ", ") + errors[i].subject;
  }
  if (errors.size() > kShown) text += " ...";
  return text;
}

}  // namespace

Matches find_container(const SearchPlace& place, const std::string& name) {
  Matches matches;
  if (name.empty()) {
    matches.unusable.push_back({"find", "container:", 0, "its name is empty", {}});
    return matches;
  }
  ContainerRecords records = read_container_records(place.root);
  find_by_record(place, records.all, name, matches);
  if (matches.found.empty()) find_by_cgroup(place, name, matches);
  if (!matches.found.empty() || !matches.unusable.empty()) return matches;

  // A file that is the container's own, and damaged, is what the caller has to hear of.
  for (Error& error : records.unreadable) {
    if (error.subject.find('/' + name + '/') != std::string::npos) {
      matches.unusable.push_back(std::move(error));
      return matches;
    }
  }
  matches.hint = describe_unreadable(records.unreadable);
  return matches;
}

std::vector<TargetName> list_containers(const SearchPlace& place) {
  std::map<pid_t, TargetName> by_pid;
  for (const ContainerRecord& record : read_container_records(place.root).all) {
    const auto process = open_recorded(place.kernel, record);
    if (!process) continue;
    by_pid.try_emplace(
        process->pid(),
        TargetName{"container", shown_name(record),
                   record.runtime + ", PID " + std::to_string(process->pid()), process->pid()});
  }
  for (const CgroupContainer& each : containers_by_cgroup(place.kernel, nullptr)) {
    const pid_t pid = each.oldest.pid;
    by_pid.try_emplace(pid, TargetName{"container", each.name.name,
                                       each.name.runtime + ", PID " + std::to_string(pid), pid});
  }
  std::vector<TargetName> names;
  names.reserve(by_pid.size());
  for (auto& [pid, name] : by_pid)
    names.push_back(std::move(name));
  return names;
}

}  // namespace nsx
