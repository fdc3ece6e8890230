#include <algorithm>

#include <nsx/members.hh>

#include "common/report.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/held.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

Result<std::string> pids_of(const cli::CommandLine& line) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto store = open_store(*kernel, *place);
  if (!store) return error_of(store);
  auto namespaces = store->find(*kernel, line.operands.front());
  if (!namespaces) return error_of(namespaces);

  std::vector<pid_t> pids;
  if (line.has('a')) {
    auto users = find_users(*kernel, *namespaces);
    if (!users) return error_of(users);
    for (const Users& each : *users) {
      pids.insert(pids.end(), each.processes.begin(), each.processes.end());
      pids.insert(pids.end(), each.descriptors.begin(), each.descriptors.end());
    }
  } else {
    auto found = processes_in(*kernel, *namespaces);
    if (!found) return error_of(found);
    pids = std::move(*found);
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  std::string text;
  for (const pid_t pid : pids)
    text += std::to_string(pid) + '\n';
  return text;
}

}  // namespace

int pids(const cli::CommandLine& line) {
  const auto text = pids_of(line);
  if (text) return cli::print(kPids, *text);
  cli::report(kPids, text.error());
  return 1;
}

}  // namespace nsx::pin_tool
