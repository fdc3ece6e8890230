// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/utsname.h>

#include <nsx/namespace.hh>

#include "kernel/spawn.hh"

namespace nsx {

/// A child process that is in a namespace, does nothing there, and ends with this object. What only
/// somebody inside can see is seen through it, while the caller stays where it is.
class Visitor {
 public:
  /// Forks a child that joins the namespace; where the caller has no right to that, first the user
  /// namespace that owns it, in which it may have one.
  static Result<Visitor> send(const Kernel& kernel, const Namespace& ns);

  pid_t pid() const { return child_.pid(); }

  /// What uname(2) says there.
  const utsname& names() const { return names_; }

  /// Where a net namespace is visited: a socket for rtnetlink(7) that was made there.
  int socket() const { return opened_.get(); }

  /// Where a mount namespace is visited: its root directory.
  OwnedFd take_root() { return std::move(opened_); }

 private:
  explicit Visitor(Spawned child) : child_(std::move(child)) {}

  Spawned child_;   // the end of the channel is its end
  OwnedFd opened_;  // by the child, there
  utsname names_{};
};

}  // namespace nsx
