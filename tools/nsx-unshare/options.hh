#pragma once

#include <array>

#include "common/map_options.hh"
#include "common/runner.hh"

namespace nsx::unshare_tool {

enum Id {
  kMountProc = 256,
  kPropagation,
  kOwner,
  kKeepCaps,
  kMountBinfmt,
  kClearEnv,
  kWhitelistEnv,
  kPin,
  kLo,
  kAll,
  kInit,
};

/// A kind of namespace.
constexpr cli::Option kind_option(char letter, const char* name, const char* help) {
  return {letter,  name, cli::Argument::optional_if_long, "FILE", cli::Completes::file,
          nullptr, help};
}

using cli::flag;
using cli::value;

inline constexpr std::array kOptions{
    kind_option('m', "mount", "a new mount namespace; with FILE, it is kept there"),
    kind_option('u', "uts", "a new UTS namespace (host name)"),
    kind_option('i', "ipc", "a new IPC namespace (System V IPC, message queues)"),
    kind_option('n', "net", "a new network namespace"),
    kind_option('p', "pid", "a new PID namespace for the children; see --fork"),
    kind_option('U', "user", "a new user namespace"),
    kind_option('C', "cgroup", "a new cgroup namespace"),
    kind_option('T', "time", "a new time namespace"),
    flag(
        kAll, "all",
        "new namespaces of all kinds, with a proc file system and a fork; an ordinary user is root "
        "inside"),
    value(kPin, "pin", "NAME",
          "keep all that is made: a network namespace as /run/netns/NAME, others likewise"),
    flag('f', "fork", "run the program as a child, not in place of this process"),
    flag(kInit, "init",
         "put an init between, which reaps orphans and passes signals on; implies --pid, "
         "--fork and --forward-signals"),
    cli::kKillChild,
    cli::forward_signals(
        "pass these signals on to the program, where INT and TERM are ignored else; "
        "LIST has commas, default: all that are completed; implies --fork"),
    cli::kPty,
    cli::kStatusFd,
    cli::kIntoCgroup,
    cli::kCgroupLimits,
    cli::kMapRootUser,
    cli::kMapCurrentUser,
    cli::kMapUser,
    cli::kMapGroup,
    cli::kMapUsers,
    cli::kMapGroups,
    cli::kMapAuto,
    cli::kMapSubids,
    value(kOwner, "owner", "UID:GID",
          "make the user namespace as this user, who owns it then; implies --user"),
    cli::kSetgroups,
    value('S', "setuid", "UID", "set the UID of the program"),
    value('G', "setgid", "GID", "set the GID of the program, and drop supplementary groups"),
    flag(kKeepCaps, "keep-caps", "with --user: let the program keep all capabilities"),
    cli::kMonotonic,
    cli::kBoottime,
    cli::kHostname,
    flag(kLo, "lo", "bring the loopback interface up; implies --net"),
    cli::Option{kMountProc, "mount-proc", cli::Argument::optional, "DIR", cli::Completes::directory,
                nullptr, "mount a new proc file system on DIR (default /proc); implies --mount"},
    cli::Option{kMountBinfmt, "mount-binfmt", cli::Argument::optional, "DIR",
                cli::Completes::directory, nullptr,
                "mount a binfmt_misc file system of its own on DIR (default "
                "/proc/sys/fs/binfmt_misc, with --mount-proc); implies --mount and --user"},
    value('l', "load-interp", "LINE",
          "register an interpreter there: :NAME:TYPE:OFFSET:MAGIC:MASK:INTERPRETER:FLAGS"),
    cli::Option{kPropagation, "propagation", cli::Argument::required, "MODE", cli::Completes::words,
                "private shared slave unchanged",
                "propagation of all mounts in the new mount namespace: private (default), "
                "shared, slave or unchanged"},
    cli::Option{'R', "root", cli::Argument::required, "DIR", cli::Completes::directory, nullptr,
                "change the root directory"},
    cli::Option{'w', "wd", cli::Argument::required, "DIR", cli::Completes::directory, nullptr,
                "change the working directory, looked up below the new root"},
    flag(kClearEnv, "clear-env", "give the program an empty environment"),
    value(kWhitelistEnv, "whitelist-env", "NAMES",
          "of the environment pass on these variables, with commas between, and no others"),
    cli::kPlan,
    cli::kJson,
    cli::kHelp,
    cli::kVersion,
};

inline constexpr cli::Tool kTool{
    "nsx-unshare",
    "[options] [program [argument...]]",
    "Runs a program, or your login shell, in new namespaces.",
    kOptions,
    cli::Operands::program,
    1,
    nullptr,
};

}  // namespace nsx::unshare_tool
