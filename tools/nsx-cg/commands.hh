#pragma once
// The tables of all commands of nsx-cg. What carries them out is in code.hh.

#include <array>

#include "common/commands.hh"

namespace nsx::cg_tool {

inline constexpr int kSort = 256;
inline constexpr int kInterval = 257;
inline constexpr int kName = 258;
inline constexpr int kKeep = 259;
inline constexpr int kStats = 260;
inline constexpr int kOomExit = 261;
inline constexpr int kLeaf = 262;
inline constexpr int kForce = 263;
inline constexpr int kDryRun = 264;
inline constexpr int kKill = 265;
inline constexpr int kEmpty = 266;
inline constexpr int kPopulated = 267;
inline constexpr int kFrozen = 268;
inline constexpr int kMemory = 269;
inline constexpr int kPressure = 270;
inline constexpr int kTimeout = 271;
inline constexpr int kControllers = 272;
inline constexpr int kInto = 273;
inline constexpr int kAll = 274;
inline constexpr int kCount = 275;

constexpr cli::Option flag(int id, const char* name, const char* help) {
  return {id, name, cli::Argument::none, nullptr, cli::Completes::nothing, nullptr, help};
}

inline constexpr const char* kColumnWords =
    "NAME PROCS THREADS CPU% MEM PEAK LIMIT SWAP RBPS WBPS RXBPS TXBPS RX TX PIDS/MAX CPU-PSI "
    "MEM-PSI IO-PSI OOM FROZEN TYPE CONTROLLERS CONTAINER UNIT";
inline constexpr const char* kTopSortWords =
    "NAME PROCS THREADS CPU% MEM PEAK LIMIT SWAP RBPS WBPS RXBPS TXBPS RX TX PIDS/MAX CPU-PSI "
    "MEM-PSI IO-PSI OOM FROZEN TYPE CONTROLLERS CONTAINER UNIT EVENTS";
inline constexpr const char* kLimitWords =
    "memory= memory.high= memory.low= memory.min= swap= cpu= cpu.weight= cpu.max.burst= cpus= "
    "mems= pids= io= io.weight= io.latency= net.in= net.out=";
inline constexpr const char* kKeyWords =
    "memory memory.current memory.high memory.low memory.min memory.peak memory.stat swap cpu "
    "cpu.stat cpu.weight cpus pids pids.current io io.stat io.weight net.in net.out net.stat "
    "cgroup.controllers "
    "cgroup.events cgroup.procs cgroup.stat cgroup.subtree_control cgroup.type";

inline constexpr cli::Option kJson = flag('J', "json", "print JSON");
inline constexpr cli::Option kDryRunOption =
    flag(kDryRun, "dry-run", "print what would be done, as commands of a shell, and do nothing");
inline constexpr cli::Option kForceOption =
    flag(kForce, "force", "also where systemd owns the cgroups");
inline constexpr cli::Option kLeafOption{
    kLeaf,
    "leaf",
    cli::Argument::required,
    "NAME",
    cli::Completes::nothing,
    nullptr,
    "where a cgroup above has processes of its own, move them to a new one of this name in it"};
inline constexpr cli::Option kTimeoutOption{kTimeout,
                                            "timeout",
                                            cli::Argument::required,
                                            "TIME",
                                            cli::Completes::nothing,
                                            nullptr,
                                            "wait no longer than this: 10s, 250ms"};

inline constexpr cli::Operands kOneCgroup{.least = 1, .most = 1, .first = cli::Completes::cgroup};
inline constexpr cli::Operands kCgroups{.least = 1,
                                        .most = cli::Operands::kAnyNumber,
                                        .first = cli::Completes::cgroup,
                                        .rest = cli::Completes::cgroup};
inline constexpr cli::Operands kMaybeCgroup{.most = 1, .first = cli::Completes::cgroup};
inline constexpr cli::Operands kCgroupAndLimits{.least = 1,
                                                .most = cli::Operands::kAnyNumber,
                                                .first = cli::Completes::cgroup,
                                                .rest = cli::Completes::words,
                                                .words = kLimitWords};

// --- ls, tree ------------------------------------------------------------------------------------

inline constexpr cli::Option kBytes = flag('b', "bytes", "print sizes in bytes");
inline constexpr cli::Option kNoHeadings = flag('n', "noheadings", "print no headings");
inline constexpr cli::Option kOutput{
    'o',
    "output",
    cli::Argument::required,
    "COLUMNS",
    cli::Completes::list,
    kColumnWords,
    "the columns to show, with commas between; with + in front, behind the usual ones"};
inline constexpr cli::Option kFilter{
    'Q',
    "filter",
    cli::Argument::required,
    "EXPR",
    cli::Completes::nothing,
    nullptr,
    "only the cgroups that the expression is true for: 'PROCS > 0 and OOM > 0'"};
inline constexpr cli::Option kDepth{'d',
                                    "depth",
                                    cli::Argument::required,
                                    "NUMBER",
                                    cli::Completes::nothing,
                                    nullptr,
                                    "only so many layers below the first cgroup"};
inline constexpr cli::Option kSortOption{kSort,
                                         "sort",
                                         cli::Argument::required,
                                         "COLUMN",
                                         cli::Completes::words,
                                         kColumnWords,
                                         "sort by this column; with - in front, the largest first"};
inline constexpr cli::Option kIntervalOption{
    kInterval,
    "interval",
    cli::Argument::required,
    "TIME",
    cli::Completes::nothing,
    nullptr,
    "for CPU% and what ends with BPS, look twice with this time between (default 250ms)"};

inline constexpr std::array kLsOptions{
    kBytes,
    kDepth,
    kJson,
    kNoHeadings,
    kOutput,
    kFilter,
    flag('r', "raw", "print cells with one blank between and no alignment"),
    kSortOption,
    kIntervalOption,
    cli::kHelp,
};
inline constexpr cli::Tool kLs{
    "nsx-cg ls", "[options] [cgroup]", "Lists a cgroup and all below it.",
    kLsOptions,  kMaybeCgroup,         2,
    nullptr,
};

inline constexpr std::array kTreeOptions{
    kBytes,      kDepth,      kJson,
    kNoHeadings, kOutput,     flag('p', "processes", "show the processes, too"),
    kFilter,     kSortOption, kIntervalOption,
    cli::kHelp,
};
inline constexpr cli::Tool kTree{
    "nsx-cg tree", "[options] [cgroup]", "Shows a cgroup and all below it as a tree.",
    kTreeOptions,  kMaybeCgroup,         2,
    nullptr,
};

// --- top -----------------------------------------------------------------------------------------

inline constexpr std::array kTopOptions{
    flag('B', "batch", "print a table at each look, also on a terminal"),
    kBytes,
    cli::Option{kCount, "count", cli::Argument::required, "NUMBER", cli::Completes::nothing,
                nullptr, "end after so many looks"},
    flag('J', "json", "print a line of JSON at each look"),
    kNoHeadings,
    kOutput,
    kFilter,
    cli::Option{kSort, "sort", cli::Argument::required, "COLUMN", cli::Completes::words,
                kTopSortWords,
                "sort by this column; with - in front, the largest first (default -CPU%)"},
    flag('T', "tree", "show a tree"),
    cli::Option{kInterval, "interval", cli::Argument::required, "TIME", cli::Completes::nothing,
                nullptr, "look again after this time: 500ms, 10s (default 1s)"},
    cli::kHelp,
};
inline constexpr cli::Tool kTop{
    "nsx-cg top",
    "[options] [cgroup]",
    "Shows what a cgroup and those below it use, again and again.",
    kTopOptions,
    kMaybeCgroup,
    2,
    "On a terminal, h shows the keys. Elsewhere, a table is printed at each look.",
};

// --- run -----------------------------------------------------------------------------------------

inline constexpr std::array kRunOptions{
    cli::Option{kInto, "into", cli::Argument::required, "CGROUP", cli::Completes::cgroup, nullptr,
                "make the cgroup below this one (default: below this command's own)"},
    cli::Option{kName, "name", cli::Argument::required, "NAME", cli::Completes::nothing, nullptr,
                "what it is called (default: nsx- and this command's PID)"},
    flag(kKeep, "keep", "leave it where it is, with what still runs in it"),
    flag(kStats, "stats", "at the end, print on standard error what was used"),
    flag('J', "json", "with --stats: as JSON"),
    cli::Option{kOomExit, "oom-exit", cli::Argument::required, "STATUS", cli::Completes::nothing,
                nullptr, "exit with this status if a process was killed for lack of memory"},
    kLeafOption,
    kForceOption,
    kDryRunOption,
    cli::kHelp,
};
inline constexpr cli::Tool kRun{
    "nsx-cg run",
    "[options] [limit...] -- program [argument...]",
    "Runs a program in a cgroup of its own.",
    kRunOptions,
    cli::Operands{.most = cli::Operands::kAnyNumber,
                  .first = cli::Completes::words,
                  .rest = cli::Completes::words,
                  .words = kLimitWords,
                  .runs = cli::Operands::Runs::after_dashes},
    1,
    nullptr,
};

// --- exec ----------------------------------------------------------------------------------------

inline constexpr std::array kExecOptions{kForceOption, cli::kHelp};
inline constexpr cli::Tool kExec{
    "nsx-cg exec",
    "[options] cgroup -- program [argument...]",
    "Runs a program in a cgroup that is there.",
    kExecOptions,
    cli::Operands{.least = 1,
                  .most = 1,
                  .first = cli::Completes::cgroup,
                  .runs = cli::Operands::Runs::after_dashes},
    1,
    nullptr,
};

// --- create, rm, mv ------------------------------------------------------------------------------

inline constexpr std::array kCreateOptions{
    flag('p', "parents", "no error if it is there"),
    kLeafOption,
    kForceOption,
    kDryRunOption,
    cli::kHelp,
};
inline constexpr cli::Tool kCreate{
    "nsx-cg create",
    "[options] cgroup [limit...]",
    "Makes a cgroup, with those above that are missing, and sets limits.",
    kCreateOptions,
    kCgroupAndLimits,
    2,
    nullptr,
};

inline constexpr std::array kRmOptions{
    flag('r', "recursive", "remove the cgroups below it, too"),
    flag(kKill, "kill", "kill all processes in it first"),
    kForceOption,
    cli::kHelp,
};
inline constexpr cli::Tool kRm{
    "nsx-cg rm", "[options] cgroup...", "Removes cgroups.", kRmOptions, kCgroups, 2, nullptr,
};

inline constexpr std::array kMvOptions{kForceOption, cli::kHelp};
inline constexpr cli::Tool kMv{
    "nsx-cg mv",
    "[options] target... cgroup",
    "Moves processes, and all of cgroups, units and containers, into a cgroup.",
    kMvOptions,
    cli::Operands{.least = 2,
                  .most = cli::Operands::kAnyNumber,
                  .first = cli::Completes::target,
                  .rest = cli::Completes::cgroup},
    2,
    nullptr,
};

// --- kill, freeze, thaw, wait, reclaim -----------------------------------------------------------

inline constexpr std::array kKillOptions{
    cli::Option{'s', "signal", cli::Argument::required, "SIGNAL", cli::Completes::words,
                "HUP INT QUIT KILL TERM USR1 USR2", "send this signal (default KILL)"},
    cli::kHelp,
};
inline constexpr cli::Tool kKillTable{
    "nsx-cg kill",
    "[options] cgroup...",
    "Signals every process in cgroups and below.",
    kKillOptions,
    kCgroups,
    2,
    nullptr,
};

inline constexpr std::array kFreezeOptions{cli::kHelp};
inline constexpr cli::Tool kFreeze{
    "nsx-cg freeze", "cgroup...", "Stops every process in cgroups and below.",
    kFreezeOptions,  kCgroups,    2,
    nullptr,
};
inline constexpr cli::Tool kThaw{
    "nsx-cg thaw",  "cgroup...", "Lets the processes of frozen cgroups go on.",
    kFreezeOptions, kCgroups,    2,
    nullptr,
};

inline constexpr std::array kWaitOptions{
    flag(kEmpty, "empty", "until no process is in it or below (this is the default)"),
    flag(kPopulated, "populated", "until a process is in it or below"),
    flag(kFrozen, "frozen", "until all of them have stopped"),
    cli::Option{kMemory, "memory", cli::Argument::required, "SIZE", cli::Completes::nothing,
                nullptr, "until it uses more memory than this"},
    cli::Option{kPressure, "pressure", cli::Argument::required, "RESOURCE=PERCENT/TIME",
                cli::Completes::words,
                "cpu= memory= io=", "until work stands still for so much of a time: memory=10%/2s"},
    kTimeoutOption,
    cli::kHelp,
};
inline constexpr cli::Tool kWait{
    "nsx-cg wait",
    "[options] cgroup",
    "Waits for what a cgroup comes to.",
    kWaitOptions,
    kOneCgroup,
    2,
    "Exit status: 0 when it has come, 124 when the time is over.",
};

inline constexpr std::array kReclaimOptions{cli::kHelp};
inline constexpr cli::Tool kReclaim{
    "nsx-cg reclaim",
    "cgroup size",
    "Takes memory from a cgroup.",
    kReclaimOptions,
    cli::Operands{.least = 2, .most = 2, .first = cli::Completes::cgroup},
    2,
    nullptr,
};

inline constexpr std::array kDelegateOptions{
    cli::Option{kControllers, "controllers", cli::Argument::required, "LIST", cli::Completes::list,
                "cpu cpuset io memory pids",
                "enable these for it (default: all of them that there are)"},
    kLeafOption,
    kForceOption,
    kDryRunOption,
    cli::kHelp,
};
inline constexpr cli::Tool kDelegate{
    "nsx-cg delegate",
    "[options] cgroup user[:group]",
    "Gives a cgroup to a user, who may make others below it.",
    kDelegateOptions,
    cli::Operands{.least = 2, .most = 2, .first = cli::Completes::cgroup},
    2,
    nullptr,
};

// --- set, get, explain, export, apply, which -----------------------------------------------------

inline constexpr std::array kSetOptions{kLeafOption, kForceOption, kDryRunOption, cli::kHelp};
inline constexpr cli::Tool kSet{
    "nsx-cg set",
    "[options] cgroup limit...",
    "Sets limits of a cgroup, all or none.",
    kSetOptions,
    cli::Operands{.least = 2,
                  .most = cli::Operands::kAnyNumber,
                  .first = cli::Completes::cgroup,
                  .rest = cli::Completes::words,
                  .words = kLimitWords},
    2,
    nullptr,
};

inline constexpr std::array kGetOptions{
    flag('H', "human", "print sizes with units"),
    kJson,
    flag('v', "values", "print the values alone"),
    cli::kHelp,
};
inline constexpr cli::Tool kGet{
    "nsx-cg get",
    "[options] cgroup [key...]",
    "Prints what the files of a cgroup say: its settings, or these keys.",
    kGetOptions,
    cli::Operands{.least = 1,
                  .most = cli::Operands::kAnyNumber,
                  .first = cli::Completes::cgroup,
                  .rest = cli::Completes::words,
                  .words = kKeyWords},
    2,
    nullptr,
};

inline constexpr std::array kExplainOptions{kJson, cli::kHelp};
inline constexpr cli::Tool kExplain{
    "nsx-cg explain",
    "[options] cgroup",
    "Tells which limits count for a cgroup, what they do, and what it has not got.",
    kExplainOptions,
    kOneCgroup,
    2,
    nullptr,
};

inline constexpr std::array kExportOptions{cli::kHelp};
inline constexpr cli::Tool kExport{
    "nsx-cg export", "cgroup",   "Prints the settings of a cgroup and all below it, as JSON.",
    kExportOptions,  kOneCgroup, 2,
    nullptr,
};

inline constexpr std::array kApplyOptions{
    cli::Option{kInto, "into", cli::Argument::required, "CGROUP", cli::Completes::cgroup, nullptr,
                "put them back at this cgroup (default: at this command's own)"},
    kLeafOption,
    kForceOption,
    kDryRunOption,
    cli::kHelp,
};
inline constexpr cli::Tool kApply{
    "nsx-cg apply",
    "[options] file",
    "Puts back what export has printed, all or nothing.",
    kApplyOptions,
    cli::Operands{.least = 1, .most = 1, .first = cli::Completes::file},
    2,
    nullptr,
};

inline constexpr std::array kWhichOptions{
    flag(kAll, "all", "in every hierarchy, those of cgroup v1, too"),
    kJson,
    cli::kHelp,
};
inline constexpr cli::Tool kWhich{
    "nsx-cg which",
    "[options] target...",
    "Prints the cgroups that processes are in.",
    kWhichOptions,
    cli::Operands{.least = 1,
                  .most = cli::Operands::kAnyNumber,
                  .first = cli::Completes::target,
                  .rest = cli::Completes::target},
    2,
    nullptr,
};

// --- all of them ---------------------------------------------------------------------------------

inline constexpr std::array kCommands{
    cli::Command{&kLs, "list"},         cli::Command{&kTree, nullptr},
    cli::Command{&kTop, nullptr},       cli::Command{&kRun, nullptr},
    cli::Command{&kExec, nullptr},      cli::Command{&kCreate, "mkdir"},
    cli::Command{&kRm, "rmdir"},        cli::Command{&kMv, "move"},
    cli::Command{&kKillTable, nullptr}, cli::Command{&kFreeze, nullptr},
    cli::Command{&kThaw, nullptr},      cli::Command{&kWait, nullptr},
    cli::Command{&kReclaim, nullptr},   cli::Command{&kDelegate, nullptr},
    cli::Command{&kSet, nullptr},       cli::Command{&kGet, nullptr},
    cli::Command{&kExplain, nullptr},   cli::Command{&kExport, nullptr},
    cli::Command{&kApply, nullptr},     cli::Command{&kWhich, nullptr},
};

inline constexpr std::array kOptions{
    cli::kHelp,
    cli::kVersion,
};
inline constexpr cli::Suite kSuite{
    {"nsx-cg", "command [options] [operands]",
     "Limits what runs in cgroups, and tells what it uses.", kOptions, cli::Operands::program, 2,
     nullptr},
    kCommands,
};

}  // namespace nsx::cg_tool
