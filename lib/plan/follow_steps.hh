// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <csignal>
#include <utility>

#include <nsx/plan.hh>

namespace nsx {

/// Replaces the caller's terminal by a new one, if requested for programs of other users.
inline void protect_terminal(const Protection& protection, FollowRequest& request) {
  using Use = FollowRequest::Terminal;
  if (protection.of_terminal && request.terminal == Use::callers) {
    request.terminal = Use::in_place_of_callers;
  }
}

/// Adds the step that closes the caller's descriptors for programs of other users. It comes first:
/// later descriptors are close-on-exec, and /proc is still readable.
inline void add_protection_of_descriptors(Plan& plan, const Protection& protection) {
  if (protection.keeps_all_descriptors) return;
  plan.steps.push_back(step::CloseDescriptors{protection.kept_descriptors});
}

/// Adds the steps that must precede all others: watcher and terminal. `terminal` describes where
/// the terminal is opened.
inline void add_follow_steps(Plan& plan, const FollowRequest& request,
                             step::OpenTerminal terminal = {}) {
  if (request.kill_child) plan.steps.push_back(step::StartWatcher{*request.kill_child});
  using Use = FollowRequest::Terminal;
  if (request.terminal != Use::callers) {
    terminal.only_for_terminals = request.terminal == Use::in_place_of_callers;
    plan.steps.push_back(std::move(terminal));
  }
}

/// Returns the fork step for a request.
inline step::Fork follow_fork(const FollowRequest& request) {
  step::Fork fork;
  fork.death_signal = request.kill_child.value_or(0);
  fork.forward = request.forward;
  if (request.terminal != FollowRequest::Terminal::callers) {
    // Neither keys nor kill(2) to a process group reach the session of the program, and dying of
    // these signals would leave the caller's terminal raw.
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
      const auto& list = fork.forward;
      if (std::find(list.begin(), list.end(), signal) == list.end()) fork.forward.push_back(signal);
    }
  }
  return fork;
}

}  // namespace nsx
