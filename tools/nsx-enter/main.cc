#include <charconv>
#include <cstring>

#include <nsx/enter.hh>

#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-enter/options.hh"

namespace nsx::enter_tool {

namespace {

PathOrTarget path_or_target(const char* argument) {
  return argument != nullptr ? PathOrTarget(argument) : std::nullopt;
}

/// A later option of the same kind replaces an earlier one, as in nsenter(1).
void select(EnterRequest& request, Kind kind, const char* file) {
  std::erase_if(request.selections, [&](const auto& s) { return s.kind == kind; });
  request.selections.push_back({kind, path_or_target(file)});
}

Result<std::uint32_t> parse_id(const char* text, const char* what) {
  std::uint32_t id = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, id);
  // (uid_t) -1 means "leave it" to the kernel.
  if (error != std::errc{} || stop != end || id == ~std::uint32_t{0}) {
    return refuse(std::string("use as a ") + what, cli::quoted(text),
                  "not a number from 0 to 4294967294");
  }
  return id;
}

/// Puts one option into the request.
Status apply(const cli::Given& given, EnterRequest& request) {
  const char* argument = given.argument;
  if (const auto kind = cli::kind_by_letter(given.option->id)) {
    select(request, *kind, argument);
    return {};
  }
  switch (given.option->id) {
    case 't': {
      auto pid = cli::parse_pid(argument);
      if (!pid) return error_of(pid);
      request.target = *pid;
      break;
    }
    case 'a':
      request.all = true;
      break;
    case 'S': {
      auto id = parse_id(argument, "UID");
      if (!id) return error_of(id);
      request.uid = *id;
      break;
    }
    case 'G': {
      auto id = parse_id(argument, "GID");
      if (!id) return error_of(id);
      request.gid = *id;
      break;
    }
    case kPreserveCredentials:
      request.preserve_credentials = true;
      break;
    case 'r':
      request.root = path_or_target(argument);
      break;
    case 'w':
      request.working_directory = path_or_target(argument);
      break;
    case 'F':
      request.fork = false;
      break;
    default:
      break;
  }
  return {};
}

/// Whether the request needs a target and names none.
Status check_target(const EnterRequest& request) {
  if (request.target) return {};
  const char* needs = nullptr;
  for (const auto& selection : request.selections) {
    if (!selection.file) needs = "namespaces without a file";
  }
  if (request.all) needs = "--all";
  if (request.root && !*request.root) needs = "--root without a directory";
  if (request.working_directory && !*request.working_directory) {
    needs = "--wd without a directory";
  }
  if (needs == nullptr) return {};
  return refuse("enter", needs, "no target process is named", "--target=PID");
}

int run(int argc, char** argv) {
  auto line = cli::parse(kTool, argc, argv);
  if (!line) return cli::usage_error(kTool, line.error());
  if (const auto status = cli::answer_help(kTool, *line)) return *status;

  EnterRequest request;
  for (const cli::Given& given : line->options) {
    if (auto done = apply(given, request); !done) return cli::usage_error(kTool, done.error());
  }
  if (auto ok = check_target(request); !ok) return cli::usage_error(kTool, ok.error());
  const bool names_nothing =
      request.selections.empty() && !request.root && !request.working_directory;
  if (request.target && names_nothing) request.all = true;
  request.program = cli::choose_program(line->operands);

  const auto kernel = cli::open_kernel();
  auto facts = kernel ? read_enter_facts(*kernel, request)
                      : Result<EnterFacts>(tl::unexpected(kernel.error()));
  auto plan = facts ? plan_enter(request, std::move(*facts)) : Result<Plan>(error_of(facts));
  if (!plan) {
    cli::report(kTool, plan.error());
    return cli::kFailed;
  }
  return line->has(cli::kPlanId) ? cli::print_plan(kTool, *plan) : cli::run_plan(kTool, *plan);
}

}  // namespace

}  // namespace nsx::enter_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::enter_tool::kTool, nsx::enter_tool::run, argc, argv);
}
