// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/utsname.h>

#include <nsx/namespace.hh>

#include "kernel/spawn.hh"

namespace nsx {

/// A child process in a namespace, with the lifetime of this object. Gives access to data that is
/// only visible from inside, while the caller stays where it is.
class Visitor {
 public:
  /// Forks a child that joins the namespace. If the caller lacks permission, the child first joins
  /// the owning user namespace, where it may have it.
  static Result<Visitor> send(const Kernel& kernel, const Namespace& ns);

  pid_t pid() const { return child_.pid(); }

  /// Returns the result of uname(2) inside.
  const utsname& names() const { return names_; }

  /// Returns a rtnetlink(7) socket that was created inside a net namespace.
  int socket() const { return opened_.get(); }

  /// Returns the root directory of a mount namespace.
  OwnedFd take_root() { return std::move(opened_); }

 private:
  explicit Visitor(Spawned child) : child_(std::move(child)) {}

  Spawned child_;   // exits when the channel is closed
  OwnedFd opened_;  // opened by the child inside
  utsname names_{};
};

}  // namespace nsx
