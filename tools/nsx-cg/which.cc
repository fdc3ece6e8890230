// SPDX-License-Identifier: MIT
// nsx-cg which.

#include <array>

#include <nsx/target.hh>

#include "common/json.hh"
#include "common/report.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/commands.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

struct Request {
  bool all = false;
  bool json = false;
};

constexpr std::array kWhichOptions{
    cli::flag(cli::kNoLetter, "all", "in every hierarchy, including cgroup v1",
              cli::set_flag<&Request::all>),
    cli::flag('J', "json", "print JSON", cli::set_flag<&Request::json>),
    cli::kHelp,
};

/// Returns the process that a target names.
Result<Process> process_of(const Kernel& kernel, const std::string& target) {
  auto found = TRY(resolve_target(kernel, target, cli::target_options()));
  if (!found.process) return problem("{} is not a process", found.name);
  return std::move(*found.process);
}

/// Returns a line per hierarchy: "memory,cpu /a", for v2 "cgroup2 /a".
std::string all_text(const std::vector<CgroupMembership>& memberships) {
  std::string text;
  for (const CgroupMembership& each : memberships) {
    text += (each.hierarchy == 0 ? "cgroup2" : printable(each.controllers)) + ' ' +
            printable(each.path) + '\n';
  }
  return text;
}

void add_json(cli::JsonWriter& json, const char* target, const Process& process,
              const CgroupPlace& place, const std::vector<CgroupMembership>& memberships,
              const std::string& path) {
  json.open('{').key("target").string(target).key("pid").number(process.pid());
  json.key("cgroup").string_or_null(path);
  if (place.container) json.key("container").string(place.container->text());
  if (place.unit) json.key("unit").string(place.unit->text());
  json.key("hierarchies").open('[');
  for (const CgroupMembership& each : memberships) {
    json.open('{').key("controllers").string(each.hierarchy == 0 ? "cgroup2" : each.controllers);
    json.key("path").string(each.path).close();
  }
  json.close().close();
}

}  // namespace

constexpr cli::Tool kWhich{
    "nsx-cg which",
    "[options] target...",
    "Print the cgroups of processes",
    kWhichOptions,
    cli::Operands{.least = 1,
                  .most = cli::Operands::kAnyNumber,
                  .first = cli::Completes::target,
                  .rest = cli::Completes::target},
    kUsageStatus,
    nullptr,
    {{{"nsx-cg which 4711", "of a process"},
      {"nsx-cg which --all $$", "in all hierarchies"},
      {"nsx-cg which web", "of a container"}}},
};

int which(const cli::CommandLine& line) {
  Request request;
  if (auto read = cli::apply<kWhichOptions>(line, request); !read) {
    return cli::usage_error(kWhich, read.error());
  }
  auto kernel = cli::open_kernel();
  if (!kernel) return finish(kWhich, error_of(kernel));
  const auto session = Session::open();
  std::optional<Places> places;
  if (session && request.json) places.emplace(session->tree);
  int status = 0;
  std::string text;
  cli::JsonWriter json;
  json.open('[');
  for (const char* target : line.operands) {
    auto process = process_of(*kernel, target);
    if (!process) {
      status = finish(kWhich, error_of(process));
      continue;
    }
    auto memberships = memberships_of(*process);
    if (!memberships) {
      status = finish(kWhich, error_of(memberships));
      continue;
    }
    const auto cgroup =
        session ? session->tree.of(*process) : Result<Cgroup>(tl::unexpected(session.error()));
    if (request.json) {
      add_json(json, target, *process,
               places ? places->of(*process) : CgroupPlaces(*kernel).of(*process), *memberships,
               cgroup ? cgroup->path() : "");
    } else if (request.all) {
      text += all_text(*memberships);
    } else if (cgroup) {
      text += printable(cgroup->path()) + '\n';
    } else {
      status = finish(kWhich, tl::unexpected(cgroup.error()));
    }
  }
  const int printed = cli::print(kWhich, request.json ? json.close().take() + '\n' : text);
  return printed != 0 ? printed : status;
}

}  // namespace nsx::cg_tool
