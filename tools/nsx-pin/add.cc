// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstdlib>
#include <unistd.h>

#include <nsx/create.hh>
#include <nsx/target.hh>
#include <nsx/text.hh>

#include "common/arguments.hh"
#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-pin/commands.hh"
#include "try.hh"

namespace nsx::pin_tool {

namespace {

struct Options {
  CreateRequest request;
  std::string target;  ///< empty: new namespaces
  bool all = false;
  bool is_usual = false;  ///< no kind was given
  bool loopback = true;
  PlaceOptions place;
};

template <Kind kind>
constexpr cli::Option kind_option(char letter, const char* name, const char* help) {
  return cli::flag(letter, name, help,
                   [](Options& options) { options.request.kinds.insert(kind); });
}

constexpr std::array kAddOptions{
    cli::under("Namespaces", kind_option<Kind::net>('n', "net", "a network namespace (default)")),
    kind_option<Kind::uts>('u', "uts", "a UTS namespace (hostname)"),
    kind_option<Kind::ipc>('i', "ipc", "an IPC namespace (System V IPC, message queues)"),
    kind_option<Kind::mnt>('m', "mnt", "a mount namespace"),
    kind_option<Kind::pid>('p', "pid", "a PID namespace, with a small init that stays in it"),
    kind_option<Kind::user>('U', "user", "a user namespace, which owns the others"),
    kind_option<Kind::cgroup>('C', "cgroup", "a cgroup namespace"),
    kind_option<Kind::time>('T', "time", "a time namespace"),
    cli::flag('a', "all", "namespaces of all kinds", cli::set_flag<&Options::all>),
    cli::value('t', "target", {"TARGET", cli::Completes::target},
               "pin the namespaces of a process, container, unit, cgroup or pin instead of "
               "creating new ones",
               cli::set_text<&Options::target>),
    cli::under("Identity", cli::kMapRootUser),
    cli::kMapCurrentUser,
    cli::kMapUser,
    cli::kMapGroup,
    cli::kMapUsers,
    cli::kMapGroups,
    cli::kMapAuto,
    cli::kMapSubids,
    cli::kSetgroups,
    cli::under("Network, hostname and clocks",
               cli::flag(cli::kNoLetter, "no-lo", "leave the loopback interface down",
                         cli::clear_flag<&Options::loopback>)),
    cli::kHostname,
    cli::kMonotonic,
    cli::kBoottime,
    cli::under("Other", kDir),
    cli::kHelp,
};

/// Whether an option was given that applies to new namespaces only.
bool shapes_new(const CreateRequest& request) {
  return !request.users.empty() || !request.groups.empty() || request.allow_setgroups ||
         request.monotonic || request.boottime || request.hostname;
}

/// Adds what the options imply. Errors: options that are mutually exclusive.
Status complete(const cli::CommandLine& line, Options& options) {
  if (line.operands.size() > 1) {
    if (!options.target.empty()) {
      return problem("unexpected argument '{}'", line.operands[1], "--target was given");
    }
    options.target = line.operands[1];
  }
  CreateRequest& request = options.request;
  if (!options.target.empty()) {
    if (!line.program.empty()) {
      return problem("a target and a program are mutually exclusive", {}, {},
                     "nsx-pin exec NAME -- PROGRAM runs a program in pinned namespaces");
    }
    if (shapes_new(request)) {
      return problem(
          "a target cannot be combined with ID maps, --hostname, --monotonic or --boottime");
    }
  }
  if (!request.users.empty() || !request.groups.empty()) request.kinds.insert(Kind::user);
  if (request.hostname) request.kinds.insert(Kind::uts);
  options.is_usual = request.kinds.empty() && !options.all;
  if (options.is_usual) request.kinds.insert(Kind::net);
  return {};
}

/// Requests all kinds that this kernel supports. IDs are mapped as by nsx-unshare --all: an
/// ordinary user becomes root.
void ask_for_all(CreateRequest& request) {
  for (const KindInfo& kind : kKinds) {
    const std::string file = std::string("/proc/self/ns/") + kind.name;
    if (::access(file.c_str(), F_OK) == 0) request.kinds.insert(kind.kind);
  }
  if (!request.users.empty() || !request.groups.empty()) return;
  for (IdMapRequest* ids : {&request.users, &request.groups})
    ids->blocks.push_back({IdMapRequest::Block::Source::all, {}});
}

/// Returns the namespaces of a target that are of the requested kinds.
Result<std::vector<Namespace>> of_target(const Kernel& kernel, Options& options) {
  auto where = TRY(target_options(options.place));
  auto target = TRY(resolve_target(kernel, options.target, where));
  std::vector<Namespace> namespaces;
  if (target.process) {
    for (const Kind kind : options.all ? KindSet::all() : options.request.kinds) {
      namespaces.push_back(TRY(target.process->open_namespace(kernel, kind)));
    }
    std::vector<const Namespace*> opened;
    for (const Namespace& ns : namespaces)
      opened.push_back(&ns);
    TRY(target.process->confirm_namespaces(kernel, opened));
    return namespaces;
  }
  // A target that is a single namespace is pinned, whatever its kind.
  if (options.is_usual && target.namespaces.size() == 1) {
    options.request.kinds = {target.namespaces.front().ns.kind()};
  }
  KindSet found;
  for (TargetNamespace& each : target.namespaces) {
    if (!options.all && !options.request.kinds.contains(each.ns.kind())) continue;
    found.insert(each.ns.kind());
    namespaces.push_back(std::move(each.ns));
  }
  for (const Kind kind : options.request.kinds) {
    if (found.contains(kind)) continue;
    return problem(std::string("{} has no ") + name(kind) + " namespace", target.name);
  }
  return namespaces;
}

/// Reports why the program failed. Returns its status, with which this tool exits, too.
int report_outcome(const Outcome& outcome, const std::string& name, const std::string& program) {
  const std::string how = outcome.signal != 0
                              ? " was killed by signal " + std::to_string(outcome.signal)
                              : " exited with status " + std::to_string(outcome.exit_status);
  cli::report(kAdd, {"cannot pin", name, 0, program + how, {}});
  return outcome.signal != 0 ? 128 + outcome.signal : outcome.exit_status;
}

/// Whether PID 1 sees the new pins as stale files only.
bool is_hidden(const Kernel& kernel, const Place& place, const std::string& name,
               const std::vector<Namespace>& namespaces) {
  // An ordinary user's pins are in the holder's mount namespace anyway.
  if (place.is_users) return false;
  const auto store = PinStore::open(kernel, place.root);
  return store && std::any_of(namespaces.begin(), namespaces.end(), [&](const Namespace& ns) {
           return !store->shows_to_init(kernel, {.kind = ns.kind(), .name = name, .path = {}});
         });
}

/// Prints a note if so. The pins exist by now, so running out of memory here is not an error.
void note_if_hidden(const Kernel& kernel, const Place& place, const std::string& name,
                    const std::vector<Namespace>& namespaces) {
  [[maybe_unused]] const auto noted = attempt([&]() -> Status {
    if (!is_hidden(kernel, place, name, namespaces)) return {};
    cli::note(kAdd,
              printable(name) +
                  " is pinned in this mount namespace only, as its mounts do not propagate (to pin "
                  "it where PID 1 sees it: nsx-enter --mount --target=1 nsx-pin add ...)");
    return {};
  });
}

Status pin(const Kernel& kernel, const Place& place, const std::string& name,
           const std::vector<Namespace>& namespaces) {
  auto done = add_pins(kernel, place.root, name, namespaces);
  if (done) note_if_hidden(kernel, place, name, namespaces);
  return done;
}

/// Returns 0, or the error of `done`.
Result<int> zero_if(Status done) {
  TRY(std::move(done));
  return 0;
}

/// Creates namespaces, runs the program in them and pins them. The program runs only once, even if
/// others add the same name at the same time.
Result<int> make_and_pin(const Kernel& kernel, const Place& place, const std::string& name,
                         const CreateRequest& request) {
  std::optional<MadeNamespaces> made;
  std::optional<int> failed;  // the exit status for a program that failed
  const auto make = [&]() -> Result<std::span<const Namespace>> {
    auto namespaces = TRY(make_namespaces(kernel, request));
    made.emplace(std::move(namespaces));
    const auto& outcome = made->outcome();
    if (outcome && (outcome->exit_status != 0 || outcome->signal != 0)) {
      failed = report_outcome(*outcome, name, request.program.file);
      return refuse("run", request.program.file, "it failed");
    }
    return std::span<const Namespace>(made->namespaces());
  };
  std::function<Status()> complete;
  if (request.kinds.contains(Kind::pid)) complete = [&] { return made->keep(); };
  Status done;
  if (!request.program.file.empty()) {
    done = add_made_pins(kernel, place.root, name, request.kinds, make, complete);
  } else {
    auto namespaces = TRY(make());
    done = add_pins(kernel, place.root, name, namespaces, complete);
  }
  if (failed) return *failed;
  if (done) note_if_hidden(kernel, place, name, made->namespaces());
  return zero_if(std::move(done));
}

/// Fails if the name is taken, before anything is created or run in vain.
Status check_free(const Kernel& kernel, const Place& place, const std::string& name,
                  KindSet kinds) {
  TRY(check_pin_name(name));
  auto store = TRY(PinStore::open(kernel, place.root));
  const KindSet taken = store.kinds(name);
  for (const Kind kind : kinds) {
    if (!taken.contains(kind)) continue;
    auto pins = TRY(store.list(kernel, {kind}));
    // The remains of an interrupted command are taken over.
    const auto is_half = [&](const PinFile& pin) {
      return pin.name == name && pin.state == PinState::half;
    };
    if (std::any_of(pins.begin(), pins.end(), is_half)) continue;
    return fail("pin", pin_path(kind, name, place.root), EEXIST,
                "choose another name, or run 'nsx-pin rm " + shell_word(name) + '\'');
  }
  return {};
}

Result<int> carry_out(const Kernel& kernel, const cli::CommandLine& line, Options& options) {
  const std::string name = line.operands.front();
  auto place = TRY(find_place(options.place));
  std::vector<Namespace> taken;
  if (!options.target.empty()) {
    // Resolved before Workplace::enter() changes the mount namespace.
    taken = TRY(of_target(kernel, options));
  }
  CreateRequest& request = options.request;
  if (options.all && options.target.empty()) ask_for_all(request);
  if (request.kinds.contains(Kind::net)) request.loopback = options.loopback;
  if (!line.program.empty()) request.program = cli::choose_program(line.program);
  const char* path = std::getenv("PATH");
  request.search_path = path != nullptr ? path : "/usr/bin:/bin";

  auto workplace = TRY(Workplace::enter(kernel, place, true));
  auto status = attempt([&]() -> Result<int> {
    TRY(check_free(kernel, place, name, request.kinds));
    if (!options.target.empty()) return zero_if(pin(kernel, place, name, taken));
    return make_and_pin(kernel, place, name, request);
  });
  if (status && *status == 0) return status;
  // After a failure, an ordinary user's holder must not stay without pins.
  auto left = attempt([&] { return workplace.leave(kernel); });
  if (status && !left) return error_of(left);
  return status;
}

}  // namespace

constexpr cli::Tool kAdd{
    "nsx-pin add",
    "[options] name [target] [-- program [argument...]]",
    "Create namespaces, or take those of a target, and pin them",
    kAddOptions,
    {.least = 1,
     .most = 2,
     .rest = cli::Completes::target,
     .runs = cli::Operands::Runs::after_dashes},
    kUsageStatus,
    "The program runs once inside the new namespaces; if it fails, nothing is pinned.\n",
    {{{"nsx-pin add blue", "network namespace, lo is up"},
      {"nsx-pin add -n -u -p box", "network, UTS and PID namespace"},
      {"nsx-pin add web container:web", "keep those of a container"}}},
};

int add(const cli::CommandLine& line) {
  Options options;
  auto read = cli::apply<kAddOptions>(line, options, options.request, options.place);
  if (!read) return cli::usage_error(kAdd, read.error());
  if (auto ok = complete(line, options); !ok) return cli::usage_error(kAdd, ok.error());
  const auto kernel = cli::open_kernel();
  auto status =
      kernel ? carry_out(*kernel, line, options) : Result<int>(tl::unexpected(kernel.error()));
  if (status) return *status;
  cli::report(kAdd, status.error());
  return 1;
}

}  // namespace nsx::pin_tool
