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

/// Who is in a net namespace, asked of rtnetlink(7) with a few system calls for many processes: a
/// few microseconds each, where the link of one in /proc takes ten. The namespace gets a netnsid
/// for that, in a new net namespace that nobody else sees, and that ends with this.
class NetMembers {
 public:
  /// The calling thread is in the new net namespace from then on (unshare(2)). Needs CAP_SYS_ADMIN.
  static Result<NetMembers> open(const Namespace& net);

  /// Those of the processes, by their PIDs in the caller's PID namespace, that are in it.
  Result<std::vector<pid_t>> among(std::span<const pid_t> pids) const;

 private:
  friend class NetMembersAsker;
  explicit NetMembers(OwnedFd socket) : socket_(std::move(socket)) {}

  /// Of the net namespace of the calling thread: another for what open() has asked in it.
  static Result<NetMembers> open_socket();

  OwnedFd socket_;
};

/// Asks NetMembers in a thread of its own while /proc is still being listed, then in both.
class NetMembersAsker {
 public:
  /// The namespace must outlive this.
  explicit NetMembersAsker(const Namespace& net);
  ~NetMembersAsker();
  NetMembersAsker(const NetMembersAsker&) = delete;
  NetMembersAsker& operator=(const NetMembersAsker&) = delete;
  NetMembersAsker(NetMembersAsker&&) = delete;
  NetMembersAsker& operator=(NetMembersAsker&&) = delete;

  void hand_over(std::span<const pid_t> pids);

  /// The members among all that were handed over. Comes last.
  Result<std::vector<pid_t>> take();

 private:
  void end();
  void run(const Namespace& net);

  /// Some of those handed over; none: that was all, or, unless it `waits`, all for now.
  std::vector<pid_t> next(bool waits);

  /// Asks for them until there are no more.
  Result<std::vector<pid_t>> ask(const NetMembers& asked, bool waits);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<pid_t> waiting_;
  bool is_complete_ = false;
  std::optional<NetMembers> twin_;
  Result<std::vector<pid_t>> members_;  // of the thread, until it has ended
  std::thread thread_;
};

}  // namespace nsx
