// SPDX-License-Identifier: MIT
#pragma once
// Pure parts of planning: id maps, the steps for waiting and protection, and a root directory with
// other tools.

#include <string>
#include <utility>
#include <vector>

#include <nsx/create.hh>
#include <nsx/enter.hh>
#include <nsx/id_map.hh>
#include <nsx/plan.hh>

namespace nsx {

// Arithmetic of id maps, as pure functions.

/// Returns the lines of a block next to the line of the caller's own id.
///
/// `cut`, or a block that contains the own id outside: removes the pairs that conflict with the own
/// line. Otherwise, if the own id inside falls into the block, the block is split around it: its
/// ids outside stay contiguous. With `apart` its last id is dropped; with `apart_and_grow` the
/// range inside grows instead.
enum class MakeWay : std::uint8_t { cut, apart, apart_and_grow };
IdMap beside_own(const IdMapLine& block, const IdMapLine& own, MakeWay how);

/// Checks that a map can be written: no line is empty or out of range, no id occurs twice on the
/// same side, and it is within the kernel's limits (user_namespaces(7)).
Status check_id_map(const char* what, const IdMap& map);

/// Computes the map of a request, which may be empty. `what` is "UID" or "GID", for messages.
Result<IdMap> make_id_map(const char* what, const IdMapRequest& request, std::uint32_t own_id,
                          const CreateFacts::Ids& facts);

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
    add_ending_signals(fork.forward);
  }
  return fork;
}

// The root directory of a ToolsRequest (tools.cc).

/// Adds the steps that make and enter it, in place of `target`, which joins the target's mount
/// namespace.
void add_new_root(Plan& plan, const ToolsRequest& request, const ToolsFacts& facts,
                  const step::JoinNamespace& target);

/// Returns the variables (NAME=VALUE) of a program in it. `has_user`: it runs as another user.
std::vector<std::string> variables_of(const ToolsRequest& request, const ToolsFacts& facts,
                                      const Program& program, bool has_user);

}  // namespace nsx
