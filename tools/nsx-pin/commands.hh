// SPDX-License-Identifier: MIT
#pragma once
// The commands of nsx-pin. The file named after a command has its table of options and its code.

#include "common/arguments.hh"
#include "common/commands.hh"

namespace nsx::pin_tool {

/// Not 1, which some commands return as an answer.
inline constexpr int kUsageStatus = 2;

inline constexpr cli::Operands kAnyPins{
    .most = cli::Operands::kAnyNumber, .first = cli::Completes::pin, .rest = cli::Completes::pin};

inline constexpr cli::Option kType =
    cli::value('t', "type", {"TYPE", cli::Completes::words, cli::kKindWords},
               "pins of this kind only; repeatable", cli::call<cli::add_kinds>);

extern const cli::Tool kAdd, kRm, kLs, kExec, kIdentify, kPids, kMv, kGc, kConnect, kSetId, kIds,
    kMonitor, kWaitFor;

// Each runs one command and returns the exit status.
int add(const cli::CommandLine& line);
int remove(const cli::CommandLine& line);   // rm.cc
int list(const cli::CommandLine& line);     // ls.cc
int execute(const cli::CommandLine& line);  // exec.cc
int identify(const cli::CommandLine& line);
int pids(const cli::CommandLine& line);
int rename(const cli::CommandLine& line);   // mv.cc
int collect(const cli::CommandLine& line);  // gc.cc
int connect(const cli::CommandLine& line);
int set_id(const cli::CommandLine& line);
int ids(const cli::CommandLine& line);
int monitor(const cli::CommandLine& line);
int wait(const cli::CommandLine& line);

/// Returns the usage error of a command that takes pin names or --all and was given both or
/// neither.
inline Error name_error(bool has_all) {
  return {has_all ? "--all and pin names are mutually exclusive" : "missing pin name", "", 0, "",
          has_all ? "" : "--all selects all pins"};
}

extern const cli::Suite kSuite;

}  // namespace nsx::pin_tool
