// SPDX-License-Identifier: MIT
#pragma once
// Reading processes: their namespaces, threads and descriptors.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include <nsx/census.hh>
#include <nsx/kernel.hh>
#include <nsx/namespace.hh>

#include "discovery/findings.hh"

namespace nsx {

/// How the namespaces of a process are read. Both ways give the same answer.
enum class Way : std::uint8_t {
  links,  ///< readlink(2) in /proc/PID/ns
  pidfd,  ///< PIDFD_GET_*_NAMESPACE, with a descriptor kept for each namespace
};

/// Chooses the faster way on this machine, by the time that the first processes take. Links are
/// cheap once the kernel has their directory entries in its cache, and cost twice as much before
/// that; requests on a pidfd depend on the cost of a system call.
class FasterWay {
 public:
  using Clock = std::chrono::steady_clock;

  /// Returns the way to read the next process.
  Way next() const {
    if (tried_ < 2 * kTrials) return tried_ % 2 == 0 ? Way::pidfd : Way::links;
    return best_[0] <= best_[1] ? Way::links : Way::pidfd;
  }

  bool is_chosen() const { return tried_ == 2 * kTrials; }

  /// Records the time of a process that was read by next(). The best time of each way counts: it
  /// belongs to a process that was not interrupted, in namespaces that were known before.
  void took(Clock::duration time) {
    Clock::duration& best = best_[static_cast<std::size_t>(next())];
    best = std::min(best, time);
    ++tried_;
  }

 private:
  static constexpr unsigned kTrials = 8;  // of each way
  unsigned tried_ = 0;
  std::array<Clock::duration, 2> best_{Clock::duration::max(), Clock::duration::max()};
};

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

/// Reads two sources: namespaces that processes keep alive through descriptors of namespace files
/// and through sockets.
class DescriptorReader {
 public:
  DescriptorReader(const Kernel& kernel, const CensusRequest& request, Findings& findings)
      : kernel_(kernel), request_(request), findings_(findings) {}

  void read(Visit& visit, const CensusProcess& process);

 private:
  /// What a descriptor refers to, as far as the device and type of its file show.
  struct Look {
    enum class Is { unknown, other, namespace_, first_socket, socket };
    Is is = Is::unknown;
    dev_t device = 0;
    ino_t inode = 0;
  };

  void read_one(int directory, const char* number, Visit& visit, const CensusProcess& process);
  Look look_at(int directory, const char* number);
  /// Adds a namespace file that was opened through a mount: only the namespace itself shows which
  /// one it is.
  void add_namespace_file(int directory, const char* number, const CensusProcess& process);
  void add_namespace(int directory, const char* number, NamespaceLink link,
                     const CensusProcess& process);
  void add_socket(const char* number, ino_t socket, Visit& visit, const CensusProcess& process);
  CensusIndex namespace_of_socket(int number, Visit& visit);
  /// Records a gap after a failed call if the failure was a denial; uses errno.
  void add_gap(Source source, Visit& visit);

  const Kernel& kernel_;
  const CensusRequest& request_;
  Findings& findings_;
  std::optional<dev_t> namespaces_;                 // the device of namespace files; 0: unknown
  dev_t sockets_device_ = 0;                        // the device of sockets; 0: not known yet
  std::unordered_map<ino_t, CensusIndex> sockets_;  // many processes can share a socket
  alignas(8) std::array<char, 32768> buffer_;       // for records of getdents64(2)
};

}  // namespace nsx
