// SPDX-License-Identifier: MIT
#include "nsx-cg/rows.hh"

#include <algorithm>
#include <optional>
#include <unistd.h>
#include <vector>

#include <nsx/census.hh>
#include <nsx/process.hh>

#include "common/report.hh"
#include "nsx-cg/cells.hh"

namespace nsx::cg_tool {

namespace {

/// A runtime creates the cgroup first and records the container later.
constexpr int kTimesToList = 3;

void set_container(CgroupPlace& place, const std::string* name, const std::string& path) {
  if (name != nullptr) place.container = PlaceName{*name, path, true};
}

}  // namespace

void Places::list_if_new(const CgroupReading& reading) {
  const bool has_new = std::ranges::any_of(
      reading.cgroups, [&](const CgroupSample& sample) { return !known_.contains(sample.id); });
  if (has_new) {
    known_.clear();
    for (const CgroupSample& sample : reading.cgroups)
      known_.insert(sample.id);
    times_to_list_ = kTimesToList;
  }
  if (times_to_list_ == 0) return;
  --times_to_list_;
  names_.emplace(tree_.kernel(), cli::target_options());
}

void Places::name(CgroupReading& reading) {
  CgroupPlaces places(tree_.kernel());  // not kept: a path may be another cgroup by now
  name_places(reading, places);
  list_if_new(reading);
  for (CgroupSample& sample : reading.cgroups)
    set_container(sample.place, names_->of_cgroup(tree_.path_in_proc(sample.path)), sample.path);
}

CgroupPlace Places::of(const Process& process) {
  if (!names_) names_.emplace(tree_.kernel(), cli::target_options());
  CgroupPlace place = CgroupPlaces(tree_.kernel()).of(process);
  const std::string path = cgroup_of(process).value_or("");
  set_container(place, names_->of_cgroup(path), path);
  return place;
}

namespace {

/// Returns a process with the data that is_same_process() needs, or none if it has exited.
std::optional<CensusProcess> identify(const Kernel& kernel, pid_t pid) {
  auto process = Process::open(kernel, pid);
  const auto text = process ? process->read("stat") : error_of(process);
  const auto stat = text ? parse_process_stat(*text) : std::nullopt;
  if (!stat || stat->start_time == 0) return std::nullopt;
  CensusProcess identity;
  identity.pid = pid;
  identity.start_time = stat->start_time;
  return identity;
}

/// Returns the ID of the current cgroup of each process in the first cgroup of a reading and its
/// descendants.
std::unordered_map<pid_t, std::uint64_t> current_cgroups(const CgroupTree& tree,
                                                         const CgroupReading& reading) {
  std::unordered_map<pid_t, std::uint64_t> ids;
  auto first = tree.open_cgroup(reading.cgroups.front().path);
  CgroupSampleRequest request;
  request.pids = true;
  const auto now = first ? sample_cgroups(*first, request) : error_of(first);
  if (!now) return ids;
  for (const CgroupSample& sample : now->cgroups) {
    for (const pid_t pid : sample.pids)
      ids[pid] = sample.id;
  }
  return ids;
}

}  // namespace

std::unordered_map<pid_t, std::string> read_commands(const CgroupTree& tree,
                                                     const CgroupReading& reading,
                                                     std::span<const std::size_t> cgroups) {
  std::unordered_map<pid_t, std::string> commands;
  std::vector<CensusProcess> processes;
  std::vector<std::uint64_t> ids;
  for (const std::size_t i : cgroups) {
    const CgroupSample& sample = reading.cgroups[i];
    for (const pid_t pid : sample.pids) {
      commands[pid];
      const auto process = identify(tree.kernel(), pid);
      if (!process) continue;
      processes.push_back(*process);
      ids.push_back(sample.id);
    }
  }
  if (processes.empty()) return commands;
  // A PID reused before identify() is detected by its cgroup, a PID reused later by its start time.
  const auto now = current_cgroups(tree, reading);
  std::vector<std::string> lines = read_command_lines(tree.kernel(), processes);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto found = now.find(processes[i].pid);
    if (found != now.end() && found->second == ids[i]) {
      commands[processes[i].pid] = std::move(lines[i]);
    }
  }
  return commands;
}

namespace {

bool is_pressure(CgroupFileSet files) {
  return files.contains(CgroupFile::cpu_pressure) || files.contains(CgroupFile::memory_pressure) ||
         files.contains(CgroupFile::io_pressure);
}

/// "memory", "memory and pids", "memory, io and pids".
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace

MissingColumns::MissingColumns(const CgroupTree& tree) : tree_(tree) {
  const auto top = tree.open_cgroup("/");
  const auto text = top ? top->read("cgroup.controllers") : std::string();
  const auto present = split_controllers(text ? *text : std::string());
  const std::string pressures = tree.kernel().proc_path() + "/pressure";
  const bool has_pressure = ::access(pressures.c_str(), F_OK) == 0;
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    const char* controller = kColumns[i].needs.controller;
    if (controller != nullptr && std::ranges::find(present, controller) == present.end()) {
      std::string reason = tree.why_without(controller);
      // Reasons such as "it is bound to ..." continue the sentence; others follow a colon.
      constexpr std::string_view kIt = "it ";
      why_[i] =
          std::string("the ") + controller + " controller" +
          (reason.starts_with(kIt) ? ' ' + reason.substr(kIt.size()) : " is missing: " + reason);
    } else if (is_pressure(kColumns[i].needs.files) && !has_pressure) {
      why_[i] = "the kernel does not measure pressure, or was booted with psi=0";
    }
  }
}

