#pragma once

#include <array>

#include "common/runner.hh"

namespace nsx::unshare_tool {

enum Id {
  kMountProc = 256,
  kPropagation,
  kKillChild,
};

inline constexpr std::array kOptions{
    cli::Option{'m', "mount", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "a new mount namespace"},
    cli::Option{'u', "uts", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "a new UTS namespace (host name)"},
    cli::Option{'i', "ipc", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "a new IPC namespace (System V IPC, message queues)"},
    cli::Option{'n', "net", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "a new network namespace"},
    cli::Option{'p', "pid", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "a new PID namespace for the children; see --fork"},
    cli::Option{'U', "user", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "a new user namespace"},
    cli::Option{'C', "cgroup", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "a new cgroup namespace"},
    cli::Option{'T', "time", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "a new time namespace"},
    cli::Option{'f', "fork", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "run the program as a child, not in place of this process"},
    cli::Option{kKillChild, "kill-child", cli::Argument::optional, "SIGNAL", cli::Completes::words,
                "HUP INT QUIT KILL TERM USR1 USR2",
                "when this process dies, send the program SIGNAL (default KILL); implies --fork"},
    cli::Option{'r', "map-root-user", cli::Argument::none, nullptr, cli::Completes::nothing,
                nullptr, "be root in the new user namespace; implies --user"},
    cli::Option{'c', "map-current-user", cli::Argument::none, nullptr, cli::Completes::nothing,
                nullptr, "keep UID and GID in the new user namespace; implies --user"},
    cli::Option{kMountProc, "mount-proc", cli::Argument::optional, "DIR", cli::Completes::directory,
                nullptr, "mount a new proc file system on DIR (default /proc); implies --mount"},
    cli::Option{kPropagation, "propagation", cli::Argument::required, "MODE", cli::Completes::words,
                "private shared slave unchanged",
                "propagation of all mounts in the new mount namespace: private (default), "
                "shared, slave or unchanged"},
    cli::Option{'R', "root", cli::Argument::required, "DIR", cli::Completes::directory, nullptr,
                "change the root directory"},
    cli::Option{'w', "wd", cli::Argument::required, "DIR", cli::Completes::directory, nullptr,
                "change the working directory, looked up below the new root"},
    cli::kPlan,
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
