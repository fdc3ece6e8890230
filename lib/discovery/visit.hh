// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include <nsx/kernel.hh>
#include <nsx/namespace.hh>

#include "discovery/findings.hh"

namespace nsx {

/// A process or thread while the census looks at it: its handles, opened when they are asked for.
/// Once it has ended they say so; they never become another's.
class Visit {
 public:
  Visit(const Kernel& kernel, NamespaceTable& table, pid_t pid)
      : Visit(kernel, table, std::to_string(pid), pid, 0) {}
  static Visit of_thread(const Kernel& kernel, NamespaceTable& table, pid_t pid, pid_t thread);

  pid_t pid() const { return pid_; }

  /// Its pidfd, or -1 with errno. Where the numbers of the proc mount are ours.
  int pidfd();

  /// Its directory in the proc mount, an O_PATH descriptor, or -1 with errno.
  int directory();

  /// The place in the table of one of its namespaces: the one of a kind that it is in, or that it
  /// has made for its children. Adds it if it is new. kNone, with errno: it ended (ESRCH, ENOENT),
  /// there is none (ENOENT, EOPNOTSUPP), or it is not ours to see (EACCES, EPERM).
  CensusIndex look_at(Kind kind, bool for_children);

  /// Whether an errno says that it is not ours to look into. The links of proc(5) say EACCES of a
  /// process that has ended, too: that is no denial.
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
  // Pays while few descriptors have to be kept: else each look makes the inode anew, and reading
  // links is cheaper.
  bool by_pidfd_;
  std::optional<OwnedFd> pidfd_;
  std::optional<OwnedFd> directory_;
};

/// The first source: reads the process's namespaces into the table, and its parent and user. None
/// if it has ended, or is not ours to look into: that is a gap. Unless all detail is asked for, the
/// links alone are read, and a process without any is one, too.
std::optional<CensusProcess> read_process(const Kernel& kernel, const CensusRequest& request,
                                          Visit& visit, Findings& findings);

/// Counts the threads of a process, and finds the namespaces that one is in without the process.
void read_threads(const Kernel& kernel, KindSet kinds, Visit& visit, CensusProcess& process,
                  Findings& findings);

/// Finds the namespaces that a process has made for its children, and is not in.
void read_for_children(KindSet kinds, Visit& visit, const CensusProcess& process,
                       Findings& findings);

}  // namespace nsx
