// SPDX-License-Identifier: MIT
#include "nsx-unshare/options.hh"

#include <array>
#include <unistd.h>

#include "common/arguments.hh"
#include "common/names.hh"
#include "try.hh"

namespace nsx::unshare_tool {

namespace {

// --- Effects of the options ----------------------------------------------------------------------

void add_kind(CreateRequest& request, Kind kind, const char* file) {
  request.kinds.insert(kind);
  std::erase_if(request.files, [&](const auto& other) { return other.kind == kind; });
  if (file != nullptr) request.files.push_back({kind, file});
}

Result<std::uint32_t> parse_uid(const char* text) {
  return cli::parse_id(text, "UID");
}

Result<std::uint32_t> parse_gid(const char* text) {
  return cli::parse_id(text, "GID");
}

/// Adds the listed variables to the environment of the program, which is empty at first.
void add_variables(CreateRequest& request, const char* names) {
  if (!request.environment) request.environment.emplace();
  const auto chosen = cli::choose_variables(::environ, names);
  request.environment->insert(request.environment->end(), chosen.begin(), chosen.end());
}

/// Returns the option for a kind of namespace. The short option takes no file, as in unshare(1).
template <Kind kind>
constexpr cli::Option kind_option(char letter, const char* name, const char* help) {
  cli::Option option = cli::optional_value(
      letter, name, {"FILE", cli::Completes::file}, help,
      [](CreateRequest& request, const char* file) { add_kind(request, kind, file); });
  option.argument = cli::Argument::optional_if_long;
  return option;
}

constexpr cli::Metavar kDirectory{"DIR", cli::Completes::directory};

constexpr std::array kOptions{
    cli::under(
        "Namespaces",
        kind_option<Kind::mnt>('m', "mount", "create a mount namespace; with FILE, pin it there")),
    kind_option<Kind::uts>('u', "uts", "create a UTS namespace (hostname)"),
    kind_option<Kind::ipc>('i', "ipc", "create an IPC namespace (System V IPC, message queues)"),
    kind_option<Kind::net>('n', "net", "create a network namespace"),
    kind_option<Kind::pid>('p', "pid", "create a PID namespace for child processes; see --fork"),
    kind_option<Kind::user>('U', "user", "create a user namespace"),
    kind_option<Kind::cgroup>('C', "cgroup", "create a cgroup namespace"),
    kind_option<Kind::time>('T', "time", "create a time namespace"),
    cli::flag(cli::kNoLetter, "all",
              "create namespaces of all kinds, with a new /proc, and fork; unprivileged users "
              "become root inside",
              cli::set_flag<&CreateRequest::all>),
    cli::value(
        cli::kNoLetter, "pin", {"NAME"},
        "pin everything created as NAME: the network namespace in /run/netns/NAME, others likewise",
        cli::set_text<&CreateRequest::pin>),
    cli::under("Identity", cli::kMapRootUser),
    cli::kMapCurrentUser,
    cli::kMapUser,
    cli::kMapGroup,
    cli::kMapUsers,
    cli::kMapGroups,
    cli::kMapAuto,
    cli::kMapSubids,
    cli::value(cli::kNoLetter, "owner", {"UID:GID"},
               "create the user namespace as this user, its owner; implies --user",
               cli::parse_into<cli::parse_owner, &CreateRequest::owner>),
    cli::kSetgroups,
    cli::value('S', "setuid", {"UID"}, "set the UID of the program",
               cli::parse_into<parse_uid, &CreateRequest::uid>),
    cli::value('G', "setgid", {"GID"}, "set the GID of the program and drop supplementary groups",
               cli::parse_into<parse_gid, &CreateRequest::gid>),
    cli::flag(cli::kNoLetter, "keep-caps", "with --user: keep all capabilities",
              cli::set_flag<&CreateRequest::keep_capabilities>),
    cli::under("Processes", cli::flag('f', "fork", "run the program as a child of this process",
                                      cli::set_flag<&CreateRequest::fork>)),
    cli::flag(cli::kNoLetter, "init",
              "insert an init that reaps orphans and forwards signals; implies --pid, --fork and "
              "--forward-signals",
              cli::set_flag<&CreateRequest::init>),
    cli::flag(cli::kNoLetter, "no-init",
              "make the program itself PID 1, also with --all, and with --pty and --pid, which "
              "imply --init",
              cli::clear_flag<&CreateRequest::init>),
    cli::kKillChild,
    cli::forward_signals(
        "forward these signals to the program (otherwise INT and TERM are ignored); LIST is "
        "comma-separated (default: all that completion offers); implies --fork",
        [](Options& options, const char* list) {
          options.request.fork = true;
          return cli::set_forward_signals(options.run, list);
        }),
    cli::kPty,
    cli::kNoPty,
    cli::kKeepFds,
    cli::kStatusFd,
    cli::under("Files and environment",
               cli::optional_value(cli::kNoLetter, "mount-proc", kDirectory,
                                   "mount a new procfs on DIR (default /proc); implies --mount",
                                   cli::set_text_or<&CreateRequest::mount_proc, cli::kUsualProc>)),
    cli::optional_value(
        cli::kNoLetter, "mount-sys", kDirectory,
        "mount a sysfs of the network namespace on DIR (default /sys); implies --mount",
        cli::set_text_or<&CreateRequest::mount_sys, cli::kUsualSys>),
    cli::optional_value(cli::kNoLetter, "mount-binfmt", kDirectory,
                        "mount a private binfmt_misc on DIR (default /proc/sys/fs/binfmt_misc, "
                        "with --mount-proc); implies --mount and --user",
                        cli::set_text_or<&CreateRequest::mount_binfmt, kUsualBinfmt>),
    cli::value('l', "load-interp", {"LINE"},
               "register an interpreter there: :NAME:TYPE:OFFSET:MAGIC:MASK:INTERPRETER:FLAGS",
               cli::append_text<&CreateRequest::interpreters>),
    cli::value(cli::kNoLetter, "propagation",
               {"MODE", cli::Completes::words, "private shared slave unchanged"},
               "propagation of mounts in the new mount namespace: private (default), shared, slave "
               "or unchanged",
               cli::parse_into<cli::parse_propagation, &CreateRequest::propagation>),
    cli::value('R', "root", kDirectory, "change the root directory",
               cli::set_text<&CreateRequest::root>),
    cli::value('w', "wd", kDirectory, "change the working directory, below the new root",
               cli::set_text<&CreateRequest::working_directory>),
    cli::flag(cli::kNoLetter, "clear-env", "run with an empty environment",
              [](CreateRequest& request) { add_variables(request, ""); }),
    cli::value(cli::kNoLetter, "whitelist-env", {"NAMES"},
               "pass on only these comma-separated environment variables",
               cli::call<add_variables>),
    cli::under("Network, hostname and clocks",
               cli::flag(cli::kNoLetter, "lo", "bring up the loopback interface; implies --net",
                         cli::set_flag<&CreateRequest::loopback>)),
    cli::kHostname,
    cli::kMonotonic,
    cli::kBoottime,
    cli::under("Cgroups", cli::kIntoCgroup),
    cli::kCgroupLimits,
    cli::under("Information", cli::kPlan),
    cli::kJson,
    cli::kHelp,
    cli::kVersion,
};

}  // namespace

constexpr cli::Tool kTool{
    "nsx-unshare",
    "[options] [program [argument...]]",
    "Run a program, or your login shell, in new namespaces",
    kOptions,
    cli::Operands::program,
    1,
    nullptr,
    {{{"nsx-unshare --all -- bash", "throw-away sandbox, also without root"},
      {"nsx-unshare -r -n --lo -- make check", "tests without network access"},
      {"nsx-unshare -fp --mount-proc -- ps ax", "new PID namespace with its own /proc"}}},
};

Status read_options(const cli::CommandLine& line, Options& options) {
  CreateRequest& request = options.request;
  if (!options.is_unshare) request.init.reset();
  TRY(cli::apply<kOptions>(line, options, request, options.run, request.cgroup));
  TRY(cli::check(options.run));
  request.follow = options.run.follow;
  request.protection = cli::protection(options.run, options.is_unshare);
  request.program = cli::choose_program(line.program);
  request.program.reporter = kTool.name;
  return {};
}

}  // namespace nsx::unshare_tool
