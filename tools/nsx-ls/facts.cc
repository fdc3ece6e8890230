// SPDX-License-Identifier: MIT
#include "nsx-ls/facts.hh"

#include <algorithm>
#include <array>
#include <ctime>
#include <pwd.h>
#include <unistd.h>

#include <nsx/inside.hh>
#include <nsx/process.hh>

#include "common/report.hh"
#include "nsx-ls/views.hh"
#include "try.hh"

namespace nsx::ls_tool {

namespace {

constexpr auto kUnknown = static_cast<uid_t>(-1);

/// Returns the wanted facts that have not been read yet, and marks them as read.
FactSet take_unread(FactSet wanted, FactSet& read) {
  for (const Fact fact : read)
    wanted.remove(fact);
  read.insert(wanted);
  return wanted;
}

bool is_in(const Kernel& kernel, const Process& process, ino_t user) {
  const auto now = process.open_namespace(kernel, Kind::user);
  return now && now->identity().inode == user;
}

Result<std::string> read_map_file(const Kernel& kernel, const Census& census, CensusIndex index,
                                  const char* file) {
  const CensusNamespace& ns = census.namespaces[index];
  if (ns.first_process != kNone) {
    const auto process = Process::open(kernel, census.processes[ns.first_process].pid);
    // The process may have left the namespace, or its PID may have been reused.
    if (process && is_in(kernel, *process, ns.identity.inode)) {
      if (auto text = process->read(file)) return text;
    }
  }
  auto opened = TRY(open_namespace(kernel, census, index));
  return read_file_inside(kernel, opened, file);
}

}  // namespace

Subject subject_of(const Census& census, CensusIndex ns) {
  const CensusIndex first = census.namespaces[ns].first_process;
  return {.ns = ns, .process = first != kNone ? &census.processes[first] : nullptr};
}

std::optional<uid_t> owner_uid(const Census& census, const CensusNamespace& ns) {
  if (ns.kind != Kind::user && ns.owner == kNone) return std::nullopt;
  const uid_t uid = ns.kind == Kind::user ? ns.creator : census.namespaces[ns.owner].creator;
  return uid != kUnknown ? std::optional(uid) : std::nullopt;
}

FactReader::FactReader(const Kernel& kernel, const Census& census)
    : kernel_(kernel), census_(census), programs_(kernel), places_(kernel) {
  facts_.proc_path = kernel.proc_path();
}

void FactReader::know_command(pid_t pid, std::string line) {
  ProcessFacts& process = facts_.processes[pid];
  process.command = std::move(line);
  process.read.insert(Fact::command);
}

void FactReader::read(std::span<const Subject> subjects, FactSet wanted) {
  read_of_all(wanted);
  read_processes(subjects, wanted);
  for (const Subject& subject : subjects) {
    read_namespace(subject.ns, wanted);
    read_users(subject, wanted);
  }
}

void FactReader::read_of_all(FactSet wanted) {
  if (wanted.contains(Fact::threads) && facts_.threads.empty()) {
    facts_.threads = count_threads(census_);
  }
  if (wanted.contains(Fact::container) && facts_.containers.empty()) find_containers();
  if (!wanted.contains(Fact::leader) || !facts_.leaders.empty()) return;
  facts_.leaders = find_leaders(census_);
  for (const CensusIndex leader : facts_.leaders) {
    facts_.ages.push_back(leader != kNone ? seconds_since(census_.processes[leader].start_time)
                                          : 0);
  }
}

void FactReader::read_processes(std::span<const Subject> subjects, FactSet wanted) {
  FactSet of_processes;
  for (const Fact fact : {Fact::command, Fact::container, Fact::unit, Fact::cgroup}) {
    if (wanted.contains(fact)) of_processes.insert(fact);
  }
  std::vector<CensusProcess> processes;
  std::vector<FactSet> unread;
  FactSet of_any;
  for (const Subject& subject : subjects) {
    if (subject.process == nullptr || of_processes.empty()) continue;
    const FactSet its = take_unread(of_processes, facts_.processes[subject.process->pid].read);
    if (its.empty()) continue;
    processes.push_back(*subject.process);
    unread.push_back(its);
    for (const Fact fact : its)
      of_any.insert(fact);
  }
  const bool with_lines = of_any.contains(Fact::command);
  FactSet of_cgroups = of_any;
  of_cgroups.remove(Fact::command);
  ProcessTexts texts;
  if (with_lines && !of_cgroups.empty()) {
    texts = read_texts(kernel_, processes);
  } else if (with_lines) {
    texts.command_lines = read_command_lines(kernel_, processes);
  } else if (!of_cgroups.empty()) {
    texts.cgroups = read_cgroups(kernel_, processes);
  }
  for (std::size_t i = 0; i < processes.size(); ++i) {
    ProcessFacts& known = facts_.processes[processes[i].pid];
    if (unread[i].contains(Fact::command)) known.command = std::move(texts.command_lines[i]);
    if (of_cgroups.empty() || !texts.cgroups[i]) continue;
    Place place = places_.of(processes[i].pid, *texts.cgroups[i], unread[i]);
    if (unread[i].contains(Fact::container)) known.container = std::move(place.container);
    if (unread[i].contains(Fact::unit)) known.unit = std::move(place.unit);
    if (unread[i].contains(Fact::cgroup)) known.cgroup = std::move(place.cgroup);
  }
}

void FactReader::read_namespace(CensusIndex ns, FactSet wanted) {
  FactSet of_namespaces;
  for (const Fact fact :
       {Fact::creator, Fact::net_id, Fact::holders, Fact::uid_map, Fact::gid_map}) {
    if (wanted.contains(fact)) of_namespaces.insert(fact);
  }
  if (of_namespaces.empty()) return;
  NamespaceFacts& known = facts_.namespaces[ns];
  for (const Fact fact : take_unread(of_namespaces, known.read)) {
    switch (fact) {
      case Fact::creator:
        if (census_.namespaces[ns].first_process == kNone) known.creator = creator(ns);
        break;
      case Fact::net_id:
        known.net_id = net_id(ns);
        break;
      case Fact::holders:
        known.holders = read_holders(kernel_, census_, ns, programs_);
        break;
      case Fact::uid_map:
        known.uid_map = read_id_map(kernel_, census_, ns, "uid_map");
        break;
      default:
        known.gid_map = read_id_map(kernel_, census_, ns, "gid_map");
        break;
    }
  }
}

void FactReader::read_users(const Subject& subject, FactSet wanted) {
  if (wanted.contains(Fact::user)) {
    const auto uid = subject.process != nullptr ? std::optional(subject.process->uid)
                                                : facts_.namespaces[subject.ns].creator;
    if (uid) read_user(*uid);
  }
  if (wanted.contains(Fact::owner_user)) {
    const auto uid = owner_uid(census_, census_.namespaces[subject.ns]);
    if (uid) read_user(*uid);
  }
}

void FactReader::read_user(uid_t uid) {
  const auto [entry, is_new] = facts_.users.try_emplace(uid);
  if (!is_new) return;
  const passwd* found = ::getpwuid(uid);
  entry->second = found != nullptr ? found->pw_name : std::to_string(uid);
}

std::optional<uid_t> FactReader::creator(CensusIndex index) const {
  const CensusNamespace& ns = census_.namespaces[index];
  const bool is_user = ns.kind == Kind::user;
  if (is_user && ns.creator != kUnknown) return ns.creator;
  if (ns.owner != kNone && census_.namespaces[ns.owner].creator != kUnknown) {
    return census_.namespaces[ns.owner].creator;
  }
  auto opened = open_namespace(kernel_, census_, index);
  if (opened && !is_user) opened = opened->owner(kernel_);
  const auto uid = opened ? opened->creator_uid() : Result<uid_t>(tl::unexpected(opened.error()));
  return uid ? std::optional(*uid) : std::nullopt;
}

cli::Value FactReader::net_id(CensusIndex index) const {
  if (census_.namespaces[index].kind != Kind::net) return {};
  // The namespace may be gone with its last holder: no value.
  const auto net = open_namespace(kernel_, census_, index);
  if (!net) return {};
  const auto id = peer_net_id(*net);
  if (!id) return {};
  if (!*id) return "unassigned";
  return static_cast<std::uint64_t>(**id);
}

void FactReader::find_containers() {
  facts_.containers.resize(census_.namespaces.size());
  // Most containers share some of the host's namespaces, which do not identify any of them. If PID
  // 1 cannot be seen, our own namespaces are taken for the host's.
  const CensusProcess* init = find_process(census_, 1);
  if (init == nullptr && kernel_.numbers_are_ours()) init = find_process(census_, ::getpid());
  for (const auto& [pid, name] : places_.first_processes()) {
    const CensusProcess* process = find_process(census_, pid);
    if (process == nullptr) continue;
    for (std::size_t kind = 0; kind < kKindCount; ++kind) {
      const CensusIndex ns = process->namespaces[kind];
      const bool is_machines = init != nullptr && init->namespaces[kind] == ns;
      if (ns != kNone && !is_machines) facts_.containers[ns].push_back(name);
    }
  }
}

std::optional<IdMap> read_id_map(const Kernel& kernel, const Census& census, CensusIndex index,
                                 const char* file) {
  if (census.namespaces[index].kind != Kind::user) return std::nullopt;
  const auto text = read_map_file(kernel, census, index, file);
  if (!text) return std::nullopt;
  auto map = parse_id_map(*text);
  if (!map) return std::nullopt;
  return std::move(*map);
}

std::vector<std::string> spelled_lines(const IdMap& map) {
  std::vector<std::string> lines;
  lines.reserve(map.size());
  for (const IdMapLine& line : map) {
    lines.push_back(std::to_string(line.inside) + ':' + std::to_string(line.outside) + ':' +
                    std::to_string(line.count));
  }
  return lines;
}

void write_json(const IdMap& map, cli::JsonWriter& json) {
  json.open('[');
  for (const IdMapLine& line : map) {
    json.open('{').key("inside").number(line.inside);
    json.key("outside").number(line.outside).key("count").number(line.count).close();
  }
  json.close();
}

std::vector<CensusIndex> find_leaders(const Census& census) {
  std::vector<CensusIndex> leaders(census.namespaces.size(), kNone);
  for (CensusIndex i = 0; i < census.processes.size(); ++i) {
    const CensusProcess& process = census.processes[i];
    if (process.start_time == 0) continue;
    for (const CensusIndex ns : process.namespaces) {
      if (ns == kNone) continue;
      // On a tie the lower PID wins, which comes first.
      CensusIndex& leader = leaders[ns];
      if (leader == kNone || process.start_time < census.processes[leader].start_time) leader = i;
    }
  }
  return leaders;
}

std::uint64_t seconds_since(std::uint64_t start_time) {
  // In the caller's time namespace, like the start time in /proc/PID/stat.
  timespec now{};
  const long ticks = ::sysconf(_SC_CLK_TCK);
  if (::clock_gettime(CLOCK_BOOTTIME, &now) != 0 || ticks <= 0) return 0;
  const auto up = static_cast<std::uint64_t>(now.tv_sec);
  const std::uint64_t start = start_time / static_cast<std::uint64_t>(ticks);
  return up > start ? up - start : 0;
}

std::string spelled_age(std::uint64_t seconds) {
  struct Unit {
    std::uint64_t seconds;
    char letter;
  };
  constexpr std::uint64_t kHour = 3600;
  constexpr std::uint64_t kDay = 24 * kHour;
  constexpr std::array kUnits{Unit{365 * kDay, 'y'}, Unit{kDay, 'd'}, Unit{kHour, 'h'},
                              Unit{60, 'm'}, Unit{1, 's'}};
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    const auto& [unit, letter] = kUnits[i];
    if (seconds < unit) continue;
    std::string text = std::to_string(seconds / unit) + letter;
    const Unit& next = kUnits[i + 1];
    const std::uint64_t rest = seconds % unit / next.seconds;
    return rest != 0 ? text + std::to_string(rest) + next.letter : text;
  }
  return std::to_string(seconds) + 's';
}

