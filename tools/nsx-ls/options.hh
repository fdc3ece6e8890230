#pragma once

#include <array>

#include "common/options.hh"

namespace nsx::ls_tool {

inline constexpr int kFeatures = 256;
inline constexpr int kCompare = 300;
inline constexpr int kLimits = 301;
inline constexpr int kMatrix = 302;
inline constexpr int kAll = 303;
inline constexpr int kSources = 304;
inline constexpr int kOutputAll = 305;
inline constexpr int kColor = 306;
inline constexpr int kSort = 307;
inline constexpr int kReverse = 308;
inline constexpr int kLimit = 309;
inline constexpr int kContainer = 310;
inline constexpr int kUser = 311;
inline constexpr int kPinned = 312;
inline constexpr int kOrphaned = 313;

inline constexpr const char* kKindWords = "cgroup ipc mnt net pid time user uts";
inline constexpr const char* kColumnWords =
    "NS TYPE PATH NPROCS PID PPID COMMAND UID USER NETNSID NSFS PNS ONS ID HELD-BY NAME CONTAINER "
    "UNIT CGROUP THREADS OWNER-USER UIDMAP GIDMAP LEADER AGE";

inline constexpr std::array kOptions{
    cli::Option{'H', "list-columns", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print the columns that there are"},
    cli::Option{'J', "json", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print JSON"},
    cli::Option{'l', "list", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print a list, not a tree"},
    cli::Option{'n', "noheadings", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print no headings"},
    cli::Option{'o', "output", cli::Argument::required, "COLUMNS", cli::Completes::list,
                kColumnWords,
                "the columns to show, with commas between; with + in front, behind the usual ones"},
    cli::Option{kOutputAll, "output-all", cli::Argument::none, nullptr, cli::Completes::nothing,
                nullptr, "show all columns"},
    cli::Option{'p', "task", cli::Argument::required, "PID", cli::Completes::pid, nullptr,
                "only the namespaces of this process"},
    cli::Option{'P', "persistent", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "only the namespaces without a process"},
    cli::Option{kOrphaned, "orphaned", cli::Argument::none, nullptr, cli::Completes::nothing,
                nullptr, "the same as --persistent"},
    cli::Option{kPinned, "pinned", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "only the namespaces that are mounted on a file"},
    cli::Option{kContainer, "container", cli::Argument::required, "NAME", cli::Completes::container,
                nullptr, "only the namespaces that this container is in"},
    cli::Option{kUser, "user", cli::Argument::required, "NAME", cli::Completes::user, nullptr,
                "only the namespaces whose first process belongs to this user"},
    cli::Option{'Q', "filter", cli::Argument::required, "EXPR", cli::Completes::words, kColumnWords,
                "only the rows that the expression is true for: 'TYPE == \"net\" and NPROCS > 1'"},
    cli::Option{'r', "raw", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print cells with one blank between and no alignment"},
    cli::Option{'t', "type", cli::Argument::required, "TYPE", cli::Completes::words, kKindWords,
                "only this kind: cgroup, ipc, mnt, net, pid, time, user or uts; may be repeated"},
    cli::Option{'T', "tree", cli::Argument::optional, "RELATION", cli::Completes::words,
                "owner parent process", "print a tree by owner (default), parent or process"},
    cli::Option{'u', "notruncate", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "do not cut off commands at the edge of the terminal"},
    cli::Option{'W', "nowrap", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print a row on one line, whatever is in it"},
    cli::Option{kSort, "sort", cli::Argument::required, "COLUMNS", cli::Completes::list,
                kColumnWords, "the order of the rows: by these columns, with commas between"},
    cli::Option{kReverse, "reverse", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print the rows in the opposite order"},
    cli::Option{kLimit, "limit", cli::Argument::required, "N", cli::Completes::nothing, nullptr,
                "print the first N rows only"},
    cli::Option{kColor, "color", cli::Argument::optional, "WHEN", cli::Completes::words,
                "auto always never", "use colours: auto (default: on a terminal), always or never"},
    cli::Option{kSources, "sources", cli::Argument::required, "LIST", cli::Completes::list,
                "process thread children fd socket mount relation kernel all",
                "look for namespaces only here: process, thread, children, fd, socket, mount, "
                "relation, kernel or all, with commas between"},
    cli::Option{kCompare, "compare", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "tell whether two or more targets are in the same namespaces"},
    cli::Option{kLimits, "limits", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "print how many namespaces there are, and how many there may be"},
    cli::Option{kMatrix, "matrix", cli::Argument::optional, "ROWS", cli::Completes::words,
                "process container unit",
                "print which namespaces processes (default), containers or units share"},
    cli::Option{kAll, "all", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "in a matrix, also those that share all with PID 1"},
    cli::Option{kFeatures, "features", cli::Argument::none, nullptr, cli::Completes::nothing,
                nullptr, "print which optional kernel interfaces are used here"},
    cli::kHelp,
    cli::kVersion,
};

inline constexpr cli::Tool kTool{
    "nsx-ls", "[options] [target...]", "Lists the namespaces of the machine's processes.",
    kOptions, cli::Operands::targets,  2,
    nullptr,
};

}  // namespace nsx::ls_tool
