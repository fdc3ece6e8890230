// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include <nsx/census.hh>

#include "common/report.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/held.hh"
#include "nsx-pin/place.hh"
#include "try.hh"

namespace nsx::pin_tool {

namespace {

struct Request {
  bool all = false;
  PlaceOptions place;
};

constexpr std::array kPidsOptions{
    cli::flag('a', "all", "include processes that only have a thread inside or a descriptor of it",
              cli::set_flag<&Request::all>),
    kDir,
    cli::kHelp,
};

Result<std::string> pids_of(const cli::CommandLine& line, const Request& request) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(request.place));
  auto stores = TRY(open_stores(kernel, place));
  const std::string name = line.operands.front();
  auto namespaces = TRY(store_of(stores, name).find(kernel, name));

  std::vector<pid_t> pids;
  if (request.all) {
    auto users = TRY(find_users(kernel, namespaces));
    for (const Users& each : users) {
      pids.insert(pids.end(), each.processes.begin(), each.processes.end());
      pids.insert(pids.end(), each.descriptors.begin(), each.descriptors.end());
    }
  } else {
    pids = TRY(processes_in(kernel, namespaces));
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  std::string text;
  for (const pid_t pid : pids)
    text += std::to_string(pid) + '\n';
  return text;
}

}  // namespace

constexpr cli::Tool kPids{
    "nsx-pin pids",
    "[options] name",
    "Print the PIDs of the processes in a pinned namespace",
    kPidsOptions,
    {.least = 1, .most = 1, .first = cli::Completes::pin},
    kUsageStatus,
    nullptr,
    {{{"nsx-pin pids blue", "processes inside"},
      {"nsx-pin pids --all blue", "everything that keeps it busy"},
      {"nsx-pin pids blue | xargs -r kill", "terminate them"}}},
};

int pids(const cli::CommandLine& line) {
  Request request;
  if (auto read = cli::apply<kPidsOptions>(line, request, request.place); !read) {
    return cli::usage_error(kPids, read.error());
  }
  const auto text = pids_of(line, request);
  if (text) return cli::print(kPids, *text);
  cli::report(kPids, text.error());
  return 1;
}

}  // namespace nsx::pin_tool
