#pragma once
// The tables of all commands of nsx-pin. What carries them out is in a file each: code.hh.

#include <array>

#include "common/commands.hh"
#include "common/map_options.hh"
#include "common/runner.hh"

namespace nsx::pin_tool {

enum Id {
  kDirId = 256,
  kNoLo,
  kKill,
  kWait,
  kKeepGoing,
  kPrefix,
  kNoEtc,
  kNoSys,
  kPreserveCredentials,
  kKeepCaps,
  kMountProc,
  kDryRun,
  kIfaceName,
  kAddr,
  kDefaultRoute,
  kNsid,
  kTargetNsid,
  kGone,
  kTimeout,
};

inline constexpr cli::Operands kAnyPins{
    .most = cli::Operands::kAnyNumber, .first = cli::Completes::pin, .rest = cli::Completes::pin};

/// Which all commands have.
inline constexpr cli::Option kDir{kDirId,
                                  "dir",
                                  cli::Argument::required,
                                  "DIR",
                                  cli::Completes::directory,
                                  nullptr,
                                  "where the pins are, in place of /run or your own directory"};

inline constexpr const char* kKindWords = "cgroup ipc mnt net pid time user uts";
inline constexpr cli::Option kType{'t',
                                   "type",
                                   cli::Argument::required,
                                   "TYPE",
                                   cli::Completes::words,
                                   kKindWords,
                                   "only pins of this kind; may be repeated"};

// --- add -----------------------------------------------------------------------------------------

inline constexpr std::array kAddOptions{
    cli::flag('n', "net", "a network namespace: the default"),
    cli::flag('u', "uts", "a UTS namespace (host name)"),
    cli::flag('i', "ipc", "an IPC namespace (System V IPC, message queues)"),
    cli::flag('m', "mnt", "a mount namespace"),
    cli::flag('p', "pid", "a PID namespace, with a small init that stays in it"),
    cli::flag('U', "user", "a user namespace, which owns the others"),
    cli::flag('C', "cgroup", "a cgroup namespace"),
    cli::flag('T', "time", "a time namespace"),
    cli::flag('a', "all", "namespaces of all kinds"),
    cli::Option{'t', "target", cli::Argument::required, "TARGET", cli::Completes::target, nullptr,
                "pin the namespaces of a process, container, unit, cgroup or pin, and make none"},
    cli::flag(kNoLo, "no-lo", "leave the loopback interface down"),
    cli::kMapRootUser,
    cli::kMapCurrentUser,
    cli::kMapUser,
    cli::kMapGroup,
    cli::kMapUsers,
    cli::kMapGroups,
    cli::kMapAuto,
    cli::kMapSubids,
    cli::kSetgroups,
    cli::kMonotonic,
    cli::kBoottime,
    cli::kHostname,
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kAdd{
    "nsx-pin add",
    "[options] name [target] [-- program [argument...]]",
    "Makes namespaces, or takes those of a target, and pins them.",
    kAddOptions,
    {.least = 1,
     .most = 2,
     .rest = cli::Completes::target,
     .runs = cli::Operands::Runs::after_dashes},
    1,
    "The program is run inside, once; if it fails, nothing is pinned.\n",
};

// --- rm ------------------------------------------------------------------------------------------

inline constexpr std::array kRmOptions{
    cli::flag('a', "all", "remove all pins"),
    cli::flag(kKill, "kill", "kill the processes that are still in the namespaces"),
    cli::Option{kWait, "wait", cli::Argument::optional, "SECONDS", cli::Completes::nothing, nullptr,
                "wait until nobody uses the namespaces any more"},
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kRm{
    "nsx-pin rm", "[options] name...", "Removes pins.", kRmOptions, kAnyPins, 1, nullptr,
};

// --- ls ------------------------------------------------------------------------------------------

inline constexpr const char* kColumnWords =
    "NAME KIND NS ID PROCS NETNSID CREATED OWNER STATE PATH";

inline constexpr std::array kLsOptions{
    cli::Option{'J', "json", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print JSON"},
    cli::Option{'n', "noheadings", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print no headings"},
    cli::Option{'o', "output", cli::Argument::required, "LIST", cli::Completes::list, kColumnWords,
                "print these columns; +LIST adds them to the usual ones: NAME, KIND, NS, ID, "
                "PROCS (processes in it), NETNSID, CREATED, OWNER, STATE (live, stale, shadowed, "
                "half-made), PATH"},
    cli::Option{'Q', "filter", cli::Argument::required, "EXPR", cli::Completes::nothing, nullptr,
                "only the pins that the expression is true for: 'STATE == \"stale\"'"},
    cli::Option{'r', "raw", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print cells with one blank between and no alignment"},
    kType,
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kLs{
    "nsx-pin ls", "[options] [name...]", "Lists pins.", kLsOptions, kAnyPins, 2, nullptr,
};

// --- exec ----------------------------------------------------------------------------------------

inline constexpr std::array kExecOptions{
    cli::flag('a', "all", "run it in each network namespace that is pinned"),
    cli::Option{'j', "jobs", cli::Argument::required, "NUMBER", cli::Completes::nothing, nullptr,
                "run in so many at a time"},
    cli::flag(kKeepGoing, "keep-going", "go on in the others after a failure"),
    cli::flag(kPrefix, "prefix", "write the name of the pin before each line of output"),
    cli::flag(kNoEtc, "no-etc", "do not bind /etc/netns/NAME/* over /etc"),
    cli::flag(kNoSys, "no-sys", "leave /sys as it is: it shows another network"),
    cli::value('S', "setuid", "UID", "set the UID of the program"),
    cli::value('G', "setgid", "GID", "set the GID of the program, and drop groups"),
    cli::flag(kPreserveCredentials, "preserve-credentials",
              "leave UID, GID and groups as they are"),
    cli::flag(kKeepCaps, "keep-caps",
              "keep the capabilities in a user namespace that is entered for the program"),
    cli::Option{'r', "root", cli::Argument::required, "DIR", cli::Completes::directory, nullptr,
                "change the root directory"},
    cli::Option{'w', "wd", cli::Argument::required, "DIR", cli::Completes::directory, nullptr,
                "change the working directory"},
    cli::Option{'W', "wdns", cli::Argument::required, "DIR", cli::Completes::nothing, nullptr,
                "change the working directory to DIR, looked up inside"},
    cli::Option{kMountProc, "mount-proc", cli::Argument::optional, "DIR", cli::Completes::directory,
                nullptr, "mount a new proc on DIR (default /proc), for the program alone"},
    cli::flag('F', "no-fork", "do not fork after entering a PID namespace"),
    cli::forward_signals("pass these signals on to the program as well, besides TERM, INT, HUP and "
                         "QUIT; LIST has commas, default: all that are completed"),
    cli::kKillChild,
    cli::kPty,
    cli::kStatusFd,
    kDir,
    cli::kPlan,
    cli::kJson,
    cli::kHelp,
};
inline constexpr cli::Tool kExec{
    "nsx-pin exec",
    "[options] name... -- program [argument...]",
    "Runs a program in pinned namespaces.",
    kExecOptions,
    {.most = cli::Operands::kAnyNumber,
     .first = cli::Completes::pin,
     .rest = cli::Completes::pin,
     .runs = cli::Operands::Runs::after_dashes},
    1,
    "The exit status is that of the program; of several, the highest.\n",
};

// --- identify, pids, mv, gc ----------------------------------------------------------------------

inline constexpr std::array kIdentifyOptions{
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kIdentify{
    "nsx-pin identify",
    "[options] [target]",
    "Prints the names of the pins that a target, or this shell, is in.",
    kIdentifyOptions,
    {.most = 1, .first = cli::Completes::target},
    1,
    nullptr,
};

inline constexpr std::array kPidsOptions{
    cli::flag('a', "all", "also those that have a thread in it, or hold it by a descriptor"),
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kPids{
    "nsx-pin pids",
    "[options] name",
    "Prints the PIDs of the processes in pinned namespaces.",
    kPidsOptions,
    {.least = 1, .most = 1, .first = cli::Completes::pin},
    1,
    nullptr,
};

inline constexpr std::array kMvOptions{
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kMv{
    "nsx-pin mv",
    "[options] old new",
    "Renames a pin.",
    kMvOptions,
    {.least = 2, .most = 2, .first = cli::Completes::pin},
    1,
    nullptr,
};

inline constexpr std::array kGcOptions{
    cli::flag(kDryRun, "dry-run", "print what would be removed, and remove nothing"),
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kGc{
    "nsx-pin gc",
    "[options]",
    "Removes stale files, and what was left half-made by a command that was killed.",
    kGcOptions,
    cli::Operands::none,
    1,
    nullptr,
};

// --- connect, set-id, ids ------------------------------------------------------------------------

inline constexpr std::array kConnectOptions{
    cli::value(kIfaceName, "name", "INTERFACE",
               "the name of an interface: given once, a's, the second time b's"),
    cli::value(kAddr, "addr", "CIDR",
               "the addresses of an interface, with commas between: a's, the second time b's"),
    cli::flag(kDefaultRoute, "default-route",
              "reach everything from a through b, or from the one that is not '.'"),
    cli::flag('J', "json", "print the interfaces as JSON"),
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kConnect{
    "nsx-pin connect",
    "[options] a b",
    "Joins two pinned network namespaces, or one and this ('.'), by a wire.",
    kConnectOptions,
    {.least = 2, .most = 2, .first = cli::Completes::pin, .rest = cli::Completes::pin},
    1,
    "a and b are names of pins, '.' for the namespace that this is called in, or\n"
    "other targets of nsx-enter: container:web.\n",
};

inline constexpr std::array kSetIdOptions{
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kSetId{
    "nsx-pin set-id",
    "[options] name number",
    "Gives a pinned network namespace a netnsid here; 'auto': one that is free.",
    kSetIdOptions,
    {.least = 2,
     .most = 2,
     .first = cli::Completes::pin,
     .rest = cli::Completes::words,
     .words = "auto"},
    1,
    nullptr,
};

inline constexpr std::array kIdsOptions{
    cli::flag('J', "json", "print JSON"),
    cli::flag('n', "noheadings", "print no headings"),
    cli::value(kNsid, "nsid", "NUMBER", "only the namespace with this netnsid"),
    cli::value(kTargetNsid, "target-nsid", "NUMBER",
               "the netnsids that the namespace with this netnsid has given"),
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kIds{
    "nsx-pin ids",
    "[options]",
    "Lists the netnsids that this network namespace has given to others.",
    kIdsOptions,
    cli::Operands::none,
    1,
    nullptr,
};

// --- monitor, wait -------------------------------------------------------------------------------

inline constexpr std::array kMonitorOptions{
    cli::flag('J', "json", "print a line of JSON for each event"),
    kType,
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kMonitor{
    "nsx-pin monitor", "[options]",         "Tells of pins that come and go, until it is ended.",
    kMonitorOptions,   cli::Operands::none, 1,
    nullptr,
};

inline constexpr std::array kWaitOptions{
    cli::flag(kGone, "gone", "wait until there is no pin of this name"),
    cli::value(kTimeout, "timeout", "SECONDS", "give up after so long, with exit status 1"),
    kType,
    kDir,
    cli::kHelp,
};
inline constexpr cli::Tool kWaitFor{
    "nsx-pin wait",
    "[options] name",
    "Waits until a pin is there.",
    kWaitOptions,
    {.least = 1, .most = 1, .first = cli::Completes::pin},
    2,
    nullptr,
};

// --- all of them ---------------------------------------------------------------------------------

inline constexpr std::array kCommands{
    cli::Command{&kAdd, "attach"},     cli::Command{&kRm, "del delete"},
    cli::Command{&kLs, "list show"},   cli::Command{&kExec, nullptr},
    cli::Command{&kIdentify, nullptr}, cli::Command{&kPids, nullptr},
    cli::Command{&kMv, "rename"},      cli::Command{&kGc, nullptr},
    cli::Command{&kConnect, nullptr},  cli::Command{&kSetId, "set"},
    cli::Command{&kIds, "list-id"},    cli::Command{&kMonitor, nullptr},
    cli::Command{&kWaitFor, nullptr},
};

inline constexpr std::array kOptions{
    cli::kHelp,
    cli::kVersion,
};
inline constexpr cli::Suite kSuite{
    {"nsx-pin", "command [options] [operands]", "Keeps namespaces under names.", kOptions,
     cli::Operands::program, 2, nullptr},
    kCommands,
};

}  // namespace nsx::pin_tool
