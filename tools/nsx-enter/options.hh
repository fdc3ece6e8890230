#pragma once

#include <array>

#include "common/runner.hh"

namespace nsx::enter_tool {

enum Id {
  kPreserveCredentials = 256,
};

inline constexpr std::array kOptions{
    cli::Option{'t', "target", cli::Argument::required, "PID", cli::Completes::pid, nullptr,
                "the process whose namespaces to enter; alone: all of them"},
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
    cli::Option{'S', "setuid", cli::Argument::required, "UID", cli::Completes::nothing, nullptr,
                "set the UID; default 0 when a user namespace is entered"},
    cli::Option{'G', "setgid", cli::Argument::required, "GID", cli::Completes::nothing, nullptr,
                "set the GID and drop groups; default 0 when a user namespace is entered"},
    cli::Option{kPreserveCredentials, "preserve-credentials", cli::Argument::none, nullptr,
                cli::Completes::nothing, nullptr, "leave UID, GID and groups as they are"},
    cli::Option{'r', "root", cli::Argument::optional, "DIR", cli::Completes::directory, nullptr,
                "change the root directory to the target's, or to DIR"},
    cli::Option{'w', "wd", cli::Argument::optional, "DIR", cli::Completes::directory, nullptr,
                "change the working directory to the target's, or to DIR"},
    cli::Option{'F', "no-fork", cli::Argument::none, nullptr, cli::Completes::nothing, nullptr,
                "do not fork after entering a PID namespace"},
    cli::kPlan,
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
    "FILE and DIR follow the option without a blank: -n/run/netns/blue,\n"
    "--net=/run/netns/blue.\n",
};

}  // namespace nsx::enter_tool
