#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include <nsx/create.hh>

#include "common/create_arguments.hh"
#include "common/ids.hh"
#include "common/map_options.hh"
#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-unshare/options.hh"

namespace nsx::unshare_tool {

namespace {

/// Puts what was parsed in its place.
template <class T, class Place>
Status put(Result<T> parsed, Place& place) {
  if (!parsed) return error_of(parsed);
  place = std::move(*parsed);
  return {};
}

void add_kind(CreateRequest& request, Kind kind, const char* file) {
  request.kinds.insert(kind);
  std::erase_if(request.files, [&](const auto& other) { return other.kind == kind; });
  if (file != nullptr) request.files.push_back({kind, file});
}

/// Puts an option that says who the program is into the request; none: it is another option.
std::optional<Status> apply_ids(const cli::Given& given, CreateRequest& request) {
  const char* argument = given.argument;
  switch (given.option->id) {
    case kOwner:
      return put(cli::parse_owner(argument), request.owner);
    case 'S':
      return put(cli::parse_id(argument, "UID"), request.uid);
    case 'G':
      return put(cli::parse_id(argument, "GID"), request.gid);
    case kKeepCaps:
      request.keep_capabilities = true;
      return Status{};
    default:
      return cli::apply_creation(given, request);
  }
}

/// Puts one option into the request.
Status apply(const cli::Given& given, CreateRequest& request) {
  const char* argument = given.argument;
  if (const auto kind = cli::kind_by_letter(given.option->id)) {
    add_kind(request, *kind, argument);
    return {};
  }
  if (auto done = apply_ids(given, request)) return *std::move(done);
  switch (given.option->id) {
    case kAll:
      request.all = true;
      break;
    case kPin:
      request.pin = argument;
      break;
    case 'f':
    case cli::kForwardSignalsId:
      request.fork = true;
      break;
    case kInit:
      request.init = true;
      break;
    case kLo:
      request.loopback = true;
      break;
    case kMountProc:
      request.mount_proc = argument != nullptr ? argument : "/proc";
      break;
    case kMountBinfmt:
      request.mount_binfmt = argument != nullptr ? argument : kUsualBinfmt;
      break;
    case 'l':
      request.interpreters.emplace_back(argument);
      break;
    case kPropagation:
      return put(cli::parse_propagation(argument), request.propagation);
    case 'R':
      request.root = argument;
      break;
    case 'w':
      request.working_directory = argument;
      break;
    case kClearEnv:
      if (!request.environment) request.environment.emplace();
      break;
    case kWhitelistEnv: {
      if (!request.environment) request.environment.emplace();
      const auto chosen = cli::choose_variables(::environ, argument);
      request.environment->insert(request.environment->end(), chosen.begin(), chosen.end());
      break;
    }
    default:
      break;
  }
  return {};
}

Result<Plan> make_plan(const Kernel& kernel, CreateRequest request) {
  const char* path = std::getenv("PATH");
  request.search_path = path != nullptr ? path : "/usr/bin:/bin";
  auto facts = read_create_facts(kernel, request);
  if (!facts) return error_of(facts);
  return plan_create(request, *facts);
}

int run(int argc, char** argv) {
  auto line = cli::parse(kTool, argc, argv);
  if (!line) return cli::usage_error(kTool, line.error());
  if (const auto status = cli::answer_help(kTool, *line)) return *status;

  CreateRequest request;
  cli::RunOptions options;
  for (const cli::Given& given : line->options) {
    auto done = apply(given, request);
    if (done) done = cli::apply(given, options);
    if (done) done = cli::apply(given, request.cgroup);
    if (!done) return cli::usage_error(kTool, done.error());
  }
  if (auto ok = cli::check(options); !ok) return cli::usage_error(kTool, ok.error());
  request.follow = options.follow;
  // An init is there to pass them on.
  if (request.init && request.follow.forward.empty()) request.follow.forward = cli::usual_signals();
  request.program = cli::choose_program(line->program);

  const auto kernel = cli::open_kernel();
  auto plan = kernel ? make_plan(*kernel, std::move(request))
                     : Result<Plan>(tl::unexpected(kernel.error()));
  if (!plan) {
    cli::report(kTool, plan.error());
    return cli::kFailed;
  }
  if (!options.plan && !cli::is_called(argv[0], "unshare")) cli::hint_stale_proc(kTool, *plan);
  return cli::run_or_print(kTool, *kernel, *plan, options);
}

}  // namespace

}  // namespace nsx::unshare_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::unshare_tool::kTool, nsx::unshare_tool::run, argc, argv);
}
