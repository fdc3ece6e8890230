#pragma once
// What the tools that run a program share: which program, and how its end is passed on.

#include <optional>
#include <vector>

#include <nsx/create.hh>
#include <nsx/kind.hh>
#include <nsx/plan.hh>

#include "common/options.hh"

namespace nsx::cli {

/// Exit statuses of a tool that runs a program, as env(1), unshare(1) and nsenter(1) have them.
inline constexpr int kFailed = 1;
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

/// --plan, which every tool that runs a program has.
inline constexpr int kPlanId = 512;
inline constexpr Option kPlan{kPlanId,
                              "plan",
                              Argument::none,
                              nullptr,
                              Completes::nothing,
                              nullptr,
                              "print what would be done, step by step, and do nothing"};

/// What the options that every tool has which runs a program come to.
struct RunOptions {
  FollowRequest follow;
  bool plan = false;
  bool json = false;  ///< the plan, for programs
  int status_fd = -1;
};

inline constexpr int kKillChildId = 513;
inline constexpr int kForwardSignalsId = 514;
inline constexpr int kPtyId = 515;
inline constexpr int kStatusFdId = 516;
inline constexpr int kJsonId = 517;
inline constexpr Option kJson{
    kJsonId, "json", Argument::none, nullptr, Completes::nothing, nullptr, "with --plan: as JSON"};
inline constexpr Option kKillChild{
    kKillChildId,
    "kill-child",
    Argument::optional,
    "SIGNAL",
    Completes::words,
    "HUP INT QUIT KILL TERM USR1 USR2",
    "when this process dies, send the program SIGNAL (default KILL); implies a fork"};
inline constexpr Option kPty{kPtyId,
                             "pty",
                             Argument::none,
                             nullptr,
                             Completes::nothing,
                             nullptr,
                             "give the program a new pseudo-terminal; implies a fork"};
inline constexpr Option kStatusFd{
    kStatusFdId,
    "status-fd",
    Argument::required,
    "FD",
    Completes::nothing,
    nullptr,
    "write a JSON line to FD when the program starts, and when it ends; implies a fork"};

inline constexpr int kIntoCgroupId = 518;
inline constexpr int kCgroupLimitsId = 519;
inline constexpr Option kIntoCgroup{kIntoCgroupId,
                                    "into-cgroup",
                                    Argument::required,
                                    "CGROUP",
                                    Completes::cgroup,
                                    nullptr,
                                    "join this cgroup first (v2), as nsx-cg names it"};
inline constexpr Option kCgroupLimits{
    kCgroupLimitsId,
    "cgroup-limits",
    Argument::required,
    "LIMITS",
    Completes::nothing,
    nullptr,
    "make a cgroup with these limits, as nsx-cg has them with blanks between, and join it; it is "
    "below --into-cgroup, or this command's own"};

/// --forward-signals; the help says what else it does in this tool.
constexpr Option forward_signals(const char* help) {
  return {kForwardSignalsId,
          "forward-signals",
          Argument::optional,
          "LIST",
          Completes::list,
          "TERM INT HUP QUIT USR1 USR2 WINCH",
          help};
}

/// What --forward-signals stands for without a list.
const std::vector<int>& usual_signals();

/// Puts one of these options into `options`; any other is passed over.
Status apply(const Given& given, RunOptions& options);

/// The same for those that say which cgroup the program is in.
Status apply(const Given& given, CgroupRequest& request);

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

/// Whether a tool was called by the name of its peer: then it says nothing that this does not say.
bool is_called(const char* path, std::string_view peer);

/// The kind of namespace whose option has this letter, in the tools that run a program.
std::optional<Kind> kind_by_letter(int letter);

/// The program that these operands are the argv of, or the caller's login shell: $SHELL, else the
/// one in the user database, else /bin/sh. Looked up here, before any namespace is entered.
Program choose_program(const std::vector<char*>& operands);

/// This shell, run as a login shell: its own name starts with "-".
Program as_login_shell(std::string shell);

}  // namespace nsx::cli
