#pragma once

#include <optional>

#include <nsx/plan.hh>

#include "plan/messages.hh"
#include "plan/terminal.hh"
#include "plan/watcher.hh"

namespace nsx {

/// This process among those that carry out a plan: the parent that waits, the child, the init of a
/// pid namespace, the program. A step that forks returns in each of them.
class Family {
 public:
  /// `has_init`: a BecomeInit will come.
  Family(const OnStart& on_start, bool has_init) : on_start_(on_start), has_init_(has_init) {}

  Status start_watcher(int signal);
  Status open_terminal();

  /// Forks as the step says. In the child: none, with the signals as they were. In the parent: how
  /// the program ended, after it was followed through every stop.
  Result<std::optional<Outcome>> fork(const Kernel& kernel, const step::Fork& step);

  /// Forks again, returns in the new child.
  Status become_init();

  /// Whether this is no longer the process that began.
  bool has_forked() const { return has_forked_; }

  /// Asks again for the signal that tells the parent's death, after a change of ids.
  Status renew_death_signal() const;

  /// Tells the parent, if it wants to know, that the program is about to start ...
  Status tell_start(const Kernel& kernel) const;
  /// ... and that it will not.
  void give_up() const;

 private:
  Status open_connections();
  Status be_child(const step::Fork& step, OwnedFd parent);

  const OnStart& on_start_;
  bool has_init_;
  bool has_forked_ = false;
  std::optional<Watcher> watcher_;
  std::optional<Terminal> terminal_;
  std::optional<Channel> from_child_;
  std::optional<Channel> to_parent_;
  OwnedFd executed_;    ///< ends when the program is executed, or nobody is left to do it
  OwnedFd unexecuted_;  ///< its other end, closed by exec
  int death_signal_ = 0;
  OwnedFd parent_;  ///< a pidfd, with a death signal
};

}  // namespace nsx
