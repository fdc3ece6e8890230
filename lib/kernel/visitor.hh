#pragma once

#include <sys/types.h>
#include <sys/utsname.h>

#include <nsx/namespace.hh>

namespace nsx {

/// A child process that is in a namespace, does nothing there, and ends with this object. What only
/// somebody inside can see is seen through it, while the caller stays where it is.
class Visitor {
 public:
  /// Forks a child that joins the namespace; where the caller has no right to that, first the user
  /// namespace that owns it, in which it may have one.
  static Result<Visitor> send(const Kernel& kernel, const Namespace& ns);

  Visitor(Visitor&& other) noexcept;
  Visitor& operator=(Visitor&&) = delete;
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  ~Visitor();

  pid_t pid() const { return pid_; }

  /// What uname(2) says there.
  const utsname& names() const { return names_; }

  /// Where a net namespace is visited: a socket for rtnetlink(7) that was made there.
  int socket() const { return socket_.get(); }

 private:
  Visitor() = default;

  pid_t pid_ = -1;
  OwnedFd connection_;  // its end is the child's
  OwnedFd socket_;
  utsname names_{};
};

}  // namespace nsx
