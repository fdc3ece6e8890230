// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <set>
#include <unistd.h>

#include <nsx/census.hh>
#include <nsx/target.hh>

#include "common/report.hh"
#include "nsx-pin/commands.hh"
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

namespace {

constexpr std::array kIdentifyOptions{
    kDir,
    cli::kHelp,
};

/// Returns the inode numbers of the namespaces of a target, by kind; 0 for kinds that it lacks.
Result<std::array<ino_t, kKindCount>> namespaces_of(const Kernel& kernel, const std::string& text,
                                                    const TargetOptions& where) {
  auto target = TRY(resolve_target(kernel, text, where));
  std::array<ino_t, kKindCount> inodes{};
  for (const TargetNamespace& each : target.namespaces)
    inodes[static_cast<std::size_t>(each.ns.kind())] = each.ns.identity().inode;
  if (!target.process) return inodes;
  Error denied;
  for (const Kind kind : KindSet::all()) {
    auto ns = target.process->open_namespace(kernel, kind);
    if (ns) inodes[static_cast<std::size_t>(kind)] = ns->identity().inode;
    if (!ns && (ns.error().code == EACCES || ns.error().code == EPERM)) denied = ns.error();
  }
  if (denied.code != 0) return tl::unexpected(std::move(denied));
  return inodes;
}

Result<std::string> names(const cli::CommandLine& line, const PlaceOptions& options) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(options));
  const std::string target =
      line.operands.empty() ? std::to_string(::getpid()) : line.operands.front();
  auto where = TRY(target_options(options));
  auto inodes = TRY(namespaces_of(kernel, target, where));
  auto stores = TRY(open_stores(kernel, place));
  std::set<std::string> found;
  for (const PinStore& store : stores) {
    auto pins = TRY(store.list(kernel));
    for (const PinFile& pin : pins) {
      const ino_t its = inodes[static_cast<std::size_t>(pin.kind)];
      if (pin.state == PinState::live && pin.inode == its) found.insert(pin.name);
    }
  }
  std::string text;
  for (const std::string& name : found)
    text += printable(name) + '\n';
  return text;
}

}  // namespace

constexpr cli::Tool kIdentify{
    "nsx-pin identify",
    "[options] [target]",
    "Print the pins whose namespaces a target is in",
    kIdentifyOptions,
    {.most = 1, .first = cli::Completes::target},
    kUsageStatus,
    nullptr,
    {{{"nsx-pin identify", "the pins of this shell"},
      {"nsx-pin identify 4711", "the pins of PID 4711"},
      {"nsx-pin identify container:web", "the pins of a container"}}},
};

int identify(const cli::CommandLine& line) {
  PlaceOptions options;
  if (auto read = cli::apply<kIdentifyOptions>(line, options); !read) {
    return cli::usage_error(kIdentify, read.error());
  }
  const auto text = names(line, options);
  if (text) return cli::print(kIdentify, *text);
  cli::report(kIdentify, text.error());
  return 1;
}

}  // namespace nsx::pin_tool
