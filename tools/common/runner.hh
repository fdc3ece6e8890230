// SPDX-License-Identifier: MIT
#pragma once
// Shared code of the tools that run a program: choosing the program, placing its cgroup on a
// machine with systemd, and passing on its exit status.

#include <optional>
#include <vector>

#include <nsx/cgroup_run.hh>
#include <nsx/create.hh>
#include <nsx/enter.hh>
#include <nsx/plan.hh>

#include "common/options.hh"

namespace nsx::cli {

/// Exit statuses of a tool that runs a program, the same as those of env(1), unshare(1) and
/// nsenter(1).
inline constexpr int kFailed = 1;
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

// The default directories of --mount-proc and --mount-sys.
inline constexpr char kUsualProc[] = "/proc";
inline constexpr char kUsualSys[] = "/sys";

/// The values of the options that all tools that run a program have.
struct RunOptions {
  FollowRequest follow;
  bool gives_terminal = false;        ///< --no-pty
  bool keeps_descriptors = false;     ///< --keep-fds
  std::vector<int> kept_descriptors;  ///< empty: all
  bool plan = false;
  bool json = false;  ///< print the plan as JSON
  int status_fd = -1;
  bool forks_not = false;              ///< --no-fork
  const char* needs_parent = nullptr;  ///< an option that needs a waiting parent, or null
};

// The effects of the options that take more than one line.
void set_pty(RunOptions& options);
void set_no_pty(RunOptions& options);
Status set_kept_fds(RunOptions& options, const char* list);
Status set_kill_child(RunOptions& options, const char* signal);
Status set_forward_signals(RunOptions& options, const char* list);
Status set_status_fd(RunOptions& options, const char* fd);
Status add_cgroup_limits(CgroupRequest& request, const char* limits);

inline constexpr Option kPlan =
    flag(kNoLetter, "plan", "print the steps, and do nothing", set_flag<&RunOptions::plan>);
inline constexpr Option kJson =
    flag(kNoLetter, "json", "with --plan: print JSON", set_flag<&RunOptions::json>);
inline constexpr Option kKillChild = optional_value(
    kNoLetter, "kill-child", {"SIGNAL", Completes::words, "HUP INT QUIT KILL TERM USR1 USR2"},
    "send SIGNAL (default KILL) to the program if this process dies; implies a fork",
    call<set_kill_child>);
inline constexpr Option kPty =
    flag(kNoLetter, "pty", "give the program a pseudo-terminal of its own; implies a fork",
         call<set_pty>);
inline constexpr Option kNoPty =
    flag(kNoLetter, "no-pty", "give the program your terminal, where it can inject input",
         call<set_no_pty>);
inline constexpr Option kStatusFd =
    value(kNoLetter, "status-fd", {"FD"},
          "write JSON lines to FD when the program starts and exits; implies a fork",
          call<set_status_fd>);
inline constexpr Option kKeepFds = optional_value(
    kNoLetter, "keep-fds", {"LIST"},
    "pass open file descriptors above 2 to the program: all, or those in the comma-separated LIST",
    call<set_kept_fds>);
inline constexpr Option kIntoCgroup =
    value(kNoLetter, "into-cgroup", {"CGROUP", Completes::cgroup},
          "join this cgroup (v2) first; named as in nsx-cg", set_text<&CgroupRequest::into>);
inline constexpr Option kCgroupLimits =
    value(kNoLetter, "cgroup-limits", {"LIMITS"},
          "run in a new cgroup with these space-separated nsx-cg limits, below --into-cgroup or "
          "the current cgroup",
          call<add_cgroup_limits>);

/// Returns the option --forward-signals; `help` describes what it does in this tool.
constexpr Option forward_signals(const char* help, Effect effect = call<set_forward_signals>) {
  return optional_value(kNoLetter, "forward-signals",
                        {"LIST", Completes::list, "TERM INT HUP QUIT USR1 USR2 WINCH"}, help,
                        effect);
}

// The options that nsx-enter and nsx-pin exec share: running a program in existing namespaces.

inline constexpr Option kNoFork = flag('F', "no-fork", "do not fork after entering a PID namespace",
                                       set_flag<&RunOptions::forks_not>);
inline constexpr Option kForwardMoreSignals = forward_signals(
    "forward these signals to the program, besides TERM, INT, HUP and QUIT; LIST is "
    "comma-separated (default: all that completion offers)");
inline constexpr Option kPreserveCredentials =
    flag(kNoLetter, "preserve-credentials", "keep UID, GID and groups",
         set_flag<&EnterRequest::preserve_credentials>);
inline constexpr Option kKeepEnteredCaps =
    flag(kNoLetter, "keep-caps", "keep the capabilities gained by entering a user namespace",
         set_flag<&EnterRequest::keep_capabilities>);
inline constexpr Option kMountProcForProgram =
    optional_value(kNoLetter, "mount-proc", {"DIR", Completes::directory},
                   "mount a new procfs on DIR (default /proc), visible to the program only",
                   set_text_or<&EnterRequest::mount_proc, kUsualProc>);

/// Checks that the options are compatible, after all have been applied.
Status check(const RunOptions& options);

/// Carries out a plan, or prints it, and returns the tool's exit status. Does not return after it
/// has waited for the program: this process then exits with the program's status, or dies of the
/// signal that killed it.
int run_or_print(const Tool& tool, const Kernel& kernel, const Plan& plan,
                 const RunOptions& options);

/// Reports the failure of a step, and returns the corresponding exit status.
int report_failure(const Tool& tool, const Plan& plan, const PlanFailure& failure);

/// Returns the exit status of a program. If a signal killed it, this process dies of the same
/// signal.
int end_as(const Outcome& outcome);

/// Notes on stderr that /proc still shows the old PID namespace, if a plan changes that namespace
/// but not the mount namespace: ps(1) would then list processes that the program cannot reach.
void hint_stale_proc(const Tool& tool, const Plan& plan);

/// Returns the protection of the caller from a program of another user. With `as_peer`, there is
/// none, as in nsenter(1) and unshare(1).
Protection protection(const RunOptions& options, bool as_peer);

/// Notes on a terminal that a program of another user gets this terminal, because of --no-fork.
void note_given_terminal(const Tool& tool, const EnterRequest& request, const EnterFacts& facts);

/// Returns whether a tool was called by the name of its peer. It then prints no notes that the peer
/// does not print.
bool is_called(const char* path, std::string_view peer);

/// Returns whether PATH contains a program with this name.
bool is_in_path(const std::string& name);

/// Returns the program with these operands as its argv. Without operands, returns the caller's
/// login shell: $SHELL, the one in the user database, or /bin/sh. It is looked up now, before any
/// namespace is entered.
Program choose_program(const std::vector<char*>& operands);

/// Returns the place of a new cgroup if the user named none: below the cgroup of this process. If
/// that cgroup is managed by systemd, requests a scope from systemd and moves this process into it.
/// The hint of an error ends with a complete command.
Result<NewCgroupPlace> place_for_cgroup(const CgroupTree& tree);

/// Returns whether place_for_cgroup() would request a scope from systemd.
bool needs_scope(const CgroupTree& tree);

/// Chooses the place of the new cgroup if limits were given. With `only_plan`, no scope is
/// requested from systemd; a note announces it instead.
Status choose_place(const Tool& tool, const Kernel& kernel, CgroupRequest& request, bool only_plan);

}  // namespace nsx::cli
