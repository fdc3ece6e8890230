// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <csignal>
#include <utility>

#include <nsx/plan.hh>

namespace nsx {

/// Gives a program that is another's a terminal in place of the caller's, if that is asked for.
inline void protect_terminal(const Protection& protection, FollowRequest& request) {
  using Use = FollowRequest::Terminal;
  if (protection.of_terminal && request.terminal == Use::callers) {
    request.terminal = Use::in_place_of_callers;
  }
}

/// Adds what closes the descriptors that a program that is another's does not get. It comes first:
/// what is opened later is close-on-exec, and /proc is still readable.
inline void add_protection_of_descriptors(Plan& plan, const Protection& protection) {
  if (protection.keeps_all_descriptors) return;
  plan.steps.push_back(step::CloseDescriptors{protection.kept_descriptors});
}

/// Adds what has to be there before anything else is done: watcher, terminal. `terminal` says where
/// that comes from.
inline void add_follow_steps(Plan& plan, const FollowRequest& request,
                             step::OpenTerminal terminal = {}) {
  if (request.kill_child) plan.steps.push_back(step::StartWatcher{*request.kill_child});
  using Use = FollowRequest::Terminal;
  if (request.terminal != Use::callers) {
    terminal.only_for_terminals = request.terminal == Use::in_place_of_callers;
    plan.steps.push_back(std::move(terminal));
  }
}

/// The fork after which this request is followed.
inline step::Fork follow_fork(const FollowRequest& request) {
  step::Fork fork;
  fork.death_signal = request.kill_child.value_or(0);
  fork.forward = request.forward;
  if (request.terminal != FollowRequest::Terminal::callers) {
    // No key and no kill(2) of a process group reaches its session; and dying of them would leave
    // the caller's terminal raw.
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
      const auto& list = fork.forward;
      if (std::find(list.begin(), list.end(), signal) == list.end()) fork.forward.push_back(signal);
    }
  }
  return fork;
}

}  // namespace nsx
