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

/// The kind of namespace whose option has this letter, in the tools that run a program.
std::optional<Kind> kind_by_letter(int letter);

/// The program that the operands name, or the caller's login shell: $SHELL, else the one in the
/// user database, else /bin/sh. Looked up here, before any namespace is entered.
Program choose_program(const std::vector<char*>& operands);

/// Prints the steps of a plan, numbered.
int print_plan(const Tool& tool, const Plan& plan);

/// Carries out a plan; returns the exit status, or dies of the signal that its program died of.
int run_plan(const Tool& tool, const Plan& plan);

}  // namespace nsx::cli
