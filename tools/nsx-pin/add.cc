#include <algorithm>
#include <cstdlib>
#include <unistd.h>

#include <nsx/make.hh>
#include <nsx/target.hh>

#include "common/map_options.hh"
#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

struct Options {
  CreateRequest request;
  std::string target;  ///< empty: new namespaces
  bool all = false;
  bool loopback = true;
  bool maps = false;  ///< or other things that only new namespaces have
};

Status apply(const cli::Given& given, Options& options) {
  if (const auto kind = cli::kind_by_letter(given.option->id)) {
    options.request.kinds.insert(*kind);
    return {};
  }
  if (auto done = cli::apply_creation(given, options.request)) {
    options.maps = true;
    return *std::move(done);
  }
  switch (given.option->id) {
    case 'a':
      options.all = true;
      break;
    case 't':
      options.target = given.argument;
      break;
    case kNoLo:
      options.loopback = false;
      break;
    default:
      break;
  }
  return {};
}

/// What the options imply, and what does not go together.
Status complete(const cli::CommandLine& line, Options& options) {
  if (line.operands.size() > 1) {
    if (!options.target.empty()) return refuse("use", "--target", "a target is named already");
    options.target = line.operands[1];
  }
  CreateRequest& request = options.request;
  if (!options.target.empty()) {
    if (!line.program.empty()) {
      return refuse("run", line.program.front(), "it is for new namespaces",
                    "nsx-pin exec runs a program in those that are pinned");
    }
    if (options.maps) return refuse("use", "--target", "the maps are for new namespaces");
  }
  if (!request.users.empty() || !request.groups.empty()) request.kinds.insert(Kind::user);
  if (request.hostname) request.kinds.insert(Kind::uts);
  if (request.kinds.empty() && !options.all) request.kinds.insert(Kind::net);
  return {};
}

/// All kinds that this kernel has, with ids as nsx-unshare --all maps them: an ordinary user is
/// root.
void ask_for_all(CreateRequest& request) {
  for (const KindInfo& kind : kKinds) {
    const std::string file = std::string("/proc/self/ns/") + kind.name;
    if (::access(file.c_str(), F_OK) == 0) request.kinds.insert(kind.kind);
  }
  if (!request.users.empty() || !request.groups.empty()) return;
  for (IdMapRequest* ids : {&request.users, &request.groups})
    ids->blocks.push_back({IdMapRequest::Block::Source::all, {}});
}

/// Those that a target has, of the kinds that are asked for.
Result<std::vector<Namespace>> of_target(const Kernel& kernel, const Options& options) {
  auto target = resolve_target(kernel, options.target, cli::target_options());
  if (!target) return error_of(target);
  std::vector<Namespace> namespaces;
  if (target->process) {
    for (const Kind kind : options.all ? KindSet::all() : options.request.kinds) {
      auto ns = target->process->open_namespace(kernel, kind);
      if (!ns) return error_of(ns);
      namespaces.push_back(std::move(*ns));
    }
    return namespaces;
  }
  KindSet found;
  for (TargetNamespace& each : target->namespaces) {
    if (!options.all && !options.request.kinds.contains(each.ns.kind())) continue;
    found.insert(each.ns.kind());
    namespaces.push_back(std::move(each.ns));
  }
  for (const Kind kind : options.request.kinds) {
    if (found.contains(kind)) continue;
    return refuse(std::string("pin the ") + name(kind) + " namespace of", target->name,
                  "it has none");
  }
  return namespaces;
}

/// Why the program's end is a failure; its status is then this tool's.
int report_outcome(const Outcome& outcome, const char* program) {
  const std::string how = outcome.signal != 0
                              ? "it was ended by signal " + std::to_string(outcome.signal)
                              : "it ended with status " + std::to_string(outcome.exit_status);
  cli::report(kAdd, {"run", program, 0, how, "nothing is pinned"});
  return outcome.signal != 0 ? 128 + outcome.signal : outcome.exit_status;
}

Status pin(const Kernel& kernel, const Place& place, const std::string& name,
           const std::vector<Namespace>& namespaces, MadeNamespaces* made) {
  std::function<Status()> complete;
  for (const Namespace& ns : namespaces) {
    if (made != nullptr && ns.kind() == Kind::pid) complete = [made] { return made->keep(); };
  }
  return add_pins(kernel, place.root, name, namespaces, complete);
}

/// Before anything is made or run for nothing.
Status check_free(const Kernel& kernel, const Place& place, const std::string& name,
                  KindSet kinds) {
  if (auto ok = check_pin_name(name); !ok) return ok;
  for (const Kind kind : kinds) {
    if (::access(pin_path(kind, name, place.root).c_str(), F_OK) != 0) continue;
    auto store = PinStore::open(kernel, place.root);
    auto pins = store ? store->list(kernel, {kind}) : Result<std::vector<PinFile>>();
    if (!store) return error_of(store);
    if (!pins) return error_of(pins);
    // What was broken off is taken over.
    const auto is_half = [&](const PinFile& pin) {
      return pin.name == name && pin.state == PinState::half;
    };
    if (std::any_of(pins->begin(), pins->end(), is_half)) continue;
    return fail("pin", pin_path(kind, name, place.root), EEXIST,
                "there is a pin of this name, or a file that nsx-pin gc removes");
  }
  return {};
}

Result<int> carry_out(const Kernel& kernel, const cli::CommandLine& line, Options& options) {
  const std::string name = line.operands.front();
  auto place = find_place(line);
  if (!place) return error_of(place);
  std::vector<Namespace> taken;
  if (!options.target.empty()) {
    // While this process is where the target was named.
    auto found = of_target(kernel, options);
    if (!found) return error_of(found);
    taken = std::move(*found);
  }
  CreateRequest& request = options.request;
  if (options.all && options.target.empty()) ask_for_all(request);
  if (request.kinds.contains(Kind::net)) request.loopback = options.loopback;
  if (!line.program.empty()) request.program = cli::choose_program(line.program);
  const char* path = std::getenv("PATH");
  request.search_path = path != nullptr ? path : "/usr/bin:/bin";

  auto workplace = Workplace::enter(kernel, *place, true);
  if (!workplace) return error_of(workplace);
  if (auto ok = check_free(kernel, *place, name, request.kinds); !ok) return error_of(ok);
  int status = 0;
  Status done;
  if (!options.target.empty()) {
    done = pin(kernel, *place, name, taken, nullptr);
  } else {
    auto made = make_namespaces(kernel, request);
    if (!made) {
      done = error_of(made);
    } else if (made->outcome() &&
               (made->outcome()->exit_status != 0 || made->outcome()->signal != 0)) {
      status = report_outcome(*made->outcome(), line.program.front());
    } else {
      done = pin(kernel, *place, name, made->namespaces(), &*made);
    }
  }
  auto left = workplace->leave(kernel);
  if (!done) return error_of(done);
  if (!left) return error_of(left);
  return status;
}

}  // namespace

int add(const cli::CommandLine& line) {
  Options options;
  for (const cli::Given& given : line.options) {
    if (auto done = apply(given, options); !done) return cli::usage_error(kAdd, done.error());
  }
  if (auto ok = complete(line, options); !ok) return cli::usage_error(kAdd, ok.error());
  const auto kernel = cli::open_kernel();
  auto status =
      kernel ? carry_out(*kernel, line, options) : Result<int>(tl::unexpected(kernel.error()));
  if (status) return *status;
  cli::report(kAdd, status.error());
  return 1;
}

}  // namespace nsx::pin_tool
