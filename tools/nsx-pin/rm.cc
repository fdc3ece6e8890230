// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>

#include <nsx/pin.hh>
#include <nsx/process.hh>
#include <nsx/text.hh>

#include "common/report.hh"
#include "common/value.hh"
#include "nsx-pin/commands.hh"
#include "try.hh"
#include "upkeep/upkeep.hh"

namespace nsx::pin_tool {

namespace {

struct Options {
  bool all = false;
  bool force = false;
  bool kill = false;
  bool wait = false;
  std::optional<double> seconds;  ///< timeout of --wait; none: no timeout
  PlaceOptions place;
};

Status set_wait(Options& options, const char* text) {
  options.wait = true;
  if (text == nullptr) return {};
  const std::chrono::duration<double> time = TRY(cli::parse_time(text));
  options.seconds = time.count();
  return {};
}

constexpr std::array kRmOptions{
    cli::flag('a', "all", "remove all pins", cli::set_flag<&Options::all>),
    cli::flag('f', "force", "also remove pins mounted only in another mount namespace",
              cli::set_flag<&Options::force>),
    cli::flag(cli::kNoLetter, "kill",
              "kill the processes in the namespaces; otherwise a PID namespace with processes is "
              "not removed",
              cli::set_flag<&Options::kill>),
    cli::optional_value(cli::kNoLetter, "wait", {"TIME"},
                        "wait until the namespaces are no longer in use", cli::call<set_wait>),
    kDir,
    cli::kHelp,
};

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Whether it is the namespace of this process or of PID 1, whose users must not be killed.
bool is_everybodys(const Kernel& kernel, const Namespace& ns) {
  if (ns.is_current(kernel)) return true;
  const auto init = Namespace::open_file(kernel, kernel.proc_path() + "/1/ns/" + name(ns.kind()));
  return init && init->same_as(ns);
}

void kill_all(const Kernel& kernel, const Users& users) {
  for (const pid_t pid : users.processes) {
    // A process that cannot be opened has exited already.
    if (auto process = Process::open(kernel, pid)) {
      [[maybe_unused]] const auto sent = process->send_signal(SIGKILL);
    }
  }
}

/// Whether all users hold only descriptors. Such a process may only be reading, as a monitor does,
/// and close them soon.
bool may_only_look(const std::vector<Users>& users) {
  return std::all_of(users.begin(), users.end(), [](const Users& each) {
    return each.processes.empty() && each.mounts.empty();
  });
}

/// Returns for how many seconds to wait for users; none: no limit.
std::optional<double> patience(const Options& options, const std::vector<Users>& users) {
  constexpr double kForKilled = 10;
  constexpr double kForALook = 0.1;
  if (options.wait) return options.seconds;
  if (options.kill) return kForKilled;
  return may_only_look(users) ? kForALook : 0;
}

/// Fails if removing a PID namespace would kill processes in it besides its init. With --wait,
/// waits for them first.
Status check_inside(const Kernel& kernel, const PinStore& store, const std::string& name,
                    const Options& options) {
  const double start = now();
  for (;;) {
    const auto init = init_to_end(kernel, store, name);
    if (!init) return {};
    auto inside = TRY(processes_beside(kernel, *init));
    if (inside.empty()) return {};
    if (!options.wait || (options.seconds && now() - start >= *options.seconds)) {
      return refuse("remove the pin", name,
                    "this would kill " + std::to_string(inside.size()) +
                        (inside.size() == 1 ? " process" : " processes") +
                        " in its PID namespace (" + some_processes(kernel, inside) + ')',
                    "nsx-pin rm --kill " + shell_word(name));
    }
    const timespec pause{0, 20'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

/// Waits for the users of the namespaces, with --kill kills them. Returns those that are left after
/// the timeout.
Result<std::vector<Users>> await_users(const Kernel& kernel,
                                       const std::vector<Namespace>& namespaces,
                                       const Options& options) {
  const double start = now();
  for (;;) {
    auto users = find_users(kernel, namespaces);
    if (!users || users->empty()) return users;
    if (options.kill) {
      for (const Users& each : *users)
        kill_all(kernel, each);
    }
    const auto limit = patience(options, *users);
    if (limit && now() - start >= *limit) return users;
    const timespec pause{0, 20'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

/// Returns the namespaces pinned under a name that can be opened.
std::vector<Namespace> reach(const Kernel& kernel, const PinStore& store, const std::string& name) {
  std::vector<Namespace> namespaces;
  for (const Kind kind : KindSet::all()) {
    auto ns = store.open_pin(
        kernel, {.kind = kind, .name = name, .path = pin_path(kind, name, store.root())});
    if (ns) namespaces.push_back(std::move(*ns));
  }
  return namespaces;
}

/// Fails if the pin is mounted only in another mount namespace, where it would be removed, too.
Status check_elsewhere(const Kernel& kernel, const PinStore& store, const std::string& name) {
  auto pins = TRY(store.list(kernel));
  std::erase_if(pins, [&](const PinFile& pin) { return pin.name != name; });
  TRY(store.examine(kernel, pins));
  for (const PinFile& pin : pins) {
    if (pin.state != PinState::elsewhere) continue;
    return refuse("remove the pin", name,
                  std::string("its ") + nsx::name(pin.kind) +
                      " namespace is mounted in another mount namespace: " + user_of(kernel, pin),
                  "nsx-pin rm --force " + shell_word(name));
  }
  return {};
}

Status remove(const Kernel& kernel, const Place& place, const PinStore& store,
              const std::string& name, const Options& options) {
  std::vector<Namespace> namespaces;
  if (check_pin_name(name) && store.directory() >= 0) namespaces = reach(kernel, store, name);
  if (options.kill) {
    for (const Namespace& ns : namespaces) {
      if (!is_everybodys(kernel, ns)) continue;
      return refuse("kill the processes that use the pin", name,
                    std::string("its ") + nsx::name(ns.kind()) + " namespace is your own");
    }
  }
  if (!options.force) {
    TRY(check_elsewhere(kernel, store, name));
  }
  if (!options.kill) {
    TRY(check_inside(kernel, store, name, options));
  }
  TRY(remove_pins(kernel, place.root, name));
  std::erase_if(namespaces, [&](const Namespace& ns) { return is_everybodys(kernel, ns); });
  // Most namespaces are gone by now and need no search for users.
  namespaces = reopen_alive(kernel, std::move(namespaces));
  auto users = TRY(await_users(kernel, namespaces, options));
  if (users.empty()) return {};
  std::string text;
  for (const Users& each : users)
    text += (text.empty() ? "" : "; ") + in_words(kernel, each);
  if (options.wait || options.kill) {
    return problem("timed out waiting for pin '{}'", name, text);
  }
  cli::note(kRm, "removed " + printable(name) + ", but " + text);
  return {};
}

Result<std::vector<std::string>> names_to_remove(const Kernel& kernel, const PinStore& store,
                                                 const cli::CommandLine& line,
                                                 const Options& options) {
  if (!options.all) return std::vector<std::string>(line.operands.begin(), line.operands.end());
  auto pins = TRY(store.list(kernel));
  std::vector<std::string> names;
  for (const PinFile& pin : pins) {
    if (names.empty() || names.back() != pin.name) names.push_back(pin.name);
  }
  return names;
}

Result<int> carry_out(const cli::CommandLine& line, const Options& options) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(options.place));
  TRY(check_not_roots(kernel, place, "remove the pin", line.operands));
  auto workplace = TRY(Workplace::enter(kernel, place, false));
  auto store = TRY(PinStore::open(kernel, place.root));
  auto names = TRY(names_to_remove(kernel, store, line, options));
  int status = 0;
  for (const std::string& name : names) {
    if (auto done = remove(kernel, place, store, name, options); !done) {
      cli::report(kRm, done.error());
      status = 1;
    }
  }
  TRY(workplace.leave(kernel));
  return status;
}

}  // namespace

constexpr cli::Tool kRm{
    "nsx-pin rm",
    "[options] name...",
    "Remove pins",
    kRmOptions,
    kAnyPins,
    kUsageStatus,
    nullptr,
    {{{"nsx-pin rm blue", "remove the pin blue"},
      {"nsx-pin rm --kill box", "kill what still runs inside"},
      {"nsx-pin rm --wait=10 blue", "wait until it is unused"}}},
};

int remove(const cli::CommandLine& line) {
  Options options;
  if (auto read = cli::apply<kRmOptions>(line, options, options.place); !read) {
    return cli::usage_error(kRm, read.error());
  }
  if (options.all != line.operands.empty()) {
    return cli::usage_error(kRm, name_error(options.all));
  }
  const auto status = carry_out(line, options);
  if (status) return *status;
  cli::report(kRm, status.error());
  return 1;
}

namespace {

constexpr std::array kMvOptions{
    kDir,
    cli::kHelp,
};

Status carry_out(const cli::CommandLine& line, const PlaceOptions& options) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(options));
  const std::span<char* const> old(line.operands.data(), 1);
  TRY(check_not_roots(kernel, place, "rename the pin", old));
  auto workplace = TRY(Workplace::enter(kernel, place, false));
  return rename_pins(kernel, place.root, line.operands[0], line.operands[1]);
}

}  // namespace

constexpr cli::Tool kMv{
    "nsx-pin mv",
    "[options] old new",
    "Rename a pin",
    kMvOptions,
    {.least = 2, .most = 2, .first = cli::Completes::pin},
    kUsageStatus,
    nullptr,
    {{{"nsx-pin mv blue green", "rename blue to green"},
      {"nsx-pin rename blue green", "the same"},
      {"nsx-pin mv --dir /srv/pins a b", "in another directory"}}},
};

int rename(const cli::CommandLine& line) {
  PlaceOptions options;
  if (auto read = cli::apply<kMvOptions>(line, options); !read) {
    return cli::usage_error(kMv, read.error());
  }
  const auto done = carry_out(line, options);
  if (done) return 0;
  cli::report(kMv, done.error());
  return 1;
}

namespace {

struct Request {
  bool dry_run = false;
  PlaceOptions place;
};

constexpr std::array kGcOptions{
    cli::flag(cli::kNoLetter, "dry-run", "print what would be removed, and remove nothing",
              cli::set_flag<&Request::dry_run>),
    kDir,
    cli::kHelp,
};

/// Removes garbage, or only finds it with --dry-run. Returns a line for each file.
Result<std::string> carry_out(const Request& request) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(request.place));
  auto workplace = TRY(Workplace::enter(kernel, place, false));
  auto garbage = TRY(collect_pin_garbage(kernel, place.root, request.dry_run));
  TRY(workplace.leave(kernel));
  std::string text;
  for (const PinFile& pin : garbage)
    text += printable(pin.path) + " (" + name(pin.state) + ")\n";
  return text;
}

}  // namespace

constexpr cli::Tool kGc{
    "nsx-pin gc",
    "[options]",
    "Remove stale files and the remains of interrupted commands",
    kGcOptions,
    cli::Operands::none,
    kUsageStatus,
    nullptr,
    {{{"nsx-pin gc --dry-run", "what would be removed"},
      {"nsx-pin gc", "remove it"},
      {"nsx-pin gc --dir /srv/pins", "in another directory"}}},
};

int collect(const cli::CommandLine& line) {
  Request request;
  if (auto read = cli::apply<kGcOptions>(line, request, request.place); !read) {
    return cli::usage_error(kGc, read.error());
  }
  const auto text = carry_out(request);
  if (text) return cli::print(kGc, *text);
  cli::report(kGc, text.error());
  return 1;
}

}  // namespace nsx::pin_tool
