#pragma once

#include <optional>

#include <nsx/plan.hh>

#include "plan/messages.hh"
#include "plan/terminal.hh"
#include "plan/waited_signals.hh"

namespace nsx {

/// What the parent has of a child that it waits for. Pointers may be null.
struct Followed {
  pid_t child = 0;
  const step::Fork* step = nullptr;
  Terminal* terminal = nullptr;
  const Channel* channel = nullptr;   ///< from those inside
  const OwnedFd* executed = nullptr;  ///< a pipe that ends when the program is executed
  const OnStart* on_start = nullptr;
};

/// The signals that a parent takes while it waits as the step says.
Result<WaitedSignals> block_signals(const step::Fork& step, bool has_terminal, bool has_channel);

/// Waits for the child to end. A stop of the program stops this process too, so that the shell
/// above sees it; when that is continued, so is the program.
Outcome follow(const Followed& followed, const WaitedSignals& signals);

}  // namespace nsx
