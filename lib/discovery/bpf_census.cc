// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <linux/capability.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "discovery/bpf_access.hh"
#include "discovery/bpf_programs.hh"
#include "discovery/bpf_records.hh"
#include "discovery/sources.hh"
#include "discovery/visit.hh"
#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/nsfs.hh"
#include "kernel/trace.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Returns the number of processes, approximately: the link count of a proc mount includes them.
std::size_t processes_in_proc(const Kernel& kernel) {
  struct stat st {};
  return ::fstat(kernel.proc(), &st) == 0 ? st.st_nlink : 0;
}

/// Whether reading descriptors from /proc would take longer than loading the program, although
/// there are few processes. The size of their directory is their number since Linux 6.2.
bool are_many_descriptors(const Kernel& kernel) {
  constexpr off_t kMany = 4096;
  const auto pids = list_pids_at(kernel.proc(), ".");
  if (!pids) return false;
  off_t descriptors = 0;
  for (const pid_t pid : *pids) {
    struct stat st {};
    ProcPath path;
    path.add(pid).add("/fd");
    if (::fstatat(kernel.proc(), path.text(), &st, 0) == 0) descriptors += st.st_size;
    if (descriptors >= kMany) return true;
  }
  return false;
}

bool is_worthwhile(const Kernel& kernel, const CensusRequest& request, std::size_t break_even) {
  if (request.only != 0 || !kernel.has(Feature::bpf_iterator)) return false;
  if (!kernel.is_forced(Feature::bpf_iterator) && processes_in_proc(kernel) < break_even) {
    // A search looks at descriptors last.
    if (break_even != kBreakEvenWithDescriptors || !are_many_descriptors(kernel)) return false;
  }
  // The kernel asks it of those who look up the namespace of a socket.
  return !request.sources.contains(Source::socket) || has_capability(CAP_NET_ADMIN);
}

/// The maps of the program.
struct Maps {
  BpfArray state;
  BpfArray tasks;
  BpfArray scratch;
  BpfArray seen;
  BpfArray namespaces;
  BpfArray holders;

  /// Returns the descriptors in the order in which the program has its maps.
  std::vector<int> of(const BpfProgram& program) const {
    std::vector<int> fds;
    for (const BpfProgram::Map& map : program.maps) {
      const std::string_view name = map.name;
      fds.push_back(name == "state_map"        ? state.fd()
                    : name == "tasks_map"      ? tasks.fd()
                    : name == "scratch_map"    ? scratch.fd()
                    : name == "seen_map"       ? seen.fd()
                    : name == "namespaces_map" ? namespaces.fd()
                                               : holders.fd());
    }
    return fds;
  }
};

Result<Maps> make_maps(std::size_t tasks, std::size_t namespaces) {
  auto state = TRY(BpfArray::create("state", sizeof(nsx_census_state), 1));
  auto task = TRY(BpfArray::create("tasks", sizeof(nsx_census_task), tasks));
  auto scratch = TRY(BpfArray::create("scratch", sizeof(nsx_census_scratch), 1));
  auto seen = TRY(BpfArray::create("seen", sizeof(nsx_census_seen), std::bit_ceil(namespaces)));
  auto ns = TRY(BpfArray::create("namespaces", sizeof(nsx_census_namespace), namespaces));
  auto holder = TRY(BpfArray::create("holders", sizeof(nsx_census_holder), 4096 + 4 * tasks));
  return Maps{std::move(state), std::move(task), std::move(scratch),
              std::move(seen),  std::move(ns),   std::move(holder)};
}

/// What the program has left in its maps, and the processes that the caller may not see.
struct Read {
  Maps maps;
  std::vector<pid_t> refused;
};

/// Reads all tasks. Errors: EOVERFLOW, there are more than the maps have room for.
Result<Read> run(const FittedProgram& fitted, const CensusRequest& request, std::size_t tasks,
                 std::size_t namespaces) {
  Maps maps = TRY(make_maps(tasks, namespaces));
  nsx_census_state& state = maps.state.values<nsx_census_state>().front();
  state.self = static_cast<std::uint32_t>(::getpid());
  state.seen_mask = static_cast<std::uint32_t>(maps.seen.size() - 1);
  if (request.sources.contains(Source::thread)) state.wants |= NSX_CENSUS_WANTS_THREADS;
  if (request.sources.contains(Source::fd) || request.sources.contains(Source::socket)) {
    state.wants |= NSX_CENSUS_WANTS_DESCRIPTORS;
  }
  const std::vector<int> fds = maps.of(fitted.program);
  const OwnedFd program = TRY(load_bpf_iterator(fitted.program, false, fitted.answers, fds));
  AccessCheck access(state, maps.tasks.values<nsx_census_task>());
  TRY(run_bpf_iterator(program.get()));
  if (state.overflow != 0) return fail("read", "all tasks", EOVERFLOW);
  return Read{std::move(maps), access.refused()};
}

