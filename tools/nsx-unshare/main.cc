#include <csignal>
#include <cstring>

#include <nsx/create.hh>

#include "common/report.hh"
#include "common/runner.hh"
#include "common/signals.hh"
#include "nsx-unshare/options.hh"

namespace nsx::unshare_tool {

namespace {

Result<CreateRequest::Propagation> parse_propagation(std::string_view mode) {
  using Propagation = CreateRequest::Propagation;
  if (mode == "private") return Propagation::private_;
  if (mode == "shared") return Propagation::shared;
  if (mode == "slave") return Propagation::slave;
  if (mode == "unchanged") return Propagation::unchanged;
  return refuse("use as --propagation", cli::quoted(mode), "unknown mode",
                "private, shared, slave or unchanged");
}

/// Puts one option into the request.
Status apply(const cli::Given& given, CreateRequest& request) {
  const char* argument = given.argument;
  if (const auto kind = cli::kind_by_letter(given.option->id)) {
    request.kinds.insert(*kind);
    return {};
  }
  switch (given.option->id) {
    case 'f':
      request.fork = true;
      break;
    case 'r':
      request.map_user = CreateRequest::MapUser::root;
      break;
    case 'c':
      request.map_user = CreateRequest::MapUser::current;
      break;
    case 'R':
      request.root = argument;
      break;
    case 'w':
      request.working_directory = argument;
      break;
    case kMountProc:
      request.mount_proc = argument != nullptr ? argument : "/proc";
      break;
    case kPropagation: {
      auto mode = parse_propagation(argument);
      if (!mode) return error_of(mode);
      request.propagation = *mode;
      break;
    }
    case kKillChild: {
      auto signal = argument != nullptr ? cli::parse_signal(argument) : Result<int>(SIGKILL);
      if (!signal) return error_of(signal);
      request.kill_child = *signal;
      break;
    }
    default:
      break;
  }
  return {};
}

int run(int argc, char** argv) {
  auto line = cli::parse(kTool, argc, argv);
  if (!line) return cli::usage_error(kTool, line.error());
  if (const auto status = cli::answer_help(kTool, *line)) return *status;

  CreateRequest request;
  for (const cli::Given& given : line->options) {
    if (auto done = apply(given, request); !done) return cli::usage_error(kTool, done.error());
  }
  request.program = cli::choose_program(line->operands);

  const Plan plan = plan_create(request, read_create_facts());
  return line->has(cli::kPlanId) ? cli::print_plan(kTool, plan) : cli::run_plan(kTool, plan);
}

}  // namespace

}  // namespace nsx::unshare_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::unshare_tool::kTool, nsx::unshare_tool::run, argc, argv);
}
