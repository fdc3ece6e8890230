// SPDX-License-Identifier: MIT
#pragma once
// What the tools that run a program share: which program, where its cgroup goes on a machine with
// systemd, and how its end is passed on.

#include <optional>
#include <vector>

#include <nsx/cgroup_run.hh>
#include <nsx/create.hh>
#include <nsx/enter.hh>
#include <nsx/plan.hh>

#include "common/options.hh"

namespace nsx::cli {

/// Exit statuses of a tool that runs a program, as env(1), unshare(1) and nsenter(1) have them.
inline constexpr int kFailed = 1;
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

// Where --mount-proc and --mount-sys mount if they do not say.
inline constexpr char kUsualProc[] = "/proc";
inline constexpr char kUsualSys[] = "/sys";

/// What the options that every tool has which runs a program come to.
struct RunOptions {
  FollowRequest follow;
  bool gives_terminal = false;        ///< --no-pty
  bool keeps_descriptors = false;     ///< --keep-fds
  std::vector<int> kept_descriptors;  ///< none: all
  bool plan = false;
  bool json = false;  ///< the plan, for programs
  int status_fd = -1;
  bool forks_not = false;              ///< --no-fork
  const char* needs_parent = nullptr;  ///< an option that is for the parent that waits
};

// What the options do that take more than a line.
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

/// --forward-signals; the help says what else it does in this tool.
constexpr Option forward_signals(const char* help, Effect effect = call<set_forward_signals>) {
  return optional_value(kNoLetter, "forward-signals",
                        {"LIST", Completes::list, "TERM INT HUP QUIT USR1 USR2 WINCH"}, help,
                        effect);
}

// What nsx-enter and nsx-pin exec have in common: how a program is run in namespaces that exist.

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

/// Whether the options go together, when all have been applied.
Status check(const RunOptions& options);

/// Carries out a plan, or prints it: what the tool's exit status is. Where it waited for the
/// program, it does not return: this process ends with the program's status, or dies of its signal.
int run_or_print(const Tool& tool, const Kernel& kernel, const Plan& plan,
                 const RunOptions& options);

/// Reports the failure of a step, and returns the exit status that it means.
int report_failure(const Tool& tool, const Plan& plan, const PlanFailure& failure);

/// The exit status of a program; dies of the signal that it died of.
int end_as(const Outcome& outcome);

/// Says on stderr, if a plan changes the pid namespace and no mount, that /proc still shows the old
/// one: ps(1) and others would show processes that the program can't reach.
void hint_stale_proc(const Tool& tool, const Plan& plan);

/// What protects the caller from a program that is another's; as the peer would run it: nothing.
Protection protection(const RunOptions& options, bool as_peer);

/// Says on a terminal, if the program gets it, since nothing is to be forked, and is another's.
void note_given_terminal(const Tool& tool, const EnterRequest& request, const EnterFacts& facts);

/// Whether a tool was called by the name of its peer: then it says nothing that this does not say.
bool is_called(const char* path, std::string_view peer);

/// Whether PATH leads to a program of this name.
bool is_in_path(const std::string& name);

/// The program that these operands are the argv of, or the caller's login shell: $SHELL, else the
/// one in the user database, else /bin/sh. Looked up here, before any namespace is entered.
Program choose_program(const std::vector<char*>& operands);

/// Where a new cgroup goes for which the user has named no place: below this process's own or,
/// where that is systemd's, in a scope that systemd is asked for, which this process is moved into.
/// Errors come with a command that can be pasted.
Result<NewCgroupPlace> place_for_cgroup(const CgroupTree& tree);

/// Whether that would ask systemd.
bool needs_scope(const CgroupTree& tree);

/// Chooses the place of the cgroup that limits were given for. With `only_plan`, systemd is not
/// asked, and a note says that it will be.
Status choose_place(const Tool& tool, const Kernel& kernel, CgroupRequest& request, bool only_plan);

}  // namespace nsx::cli
