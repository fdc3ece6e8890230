#include "discovery/threads.hh"

#include <cerrno>
#include <sys/stat.h>

#include "kernel/directory.hh"

namespace nsx {

namespace {

void read_thread(KindSet kinds, Visit& visit, const CensusProcess& process, Findings& findings) {
  for (const Kind kind : kinds) {
    const CensusIndex found = visit.look_at(kind, false);
    if (found == kNone || found == process.in(kind)) continue;
    findings.holders.push_back(
        {found, CensusHolder::Type::thread, process.pid, visit.pid(), kNone});
  }
}

}  // namespace

void read_threads(const Kernel& kernel, KindSet kinds, Visit& visit, CensusProcess& process,
                  Findings& findings) {
  process.threads = 1;  // as long as it was there
  const int directory = visit.directory();
  struct stat tasks {};
  if (directory < 0 || ::fstatat(directory, "task", &tasks, 0) != 0) return;
  // The directory has a link for itself, one from its parent, and one from each thread's.
  process.threads = tasks.st_nlink > 2 ? static_cast<std::uint32_t>(tasks.st_nlink) - 2 : 1;
  if (process.threads == 1) return;
  const auto threads = list_pids_at(directory, "task");
  if (!threads) return;
  for (const pid_t thread : *threads) {
    if (thread == process.pid) continue;
    Visit of_thread = Visit::of_thread(kernel, findings.table, process.pid, thread);
    read_thread(kinds, of_thread, process, findings);
  }
}

void read_for_children(KindSet kinds, Visit& visit, const CensusProcess& process,
                       Findings& findings) {
  for (const Kind kind : kinds) {
    if (info(kind).for_children == nullptr) continue;
    const CensusIndex found = visit.look_at(kind, true);
    if (found == kNone || found == process.in(kind)) continue;
    findings.holders.push_back({found, CensusHolder::Type::children, process.pid, 0, kNone});
  }
}

}  // namespace nsx