std::vector<std::uint64_t> count_threads(const Census& census) {
  std::vector<std::uint64_t> threads(census.namespaces.size());
  for (const CensusProcess& process : census.processes) {
    for (const CensusIndex ns : process.namespaces) {
      if (ns != kNone) threads[ns] += process.threads;
    }
  }
  // A thread in another namespace was counted in the namespace of its process.
  for (const CensusHolder& holder : census.holders) {
    if (holder.type != CensusHolder::Type::thread) continue;
    ++threads[holder.ns];
    const auto process =
        std::ranges::lower_bound(census.processes, holder.pid, {}, &CensusProcess::pid);
    if (process == census.processes.end() || process->pid != holder.pid) continue;
    const CensusIndex left = process->in(census.namespaces[holder.ns].kind);
    if (left != kNone) --threads[left];
  }
  return threads;
}

const cli::ContainerNames& Places::names() {
  if (!names_) names_.emplace(kernel_, cli::target_options());
  return *names_;
}

CgroupPlaces& Places::places() {
  if (!places_) places_.emplace(kernel_);
  return *places_;
}

Place Places::of(pid_t pid, const std::string& cgroups, FactSet wanted) {
  // Many processes share their cgroups.
  Place& known = known_[cgroups];
  for (const Fact fact : take_unread(wanted, known.read)) {
    if (fact == Fact::container) known.container = container(cgroups);
    if (fact == Fact::unit) known.unit = unit(cgroups);
    if (fact == Fact::cgroup) known.cgroup = cgroup_in(cgroups).value_or("");
  }
  Place place = known;
  if (!wanted.contains(Fact::container)) return place;
  const auto& first = names().first_processes();
  if (const auto named = first.find(pid); named != first.end()) place.container = named->second;
  return place;
}

std::string Places::container(std::string_view cgroups) {
  const std::string* named = names().of_cgroup(cgroup_in(cgroups).value_or(""));
  if (named != nullptr) return *named;
  auto found = places().of_text(cgroups).container;
  if (!found) return {};
  found->name = cli::short_container_id(found->name);
  return found->text();
}

std::string Places::unit(std::string_view cgroups) {
  const auto found = places().of_text(cgroups).unit;
  return found ? found->text() : "";
}

}  // namespace nsx::ls_tool
