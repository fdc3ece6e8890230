// SPDX-License-Identifier: MIT
#include "nsx-enter/options.hh"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

#include "common/report.hh"
#include "common/value.hh"
#include "nsx-enter/files.hh"
#include "try.hh"

namespace nsx::enter_tool {

bool is_word(const char* text) {
  return *text != '\0' && *text != ':' && std::strchr(text, '/') == nullptr;
}

namespace {

// --- Effects of the options ----------------------------------------------------------------------

PathOrTarget path_or_target(const char* argument) {
  return argument != nullptr ? PathOrTarget(argument) : std::nullopt;
}

/// Adds a namespace to enter. It replaces an earlier one of the same kind, as in nsenter(1).
Status select(EnterRequest& request, Kind kind, const char* argument) {
  // With docker(1), -it requests a terminal.
  if (kind == Kind::ipc && argument != nullptr && std::strcmp(argument, "t") == 0 &&
      ::access("t", F_OK) != 0) {
    return problem("invalid argument 't' for --ipc", {}, "expected a namespace file",
                   "leave out -it: the program gets the terminal anyway");
  }
  if (kind == Kind::user && argument != nullptr && is_word(argument) &&
      ::access(argument, F_OK) != 0) {
    return problem("invalid argument '{}' for --user", argument, "expected a namespace file",
                   std::string("use --as=") + argument + " to run as a user of the target");
  }
  std::erase_if(request.selections, [&](const auto& s) { return s.kind == kind; });
  if (argument == nullptr || argument[0] != ':') {
    request.selections.push_back({kind, path_or_target(argument), {}});
    return {};
  }
  auto id = parse_number<std::uint64_t>(argument + 1);
  if (!id) {
    return problem("invalid namespace ID '{}'", argument,
                   "expected a 64-bit number after the colon",
                   "write ./" + std::string(argument) + " to open a file of this name");
  }
  request.selections.push_back({kind, {}, *id});
  return {};
}

Status set_target(Options& options, const char* target) {
  if (options.target != nullptr) {
    return problem("--target was given twice");
  }
  options.target = target;
  return {};
}

/// A root directory is a path, or that of a target.
void set_tools(Options& options, const char* root) {
  options.tools.root = root != nullptr ? root : "/";
  options.tools_of = nullptr;
  if (root == nullptr || !has_target_prefix(root)) return;
  options.tools.root.reset();
  options.tools_of = root;
}

Status set_target_at(Options& options, const char* path) {
  const std::string text = path;
  const std::string inner = text + '/';
  const bool is_plain = text.size() > 1 && text.starts_with('/') && !text.ends_with('/') &&
                        inner.find("/../") == std::string::npos &&
                        inner.find("/./") == std::string::npos &&
                        inner.find("//") == std::string::npos;
  if (!is_plain)
    return problem("invalid directory '{}' for --target-at", path, "expected an absolute path");
  options.tools.target_at = text;
  return {};
}

Result<int> parse_socket(const char* text) {
  const auto number = parse_number<int>(text);
  if (number && *number >= 0) return *number;
  return problem("invalid file descriptor '{}'", text, "expected a number");
}

/// Parses a UID or GID: a number, a name or "follow".
Status parse_id(const char* text, const char* what, std::optional<std::uint32_t>& id,
                std::string& name, bool& follows) {
  follows = std::strcmp(text, "follow") == 0;
  if (!follows) return cli::take_id(text, what, id, name, ", a name or 'follow'");
  id.reset();
  name.clear();
  return {};
}

Status set_uid(Options& options, const char* user) {
  return parse_id(user, "UID", options.request.uid, options.users.uid, options.request.follow_uid);
}

Status set_gid(Options& options, const char* group) {
  return parse_id(group, "GID", options.request.gid, options.users.gid, options.request.follow_gid);
}

template <Kind kind>
constexpr cli::Option kind_option(char letter, const char* name, const char* help) {
  return cli::optional_value(
      letter, name, {"FILE", cli::Completes::file}, help,
      [](EnterRequest& request, const char* file) { return select(request, kind, file); });
}

constexpr cli::Metavar kDirectory{"DIR", cli::Completes::directory};

constexpr std::array kOptions{
    cli::under("Target", cli::value('t', "target", {"TARGET", cli::Completes::target},
                                    "process whose namespaces to enter: a PID, container, unit, "
                                    "cgroup or pin; given alone, enters all of them",
                                    cli::call<set_target>)),
    cli::flag('a', "all", "enter all namespaces of the target", cli::set_flag<&EnterRequest::all>),
    cli::flag(cli::kNoLetter, "list-targets", "list everything that --target can name, and exit"),
    cli::under(
        "Namespaces",
        kind_option<Kind::mnt>('m', "mount", "enter the mount namespace of the target or of FILE")),
    kind_option<Kind::uts>('u', "uts", "enter the UTS namespace (hostname)"),
    kind_option<Kind::ipc>('i', "ipc", "enter the IPC namespace (System V IPC, message queues)"),
    kind_option<Kind::net>('n', "net", "enter the network namespace"),
    kind_option<Kind::pid>('p', "pid", "enter the PID namespace"),
    kind_option<Kind::cgroup>('C', "cgroup", "enter the cgroup namespace"),
    kind_option<Kind::user>('U', "user", "enter the user namespace"),
    kind_option<Kind::time>('T', "time", "enter the time namespace"),
    cli::value('N', "net-socket", {"FD"}, "enter the network namespace of the target's socket FD",
               cli::parse_into<parse_socket, &EnterRequest::net_socket>),
    cli::flag(cli::kNoLetter, "user-parent",
              "enter the user namespace that owns the requested ones",
              cli::set_flag<&EnterRequest::user_parent>),
    cli::under("Identity", cli::kAs),
    cli::flag(cli::kNoLetter, "as-container",
              "run as docker exec does: with the target's environment, cgroup, user, capabilities "
              "and directory",
              cli::set_flag<&Options::as_container>),
    cli::value('S', "setuid", {"USER", cli::Completes::words, "follow"},
               "set the UID: a user, or 'follow' for the target's; default 0 when entering a user "
               "namespace",
               cli::call<set_uid>),
    cli::value('G', "setgid", {"GROUP", cli::Completes::words, "follow"},
               "set the GID and drop groups: a group, or 'follow'; default 0 when entering a user "
               "namespace",
               cli::call<set_gid>),
    cli::kPreserveCredentials,
    cli::kKeepEnteredCaps,
    cli::flag('Z', "follow-context", "run in the target's SELinux context or AppArmor profile",
              cli::set_flag<&EnterRequest::follow_context>),
    cli::under(
        "Files and environment",
        cli::optional_value(
            'r', "root", kDirectory, "change the root directory to the target's or to DIR",
            [](EnterRequest& request, const char* path) { request.root = path_or_target(path); })),
    cli::optional_value('w', "wd", kDirectory,
                        "change the working directory to the target's or to DIR",
                        [](EnterRequest& request, const char* path) {
                          request.working_directory = path_or_target(path);
                        }),
    cli::optional_value(
        'W', "wdns", {"DIR"},
        "change the working directory to DIR inside the namespaces, below the new root",
        [](EnterRequest& request, const char* path) {
          request.inner_working_directory = path_or_target(path);
        }),
    cli::flag('e', "env", "run with the target's environment",
              cli::set_flag<&EnterRequest::environment>),
    cli::under("Tools of the host",
               cli::optional_value(cli::kNoLetter, "tools", {"ROOT", cli::Completes::directory},
                                   "run with the host's files, or those of ROOT: a directory or "
                                   "container:NAME; the target's are in /target",
                                   cli::call<set_tools>)),
    cli::flag(cli::kNoLetter, "tools-rw", "allow changes to the files of --tools",
              [](Options& options) { options.tools.writable = true; }),
    cli::value(cli::kNoLetter, "target-at", kDirectory,
               "directory for the target's files instead of /target", cli::call<set_target_at>),
    cli::flag(cli::kNoLetter, "target-path", "append the target's directories to PATH",
              cli::set_flag<&Options::extends_path>),
    cli::under(
        "Mounts of the target",
        cli::value(cli::kNoLetter, "bind", {"SRC:DST[:OPTIONS]"},
                   "mount SRC on DST in the target, and exit; OPTIONS: ro,nosuid,nodev,noexec",
                   cli::call<add_bind>)),
    cli::value(cli::kNoLetter, "tmpfs", {"DST[:OPTIONS]"},
               "mount a new tmpfs on DST in the target, and exit; OPTIONS also: size=,mode=",
               cli::call<add_tmpfs>),
    cli::value(cli::kNoLetter, "unbind", {"DST"}, "unmount DST in the target, and exit",
               cli::call<add_unbind>),
    cli::flag(cli::kNoLetter, "mkdir", "create DST if it is missing",
              [](Options& options) { options.mounts.make = true; }),
    cli::flag(cli::kNoLetter, "force",
              "also change mounts that the host shares, and unmount DST if it is in use",
              [](Options& options) { options.mounts.force = true; }),
    cli::kMountProcForProgram,
    cli::optional_value(
        cli::kNoLetter, "mount-sys", kDirectory,
        "mount a sysfs of the network namespace on DIR (default /sys), visible to the program only",
        cli::set_text_or<&EnterRequest::mount_sys, cli::kUsualSys>),
    cli::under("Copying files",
               cli::value(cli::kNoLetter, "get", {"SRC[:DEST]"},
                          "copy a file or directory SRC of the target to DEST (default .); '-' is "
                          "standard output",
                          cli::call<add_get>)),
    cli::value(cli::kNoLetter, "put", {"SRC:DEST", cli::Completes::file},
               "copy a file or directory SRC, or standard input ('-'), to DEST in the target",
               cli::call<add_put>),
    cli::under("Processes", cli::kNoFork),
    cli::kForwardMoreSignals,
    cli::kKillChild,
    cli::kPty,
    cli::kNoPty,
    cli::kKeepFds,
    cli::kStatusFd,
    cli::under("Cgroups", cli::flag('c', "join-cgroup", "join the target's cgroup (v2)",
                                    cli::set_flag<&EnterRequest::join_cgroup>)),
    cli::kIntoCgroup,
    cli::kCgroupLimits,
    cli::under("Information", cli::kPlan),
    cli::kJson,
    cli::kHelp,
    cli::kVersion,
};

}  // namespace

constexpr cli::Tool kTool{
    "nsx-enter",
    "[options] [program [argument...]]",
    "Run a program, or your login shell, in existing namespaces",
    kOptions,
    cli::Operands::program,
    1,
    "TARGET is PID, PID:INODE, container:NAME-OR-ID, unit:NAME, cgroup:PATH,\n"
    "pin:NAME, ns:NUMBER, or a bare name that matches only one of these.\n"
    "Optional arguments are attached to the option: -n/run/netns/blue,\n"
    "--net=/run/netns/blue.\n",
    {{{"nsx-enter -t web -- bash", "shell in container web"},
      {"nsx-enter -t 4711 --net -- ss -tln", "listening sockets of PID 4711"},
      {"nsx-enter -t web -m --as=www-data -- id", "as a user of the container"}}},
};

Status read_options(cli::CommandLine& line, Options& options) {
  TRY(cli::apply<kOptions>(line, options, options.request, options.users, options.run,
                           options.request.cgroup));
  return combine(line, options);
}

}  // namespace nsx::enter_tool
