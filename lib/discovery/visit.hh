// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include <nsx/kernel.hh>
#include <nsx/namespace.hh>

#include "discovery/faster_way.hh"
#include "discovery/findings.hh"

namespace nsx {

/// Enough for /proc/PID/stat, which has 52 fields.
inline constexpr std::size_t kStatSize = 2048;

/// A short path in the proc mount, such as "42/ns/net". Needs no memory of its own.
class ProcPath {
 public:
  ProcPath& add(std::string_view part);
  ProcPath& add(pid_t number);
  const char* text() const { return text_.data(); }

 private:
  std::array<char, 64> text_{};
  std::size_t size_ = 0;
};

/// A process or thread that is being read by the census. Its handles are opened on demand. Once the
/// process has exited they fail, and never refer to another process.
class Visit {
 public:
  Visit(const Kernel& kernel, NamespaceTable& table, pid_t pid, Way way);

  /// A thread of the process, read in the same way.
  Visit thread(pid_t thread) const;

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
  Visit(const Visit& process, pid_t thread);

  CensusIndex look_by_pidfd(Kind kind, unsigned request);
  CensusIndex look_by_link(Kind kind, const char* file);
  bool has_ended();

  const Kernel& kernel_;
  NamespaceTable& table_;
  ProcPath path_;  // its directory
  pid_t pid_;
  unsigned pidfd_flags_ = 0;
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

/// Whether Way::pidfd is possible for this request. It needs PIDFD_GET_INFO as the last request on
/// the same pidfd, so that everything belongs to one process.
bool can_use_pidfds(const Kernel& kernel, const CensusRequest& request,
                    const NamespaceTable& table);

/// Counts the threads of a process, and finds namespaces that a thread is in but the process is
/// not.
void read_threads(KindSet kinds, Visit& visit, CensusProcess& process, Findings& findings);

/// Finds the namespaces that a process has created for its children but is not in itself.
void read_for_children(KindSet kinds, Visit& visit, const CensusProcess& process,
                       Findings& findings);

}  // namespace nsx
