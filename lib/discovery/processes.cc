#include "discovery/processes.hh"

#include <cerrno>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <nsx/process.hh>

#include "kernel/abi.hh"
#include "kernel/files.hh"

namespace nsx {

namespace {

bool read_info(Visit& visit, CensusProcess& process) {
  abi::PidfdInfo found{};
  found.mask = abi::kPidfdInfoPid | abi::kPidfdInfoCreds;
  if (::ioctl(visit.pidfd(), abi::kPidfdGetInfo, &found) != 0) return false;
  process.parent = static_cast<pid_t>(found.ppid);
  process.uid = found.euid;
  return true;
}

bool read_stat(Visit& visit, CensusProcess& process) {
  struct stat st {};
  const int directory = visit.directory();
  if (directory < 0) return false;
  const auto text = read_file_at(directory, "stat");
  if (!text || ::fstat(directory, &st) != 0) return false;
  const auto stat = parse_process_stat(*text);
  if (!stat) return false;
  process.parent = stat->parent;
  process.start_time = stat->start_time;
  process.uid = st.st_uid;
  return true;
}

}  // namespace

std::optional<CensusProcess> read_process(const Kernel& kernel, const CensusRequest& request,
                                          Visit& visit, Findings& findings) {
  CensusProcess process;
  process.pid = visit.pid();
  process.namespaces.fill(kNone);
  bool any = false;
  int denied = 0;
  for (const Kind kind : request.kinds) {
    const CensusIndex found = visit.look_at(kind, false);
    if (found == kNone && (errno == EACCES || errno == EPERM)) denied = errno;
    if (found != kNone) any = true;
    process.namespaces[static_cast<std::size_t>(kind)] = found;
  }
  if (!any) {
    if (visit.is_denial(denied)) findings.gaps.add(Source::process, denied);
    return std::nullopt;
  }
  // The last look at the process: it was alive all the time.
  const bool by_info =
      !request.start_times && kernel.has(Feature::pidfd_info) && visit.pidfd() >= 0;
  if (!(by_info && read_info(visit, process)) && !read_stat(visit, process)) return std::nullopt;
  return process;
}

}  // namespace nsx