Result<Read> run_with_room(const CensusRequest& request) {
  struct sysinfo system {};
  if (::sysinfo(&system) != 0) return fail("count", "processes");
  const Result<FittedPrograms>& programs = fitted_programs();
  if (!programs) return tl::unexpected(programs.error());
  const FittedProgram& fitted = programs->census;
  // Processes may be started meanwhile. All of a process's namespaces may be its own, but few of
  // them are.
  const std::size_t tasks = system.procs + system.procs / 8 + 256;
  auto read = run(fitted, request, tasks, 3 * tasks);
  if (read || read.error().code != EOVERFLOW) return read;
  return run(fitted, request, 2 * tasks, 2 * tasks * NSX_CENSUS_SLOTS);
}

BpfReading reading_of(const Kernel& kernel, const CensusRequest& request) {
  BpfReading reading;
  reading.device = nsfs_device(kernel);
  reading.has_ids = kernel.has(Feature::namespace_id);
  reading.has_inodes = kernel.has(Feature::pidfd_info);
  reading.relations = request.sources.contains(Source::relation);
  return reading;
}

/// Whether a task has a pid namespace for its children that has no init yet.
bool has_empty_pid_namespace(const nsx_census_task& task) {
  const auto own = task.inodes[static_cast<std::size_t>(Kind::pid)];
  return (task.flags & NSX_CENSUS_HAS_INIT) == 0 && own != 0 &&
         task.inodes[NSX_CENSUS_PID_FOR_CHILDREN] != own;
}

/// Returns the processes that are to be read from /proc, in ascending order, with those in `pids`.
std::vector<pid_t> read_otherwise(const Kernel& kernel, const BpfRecords& records,
                                  std::vector<pid_t> pids) {
  // Whether /proc shows it depends on the kernel.
  if (!kernel.has(Feature::pidfd_namespaces)) {
    for (const nsx_census_task& task : records.tasks) {
      if (has_empty_pid_namespace(task)) pids.push_back(static_cast<pid_t>(task.process));
    }
  }
  // Every pid namespace has a PID 1. A kernel can be told to hide it from iterators.
  const auto is_init = [](const nsx_census_task& task) { return task.process == 1; };
  if (std::ranges::none_of(records.tasks, is_init)) pids.push_back(1);
  return unusable(records, std::move(pids));
}

/// Whether /proc hides processes, as list_processes() sees it: not even PID 1 is there.
bool hides_processes(const Kernel& kernel) {
  struct stat st {};
  return ::fstatat(kernel.proc(), "1", &st, 0) != 0;
}

/// Adds a descriptor whose namespace only the descriptor itself shows.
void add_descriptor(const Kernel& kernel, const CensusRequest& request,
                    const nsx_census_holder& holder, Findings& findings) {
  auto ns = open_namespace_link(
      kernel, kernel.proc(),
      std::to_string(holder.process) + "/fd/" + std::to_string(holder.descriptor));
  // It may have been closed meanwhile.
  if (!ns || ns->identity().inode != holder.inode || !request.kinds.contains(ns->kind())) return;
  findings.holders.push_back({findings.table.add(std::move(*ns)), CensusHolder::Type::fd,
                              static_cast<pid_t>(holder.process),
                              static_cast<int>(holder.descriptor), kNone});
}

/// Reads these processes from /proc, and adds them to the others.
Status read_again(const Kernel& kernel, const CensusRequest& request,
                  const std::vector<pid_t>& pids, Findings& findings) {
  std::vector<CensusProcess> others = std::exchange(findings.processes, {});
  for (const pid_t pid : pids)
    findings.processes.push_back({.pid = pid});
  TRY(read_processes(kernel, request, findings));
  const auto middle = static_cast<std::ptrdiff_t>(others.size());
  others.insert(others.end(), findings.processes.begin(), findings.processes.end());
  // Few among many: sorting all of them would take as long as a tenth of the program.
  std::ranges::inplace_merge(others, others.begin() + middle, {}, &CensusProcess::pid);
  findings.processes = std::move(others);
  return {};
}

}  // namespace

Result<bool> read_processes_by_bpf(const Kernel& kernel, const CensusRequest& request,
                                   Findings& findings, std::size_t break_even) {
  if (!is_worthwhile(kernel, request, break_even)) return false;
  const auto read = run_with_room(request);
  if (!read) {
    trace(TraceArea::census, [&] { return "bpf: " + read.error().message(); });
    return false;
  }
  const Maps& maps = read->maps;
  const nsx_census_state& state = maps.state.values<nsx_census_state>().front();
  const BpfRecords records{maps.tasks.values<nsx_census_task>().first(state.tasks),
                           maps.namespaces.values<nsx_census_namespace>().first(state.namespaces),
                           maps.holders.values<nsx_census_holder>().first(state.holders)};
  const std::vector<pid_t> again = read_otherwise(kernel, records, read->refused);
  const std::vector<nsx_census_holder> undescribed =
      add_records(records, reading_of(kernel, request), request, again, findings);
  for (const nsx_census_holder& holder : undescribed)
    add_descriptor(kernel, request, holder, findings);
  trace(TraceArea::census, [&] {
    return "bpf: " + std::to_string(records.tasks.size()) + " tasks, " +
           std::to_string(records.namespaces.size()) + " namespaces, " +
           std::to_string(again.size()) + " processes read again";
  });
  findings.hides_processes = hides_processes(kernel);
  if (!again.empty()) TRY(read_again(kernel, request, again, findings));
  return true;
}

}  // namespace nsx
