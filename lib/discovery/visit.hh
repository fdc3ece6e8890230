// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include <nsx/kernel.hh>
#include <nsx/namespace.hh>

#include "discovery/findings.hh"

namespace nsx {

/// A process or thread that is being read by the census. Its handles are opened on demand. Once the
/// process has exited they fail, and never refer to another process.
class Visit {
 public:
  Visit(const Kernel& kernel, NamespaceTable& table, pid_t pid)
      : Visit(kernel, table, std::to_string(pid), pid, 0) {}
  static Visit of_thread(const Kernel& kernel, NamespaceTable& table, pid_t pid, pid_t thread);

  pid_t pid() const { return pid_; }

  /// Returns its pidfd, or -1 with errno. Requires that the proc mount shows the caller's PID
  /// namespace.
  int pidfd();

  /// Returns its directory in the proc mount as an O_PATH descriptor, or -1 with errno.
  int directory();

  /// Returns the table index of one of its namespaces: its own, or that of its future
  /// children. Adds the namespace if it is new. Returns kNone with errno if the process has exited
  /// (ESRCH, ENOENT), if there is no such namespace (ENOENT, EOPNOTSUPP), or if access is denied
  /// (EACCES, EPERM).
  CensusIndex look_at(Kind kind, bool for_children);

  /// Whether an errno means that access was denied. The links of proc(5) also fail with EACCES for
  /// a process that has exited, which is no denial.
  bool is_denial(int code);

 private:
  Visit(const Kernel& kernel, NamespaceTable& table, std::string path, pid_t pid, unsigned flags);

  CensusIndex look_by_pidfd(Kind kind, unsigned request);
  CensusIndex look_by_link(Kind kind, const char* file);
  bool has_ended();

  const Kernel& kernel_;
  NamespaceTable& table_;
  std::string path_;  // below the proc mount
  pid_t pid_;
  unsigned pidfd_flags_;
  // Only worthwhile while few descriptors have to be kept. Otherwise the kernel recreates the inode
  // on each access, and reading links is cheaper.
  bool by_pidfd_;
  std::optional<OwnedFd> pidfd_;
  std::optional<OwnedFd> directory_;
};

/// The first source: reads the namespaces of a process into the table, and its parent and user.
/// Returns nothing if the process has exited or access is denied, which is recorded as a gap. With
/// less than full detail only the links are read, and a process without readable links is returned
/// as well.
std::optional<CensusProcess> read_process(const Kernel& kernel, const CensusRequest& request,
                                          Visit& visit, Findings& findings);

/// Counts the threads of a process, and finds namespaces that a thread is in but the process is
/// not.
void read_threads(const Kernel& kernel, KindSet kinds, Visit& visit, CensusProcess& process,
                  Findings& findings);

/// Finds the namespaces that a process has created for its children but is not in itself.
void read_for_children(KindSet kinds, Visit& visit, const CensusProcess& process,
                       Findings& findings);

}  // namespace nsx
