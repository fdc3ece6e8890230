#pragma once

#include <array>

#include "common/runner.hh"

namespace nsx::enter_tool {

enum Id {
  kPreserveCredentials = 256,
  kKeepCaps,
  kUserParent,
  kMountProc,
  kListTargets,
};

inline constexpr std::array kOptions{
    cli::Option{'t', "target", cli::Argument::required, "TARGET", cli::Completes::target, nullptr,
                "whose namespaces to enter: a PID, a container, unit, cgroup or pin; alone: all "
                "of them"},
    cli::Option{'a', "all", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "enter all namespaces of the target"},
    cli::Option{'m', "mount", cli::Argument::optional, "FILE", cli::Completes::file, nullptr,
                "enter the mount namespace, of the target or of FILE"},
    cli::Option{'u', "uts", cli::Argument::optional, "FILE", cli::Completes::file, nullptr,
                "enter the UTS namespace (host name)"},
    cli::Option{'i', "ipc", cli::Argument::optional, "FILE", cli::Completes::file, nullptr,
                "enter the IPC namespace (System V IPC, message queues)"},
    cli::Option{'n', "net", cli::Argument::optional, "FILE", cli::Completes::file, nullptr,
                "enter the network namespace"},
    cli::Option{'p', "pid", cli::Argument::optional, "FILE", cli::Completes::file, nullptr,
                "enter the PID namespace"},
    cli::Option{'C', "cgroup", cli::Argument::optional, "FILE", cli::Completes::file, nullptr,
                "enter the cgroup namespace"},
    cli::Option{'U', "user", cli::Argument::optional, "FILE", cli::Completes::file, nullptr,
                "enter the user namespace"},
    cli::Option{'T', "time", cli::Argument::optional, "FILE", cli::Completes::file, nullptr,
                "enter the time namespace"},
    cli::Option{'N', "net-socket", cli::Argument::required, "FD", cli::Completes::nothing, nullptr,
                "enter the network namespace of the target's socket with this number"},
    cli::Option{kUserParent, "user-parent", cli::Argument::none, nullptr, cli::Completes::nothing,
                nullptr, "enter the user namespace that owns the one, or the others, asked for"},
    cli::Option{'S', "setuid", cli::Argument::required, "UID", cli::Completes::words, "follow",
                "set the UID, or the target's; default 0 when a user namespace is entered"},
    cli::Option{'G', "setgid", cli::Argument::required, "GID", cli::Completes::words, "follow",
                "set the GID, or the target's, and drop groups; default 0 when a user namespace is "
                "entered"},
    cli::Option{kPreserveCredentials, "preserve-credentials", cli::Argument::none, nullptr,
                cli::Completes::nothing, nullptr, "leave UID, GID and groups as they are"},
    cli::Option{kKeepCaps, "keep-caps", cli::Argument::none, nullptr, cli::Completes::nothing,
                nullptr,
                "keep the capabilities in a user namespace that is entered for the program"},
    cli::Option{'r', "root", cli::Argument::optional, "DIR", cli::Completes::directory, nullptr,
                "change the root directory to the target's, or to DIR"},
    cli::Option{'w', "wd", cli::Argument::optional, "DIR", cli::Completes::directory, nullptr,
                "change the working directory to the target's, or to DIR"},
    cli::Option{'W', "wdns", cli::Argument::optional, "DIR", cli::Completes::nothing, nullptr,
                "change the working directory to DIR, looked up inside, below the new root"},
    cli::Option{'e', "env", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "give the program the target's environment"},
    cli::Option{'c', "join-cgroup", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "join the target's cgroup (v2)"},
    cli::Option{'Z', "follow-context", cli::Argument::none, nullptr, cli::Completes::nothing,
                nullptr, "give the program the target's SELinux context, where there is SELinux"},
    cli::Option{kMountProc, "mount-proc", cli::Argument::optional, "DIR", cli::Completes::directory,
                nullptr, "mount a new proc on DIR (default /proc), for the program alone"},
    cli::Option{'F', "no-fork", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "do not fork after entering a PID namespace"},
    cli::forward_signals("pass these signals on to the program as well, besides TERM, INT, HUP and "
                         "QUIT; LIST has commas, default: all that are completed"),
    cli::kKillChild,
    cli::kPty,
    cli::kStatusFd,
    cli::kIntoCgroup,
    cli::kCgroupLimits,
    cli::Option{kListTargets, "list-targets", cli::Argument::none, nullptr, cli::Completes::nothing,
                nullptr, "print what --target can name now, and do nothing"},
    cli::kPlan,
    cli::kJson,
    cli::kHelp,
    cli::kVersion,
};

inline constexpr cli::Tool kTool{
    "nsx-enter",
    "[options] [program [argument...]]",
    "Runs a program, or your login shell, in the namespaces of another process.",
    kOptions,
    cli::Operands::program,
    1,
    "TARGET is PID, PID:INODE, container:NAME-OR-ID, unit:NAME, cgroup:PATH,\n"
    "pin:NAME, ns:NUMBER, or a word that names only one of these.\n"
    "FILE and DIR follow the option without a blank: -n/run/netns/blue,\n"
    "--net=/run/netns/blue.\n",
};

}  // namespace nsx::enter_tool
