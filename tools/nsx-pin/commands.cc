// SPDX-License-Identifier: MIT
#include "nsx-pin/commands.hh"

#include <array>

namespace nsx::pin_tool {

namespace {

constexpr std::array kCommands{
    cli::Command{&kAdd, add, "attach"},    cli::Command{&kRm, remove, "del delete", true},
    cli::Command{&kLs, list, "list show"}, cli::Command{&kExec, execute},
    cli::Command{&kIdentify, identify},    cli::Command{&kPids, pids},
    cli::Command{&kMv, rename, "rename"},  cli::Command{&kGc, collect, nullptr, true},
    cli::Command{&kConnect, connect},      cli::Command{&kSetId, set_id, "set"},
    cli::Command{&kIds, ids, "list-id"},   cli::Command{&kMonitor, monitor},
    cli::Command{&kWaitFor, wait},
};

constexpr std::array kOptions{
    cli::kHelp,
    cli::kVersion,
};

}  // namespace

constexpr cli::Suite kSuite{
    {"nsx-pin",
     "command [options] [operands]",
     "Keep namespaces alive under a name",
     kOptions,
     cli::Operands::program,
     kUsageStatus,
     nullptr,
     {{{"nsx-pin add blue", "create a network namespace"},
       {"nsx-pin exec blue ip addr", "run a program inside"},
       {"nsx-pin rm blue", "remove it"}}}},
    kCommands,
};

}  // namespace nsx::pin_tool