Status MissingColumns::check(const char* what, cli::ColumnId id) const {
  if (!has(id)) return {};
  return refuse(what, info(id).table.name, why(id));
}

std::string MissingColumns::note(std::span<const cli::ColumnId> columns) const {
  std::vector<std::string> on_v1;
  std::vector<std::string> others;
  for (const cli::ColumnId id : columns) {
    if (!has(id)) continue;
    const char* controller = info(id).needs.controller;
    const bool is_on_v1 = controller != nullptr && tree_.is_bound_to_v1(controller);
    auto& list = is_on_v1 ? on_v1 : others;
    const std::string text = is_on_v1 ? controller : why(id);
    if (std::ranges::find(list, text) == list.end()) list.push_back(text);
  }
  std::string text;
  if (!on_v1.empty()) {
    const bool is_one = on_v1.size() == 1;
    text = "the " + listed(on_v1) + (is_one ? " controller is" : " controllers are") +
           " bound to cgroup v1: " + (is_one ? "its" : "their") + " limits and usage are not shown";
  }
  for (const std::string& other : others)
    text += (text.empty() ? "" : "; ") + other;
  return text;
}

void MissingColumns::remove_from(std::vector<cli::ColumnId>& columns) const {
  const auto is_missing = [&](cli::ColumnId id) { return has(id); };
  if (!std::ranges::all_of(columns, is_missing)) std::erase_if(columns, is_missing);
}

namespace {

/// Missing values come before numbers, numbers before texts.
bool is_less(const cli::Value& a, const cli::Value& b) {
  const auto number = [](const cli::Value& value) -> std::optional<double> {
    if (const auto* whole = std::get_if<std::uint64_t>(&value)) return static_cast<double>(*whole);
    if (const auto* decimal = std::get_if<double>(&value)) return *decimal;
    return std::nullopt;
  };
  const auto rank = [&](const cli::Value& value) {
    if (std::holds_alternative<std::monostate>(value)) return 0;
    return number(value) ? 1 : 2;
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (rank(a) == 1) return *number(a) < *number(b);
  return cli::text_of(a) < cli::text_of(b);
}

class RowMaker {
 public:
  RowMaker(const CgroupReading& reading, const RowRequest& request)
      : reading_(reading), request_(request), shown_(reading.cgroups.size()) {}

  std::vector<Row> make() {
    choose();
    if (request_.is_tree) {
      make_tree();
    } else {
      make_list();
    }
    return std::move(rows_);
  }

 private:
  void choose() {
    std::vector<std::size_t> depths(reading_.cgroups.size());
    for (std::size_t i = 0; i < reading_.cgroups.size(); ++i) {
      const auto& parent = reading_.cgroups[i].parent;
      if (parent) depths[i] = depths[*parent] + 1;
      const bool is_near = !request_.depth || depths[i] <= *request_.depth;
      const bool is_chosen = is_near && (!request_.accepts || request_.accepts(i));
      shown_[i] = is_chosen ? 1 : 0;
    }
    if (!request_.is_tree) return;
    // Their ancestors. Parents come before their children, so one pass backwards is enough.
    for (std::size_t i = shown_.size(); i-- > 0;) {
      const auto& parent = reading_.cgroups[i].parent;
      if (shown_[i] && parent) shown_[*parent] = true;
    }
  }

  void sort(std::vector<std::size_t>& indexes) const {
    if (!request_.key) return;
    std::stable_sort(indexes.begin(), indexes.end(), [&](std::size_t a, std::size_t b) {
      return request_.descending ? is_less(request_.key(b), request_.key(a))
                                 : is_less(request_.key(a), request_.key(b));
    });
  }

  void make_list() {
    std::vector<std::size_t> indexes;
    for (std::size_t i = 0; i < shown_.size(); ++i) {
      if (shown_[i]) indexes.push_back(i);
    }
    sort(indexes);
    for (const std::size_t i : indexes)
      rows_.push_back({i, std::nullopt});
  }

  void make_tree() {
    children_.resize(shown_.size());
    for (std::size_t i = 0; i < shown_.size(); ++i) {
      const auto& parent = reading_.cgroups[i].parent;
      if (shown_[i] && parent) children_[*parent].push_back(i);
    }
    if (!shown_.empty() && shown_.front()) add(0, std::nullopt);
  }

  void add(std::size_t cgroup, std::optional<std::size_t> parent) {
    const std::size_t row = rows_.size();
    rows_.push_back({cgroup, parent});
    sort(children_[cgroup]);
    for (const std::size_t child : children_[cgroup])
      add(child, row);
  }

  const CgroupReading& reading_;
  const RowRequest& request_;
  std::vector<char> shown_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<Row> rows_;
};

}  // namespace

std::vector<Row> make_rows(const CgroupReading& reading, const RowRequest& request) {
  return RowMaker(reading, request).make();
}

}  // namespace nsx::cg_tool
