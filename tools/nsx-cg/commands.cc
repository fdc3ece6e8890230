// SPDX-License-Identifier: MIT
#include "nsx-cg/commands.hh"

#include <array>

namespace nsx::cg_tool {

namespace {

constexpr std::array kCommands{
    cli::Command{&kLs, list, "list show"},
    cli::Command{&kTree, tree},
    cli::Command{&kTop, top},
    cli::Command{&kRun, run},
    cli::Command{&kExec, exec},
    cli::Command{&kCreate, create, "mkdir"},
    cli::Command{&kRm, remove, "rmdir", true},
    cli::Command{&kMv, move, "move"},
    cli::Command{&kKillTable, kill, nullptr, true},
    cli::Command{&kFreeze, freeze, nullptr, true},
    cli::Command{&kThaw, thaw},
    cli::Command{&kWait, wait},
    cli::Command{&kReclaim, reclaim, nullptr, true},
    cli::Command{&kDelegate, delegate},
    cli::Command{&kSet, set},
    cli::Command{&kGet, get},
    cli::Command{&kExplain, explain},
    cli::Command{&kExport, export_},
    cli::Command{&kApply, apply},
    cli::Command{&kWhich, which},
};

constexpr std::array kOptions{
    cli::kHelp,
    cli::kVersion,
};

}  // namespace

constexpr cli::Suite kSuite{
    {"nsx-cg",
     "command [options] [operands]",
     "Limit and monitor cgroups",
     kOptions,
     cli::Operands::program,
     kUsageStatus,
     nullptr,
     {{{"nsx-cg top", "what uses the machine now"},
       {"nsx-cg run memory=512M -- make", "with a memory limit"},
       {"nsx-cg explain web", "which limits apply to web"}}}},
    kCommands,
};

}  // namespace nsx::cg_tool
