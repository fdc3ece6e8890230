// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>
#include <sys/types.h>
#include <thread>
#include <vector>

#include <nsx/namespace.hh>

namespace nsx {

/// Finds the members of a net namespace through rtnetlink(7), with a few system calls for many
/// processes: a few microseconds for each process, compared with ten for reading its link in /proc.
/// For this, the namespace gets a netnsid in a new, private net namespace, which ends with this
/// object.
class NetMembers {
 public:
  /// Prepares to query the members of `net`. Moves the calling thread into a new net namespace
  /// (unshare(2)). Needs CAP_SYS_ADMIN.
  static Result<NetMembers> open(const Namespace& net);

  /// Returns those of the processes that are in the namespace. PIDs are those of the caller's PID
  /// namespace.
  Result<std::vector<pid_t>> among(std::span<const pid_t> pids) const;

 private:
  friend class NetMembersAsker;
  explicit NetMembers(OwnedFd socket) : socket_(std::move(socket)) {}

  /// Opens another socket in the net namespace of the calling thread, to query what open() has
  /// prepared there.
  static Result<NetMembers> open_socket();

  OwnedFd socket_;
};

/// Queries NetMembers in a separate thread while /proc is still being listed, and afterwards in
/// both threads.
class NetMembersAsker {
 public:
  /// Starts the thread. The namespace must outlive this object.
  explicit NetMembersAsker(const Namespace& net);
  ~NetMembersAsker();
  NetMembersAsker(const NetMembersAsker&) = delete;
  NetMembersAsker& operator=(const NetMembersAsker&) = delete;
  NetMembersAsker(NetMembersAsker&&) = delete;
  NetMembersAsker& operator=(NetMembersAsker&&) = delete;

  void hand_over(std::span<const pid_t> pids);

  /// Returns the members among all processes that were handed over. Must be called last.
  Result<std::vector<pid_t>> take();

 private:
  void end();
  void run(const Namespace& net);

  /// Returns some of the processes handed over. An empty result means that all are done or, unless
  /// it `waits`, that there are none at the moment.
  std::vector<pid_t> next(bool waits);

  /// Queries processes until there are no more.
  Result<std::vector<pid_t>> ask(const NetMembers& asked, bool waits);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<pid_t> waiting_;
  bool is_complete_ = false;
  std::optional<NetMembers> twin_;
  Result<std::vector<pid_t>> members_;  // written by the thread until it ends
  std::thread thread_;
};

}  // namespace nsx
