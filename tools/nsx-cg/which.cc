// nsx-cg which.

#include <nsx/target.hh>

#include "common/json.hh"
#include "common/report.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

namespace {

/// The process that a target means.
Result<Process> process_of(const Kernel& kernel, const std::string& target) {
  auto found = resolve_target(kernel, target.starts_with("pid:") ? target.substr(4) : target);
  if (!found) return error_of(found);
  if (!found->process) return refuse("tell the cgroup of", found->name, "that is no process");
  return std::move(*found->process);
}

/// "memory,cpu /a", of v2 "cgroup2 /a".
std::string all_text(const std::vector<CgroupMembership>& memberships) {
  std::string text;
  for (const CgroupMembership& each : memberships) {
    text += (each.hierarchy == 0 ? "cgroup2" : printable(each.controllers)) + ' ' +
            printable(each.path) + '\n';
  }
  return text;
}

void add_json(cli::JsonWriter& json, const char* target, const Process& process,
              const std::vector<CgroupMembership>& memberships, const std::string& path) {
  json.open('{').key("target").string(target).key("pid").number(process.pid());
  json.key("cgroup").string_or_null(path);
  const auto container = container_of(process);
  if (container) json.key("container").string(container->name);
  if (const auto unit = unit_of(process)) json.key("unit").string(*unit);
  json.key("hierarchies").open('[');
  for (const CgroupMembership& each : memberships) {
    json.open('{').key("controllers").string(each.hierarchy == 0 ? "cgroup2" : each.controllers);
    json.key("path").string(each.path).close();
  }
  json.close().close();
}

}  // namespace

int which(const cli::CommandLine& line) {
  auto kernel = cli::open_kernel();
  if (!kernel) return finish(kWhich, error_of(kernel));
  const auto session = Session::open();
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
    if (line.has('J')) {
      add_json(json, target, *process, *memberships, cgroup ? cgroup->path() : "");
    } else if (line.has(kAll)) {
      text += all_text(*memberships);
    } else if (cgroup) {
      text += printable(cgroup->path()) + '\n';
    } else {
      status = finish(kWhich, tl::unexpected(cgroup.error()));
    }
  }
  const int printed = cli::print(kWhich, line.has('J') ? json.close().take() + '\n' : text);
  return printed != 0 ? printed : status;
}

}  // namespace nsx::cg_tool
