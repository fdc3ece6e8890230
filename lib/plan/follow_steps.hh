#pragma once

#include <algorithm>
#include <csignal>

#include <nsx/follow.hh>
#include <nsx/plan.hh>

namespace nsx {

/// Adds what has to be there before anything else is done: watcher, terminal.
inline void add_follow_steps(Plan& plan, const FollowRequest& request) {
  if (request.kill_child) plan.steps.push_back(step::StartWatcher{*request.kill_child});
  if (request.terminal) plan.steps.push_back(step::OpenTerminal{});
}

/// The fork after which this request is followed.
inline step::Fork follow_fork(const FollowRequest& request) {
  step::Fork fork;
  fork.death_signal = request.kill_child.value_or(0);
  fork.forward = request.forward;
  if (request.terminal) {
    // Dying of them would leave the caller's terminal raw; that of the program hangs up with it.
    for (const int signal : {SIGHUP, SIGQUIT}) {
      const auto& list = fork.forward;
      if (std::find(list.begin(), list.end(), signal) == list.end()) fork.forward.push_back(signal);
    }
  }
  return fork;
}

}  // namespace nsx
