#include <algorithm>
#include <csignal>
#include <ctime>

#include <nsx/process.hh>

#include "common/number.hh"
#include "common/report.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/held.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

struct Options {
  bool all = false;
  bool kill = false;
  bool wait = false;
  std::optional<double> seconds;  ///< to wait; none: for ever
};

Status apply(const cli::Given& given, Options& options) {
  switch (given.option->id) {
    case 'a':
      options.all = true;
      break;
    case kKill:
      options.kill = true;
      break;
    case kWait:
      options.wait = true;
      if (given.argument == nullptr) break;
      options.seconds = cli::parse_number<double>(given.argument);
      if (!options.seconds || !(*options.seconds >= 0)) {
        return refuse("wait for", cli::quoted(given.argument), "not a number of seconds");
      }
      break;
    default:
      break;
  }
  return {};
}

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Those that are in a namespace of the machine itself are everybody.
bool is_own(const Kernel& kernel, const Namespace& ns) {
  const auto own = Namespace::open_file(kernel, kernel.proc_path() + "/self/ns/" + name(ns.kind()));
  return own && own->identity() == ns.identity();
}

void kill_all(const Kernel& kernel, const Users& users) {
  for (const pid_t pid : users.processes) {
    // One that has ended is what was wanted.
    if (auto process = Process::open(kernel, pid)) {
      [[maybe_unused]] const auto sent = process->send_signal(SIGKILL);
    }
  }
}

/// Whether all that was found has descriptors alone: who has may only be looking, as a monitor
/// does.
bool may_only_look(const std::vector<Users>& users) {
  return std::all_of(users.begin(), users.end(), [](const Users& each) {
    return each.processes.empty() && each.mounts.empty();
  });
}

/// For how long users are waited for; none: for ever.
std::optional<double> patience(const Options& options, const std::vector<Users>& users) {
  constexpr double kForKilled = 10;
  constexpr double kForALook = 0.1;
  if (options.wait) return options.seconds;
  if (options.kill) return kForKilled;
  return may_only_look(users) ? kForALook : 0;
}

/// Waits for, or ends, those that still use namespaces. None are left, or the time is over.
Result<std::vector<Users>> see_to_users(const Kernel& kernel,
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

/// The namespaces of a name, as far as they can be reached.
std::vector<Namespace> reach(const Kernel& kernel, const PinStore& store, const std::string& name) {
  std::vector<Namespace> namespaces;
  for (const Kind kind : KindSet::all()) {
    auto ns = store.open_pin(
        kernel, {.kind = kind, .name = name, .path = pin_path(kind, name, store.root())});
    if (ns) namespaces.push_back(std::move(*ns));
  }
  return namespaces;
}

Status remove(const Kernel& kernel, const Place& place, const PinStore& store,
              const std::string& name, const Options& options) {
  std::vector<Namespace> namespaces;
  if (check_pin_name(name) && store.directory() >= 0) namespaces = reach(kernel, store, name);
  if (options.kill) {
    for (const Namespace& ns : namespaces) {
      if (!is_own(kernel, ns)) continue;
      return refuse("kill those that use the pin", name,
                    std::string("its ") + nsx::name(ns.kind()) + " namespace is your own");
    }
  }
  if (auto removed = remove_pins(kernel, place.root, name); !removed) return removed;
  std::erase_if(namespaces, [&](const Namespace& ns) { return is_own(kernel, ns); });
  // Most are gone by now, and need no search for who uses them.
  namespaces = reopen_alive(kernel, std::move(namespaces));
  auto users = see_to_users(kernel, namespaces, options);
  if (!users) return error_of(users);
  if (users->empty()) return {};
  std::string text;
  for (const Users& each : *users)
    text += (text.empty() ? "" : "; ") + in_words(kernel, each);
  if (options.wait || options.kill) return refuse("end what uses the pin", name, text);
  cli::note(kRm, printable(name) + " is removed; " + text);
  return {};
}

Result<std::vector<std::string>> names_to_remove(const Kernel& kernel, const PinStore& store,
                                                 const cli::CommandLine& line,
                                                 const Options& options) {
  if (!options.all) return std::vector<std::string>(line.operands.begin(), line.operands.end());
  auto pins = store.list(kernel);
  if (!pins) return error_of(pins);
  std::vector<std::string> names;
  for (const PinFile& pin : *pins) {
    if (names.empty() || names.back() != pin.name) names.push_back(pin.name);
  }
  return names;
}

Result<int> carry_out(const cli::CommandLine& line, const Options& options) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto workplace = Workplace::enter(*kernel, *place, false);
  if (!workplace) return error_of(workplace);
  auto store = PinStore::open(*kernel, place->root);
  if (!store) return error_of(store);
  auto names = names_to_remove(*kernel, *store, line, options);
  if (!names) return error_of(names);
  int status = 0;
  for (const std::string& name : *names) {
    if (auto done = remove(*kernel, *place, *store, name, options); !done) {
      cli::report(kRm, done.error());
      status = 1;
    }
  }
  if (auto left = workplace->leave(*kernel); !left) return error_of(left);
  return status;
}

}  // namespace

int remove(const cli::CommandLine& line) {
  Options options;
  for (const cli::Given& given : line.options) {
    if (auto done = apply(given, options); !done) return cli::usage_error(kRm, done.error());
  }
  if (options.all != line.operands.empty()) {
    return cli::usage_error(kRm, {"remove", options.all ? line.operands.front() : "pins", 0,
                                  options.all ? "--all is all of them" : "no name is given",
                                  options.all ? "" : "--all removes all"});
  }
  const auto status = carry_out(line, options);
  if (status) return *status;
  cli::report(kRm, status.error());
  return 1;
}

}  // namespace nsx::pin_tool
