// SPDX-License-Identifier: MIT
// nsx-cg create, rm, set and delegate.

#include <array>
#include <pwd.h>

#include <nsx/cgroup_change.hh>

#include "common/names.hh"
#include "common/report.hh"
#include "nsx-cg/commands.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

/// The options of create and set.
struct Request {
  bool may_exist = false;
  std::vector<CgroupLimit> limits;
  ChangeOptions change;
};

constexpr std::array kCreateOptions{
    cli::flag('p', "parents", "no error if the cgroup exists", cli::set_flag<&Request::may_exist>),
    kLeaf,
    kForce,
    kDryRun,
    cli::kHelp,
};

constexpr std::array kSetOptions{kLeaf, kForce, kDryRun, cli::kHelp};

constexpr std::array kRmOptions{
    cli::flag('r', "recursive", "also remove its descendants",
              cli::set_flag<&CgroupRemoval::recursive>),
    cli::flag(cli::kNoLetter, "kill", "kill all processes inside first",
              cli::set_flag<&CgroupRemoval::kill>),
    kForce,
    cli::kHelp,
};

/// Returns the path of a cgroup, which must exist unless `make` is set.
Result<std::string> path_of(const Session& session, const char* name, bool make) {
  if (make) return session.tree.locate(name);
  auto cgroup = TRY(session.tree.find(name));
  return cgroup.path();
}

/// Returns the desired state: the cgroup named by the first operand, with the limits of the others.
Result<CgroupWanted> wanted_cgroup(const Session& session, const cli::CommandLine& line,
                                   const Request& request, bool make) {
  auto path = TRY(path_of(session, line.operands.front(), make));
  auto settings = TRY(settings_of(make ? kCreate : kSet, session, path, request.limits));
  return CgroupWanted{.path = std::move(path), .settings = std::move(settings)};
}

Status make_or_change(const cli::CommandLine& line, const Request& request, bool make) {
  auto session = TRY(Session::open());
  auto wanted = TRY(wanted_cgroup(session, line, request, make));
  wanted.must_be_new = make && !request.may_exist;
  return change(session, {&wanted, 1}, request.change);
}

/// The same, after parsing the limits, which follow the first operand.
int make_or_change(const cli::Tool& tool, const cli::CommandLine& line, Request& request,
                   bool make) {
  auto limits = parse_limits(std::span(line.operands).subspan(1));
  if (!limits) return cli::usage_error(tool, limits.error());
  request.limits = std::move(*limits);
  return finish(tool, make_or_change(line, request, make));
}

/// Parses "alice", "1000:1000" or "alice:users". Without a group, the primary group of the user is
/// taken.
Result<CgroupOwner> parse_owner(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  auto uid = TRY(cli::parse_user(name.c_str()));
  CgroupOwner owner{uid, uid};
  if (colon != std::string::npos) {
    owner.gid = TRY(cli::parse_group(text.c_str() + colon + 1));
  } else if (const passwd* user = ::getpwuid(uid)) {
    owner.gid = user->pw_gid;
  }
  return owner;
}

struct DelegateRequest {
  std::optional<std::vector<std::string>> controllers;
  ChangeOptions change;
};

constexpr std::array kDelegateOptions{
    cli::value(cli::kNoLetter, "controllers",
               {"LIST", cli::Completes::list, "cpu cpuset io memory pids"},
               "enable these comma-separated controllers for it (default: all available)",
               [](DelegateRequest& request, const char* list) {
                 const auto names = cli::split_list(list);
                 request.controllers.emplace(names.begin(), names.end());
               }),
    kLeaf,
    kForce,
    kDryRun,
    cli::kHelp,
};

Status delegate_to(const cli::CommandLine& line, const CgroupOwner& owner,
                   const DelegateRequest& request) {
  auto session = TRY(Session::open());
  auto cgroup = TRY(session.tree.find(line.operands.front()));
  CgroupWanted wanted{.path = cgroup.path(), .delegate_to = owner};
  if (request.controllers) {
    wanted.needs = *request.controllers;
  } else {
    wanted.wishes = {"cpu", "cpuset", "io", "memory", "pids"};
  }
  return change(session, {&wanted, 1}, request.change);
}

Status remove_one(const Session& session, const char* name, const CgroupRemoval& how, bool force) {
  auto cgroup = TRY(find_to_change(session, name, force));
  return remove_cgroup(session.tree, cgroup, how);
}

}  // namespace

constexpr cli::Tool kCreate{
    "nsx-cg create",
    "[options] cgroup [limit...]",
    "Create a cgroup and its missing ancestors, and set limits",
    kCreateOptions,
    kCgroupAndLimits,
    kUsageStatus,
    nullptr,
    {{{"nsx-cg create /batch memory=2G", "at most 2 GiB of memory"},
      {"nsx-cg create -p /batch/a", "no error if it exists"},
      {"nsx-cg create --dry-run /batch cpu=50%", "show what would be written"}}},
};

constexpr cli::Tool kRm{
    "nsx-cg rm",
    "[options] cgroup...",
    "Remove cgroups",
    kRmOptions,
    kCgroups,
    kUsageStatus,
    nullptr,
    {{{"nsx-cg rm /batch", "remove an empty cgroup"},
      {"nsx-cg rm -r /batch", "and its descendants"},
      {"nsx-cg rm -r --kill /batch", "kill what runs inside first"}}},
};

constexpr cli::Tool kSet{
    "nsx-cg set",
    "[options] cgroup limit...",
    "Set limits of a cgroup, all or none",
    kSetOptions,
    cli::Operands{.least = 2,
                  .most = cli::Operands::kAnyNumber,
                  .first = cli::Completes::cgroup,
                  .rest = cli::Completes::words,
                  .words = kLimitWords},
    kUsageStatus,
    nullptr,
    {{{"nsx-cg set /batch memory=1G pids=100", "memory and number of processes"},
      {"nsx-cg set /batch cpu=150%", "one and a half CPUs"},
      {"nsx-cg set /batch memory=max", "remove a limit"}}},
};

constexpr cli::Tool kDelegate{
    "nsx-cg delegate",
    "[options] cgroup user[:group]",
    "Delegate a cgroup to a user",
    kDelegateOptions,
    cli::Operands{.least = 2, .most = 2, .first = cli::Completes::cgroup},
    kUsageStatus,
    nullptr,
    {{{"nsx-cg delegate /batch alice", "to alice"},
      {"nsx-cg delegate /batch alice:staff", "to a user and group"},
      {"nsx-cg delegate --controllers memory /batch bob", "with the memory controller only"}}},
};

int create(const cli::CommandLine& line) {
  Request request;
  auto read = cli::apply<kCreateOptions>(line, request, request.change, request.change.how);
  if (!read) return cli::usage_error(kCreate, read.error());
  return make_or_change(kCreate, line, request, true);
}

int set(const cli::CommandLine& line) {
  Request request;
  if (auto read = cli::apply<kSetOptions>(line, request.change, request.change.how); !read) {
    return cli::usage_error(kSet, read.error());
  }
  return make_or_change(kSet, line, request, false);
}

int delegate(const cli::CommandLine& line) {
  // Parsed first, before anything is changed.
  const auto owner = parse_owner(line.operands.back());
  if (!owner) return cli::usage_error(kDelegate, owner.error());
  DelegateRequest request;
  auto read = cli::apply<kDelegateOptions>(line, request, request.change, request.change.how);
  if (!read) return cli::usage_error(kDelegate, read.error());
  return finish(kDelegate, delegate_to(line, *owner, request));
}

int remove(const cli::CommandLine& line) {
  CgroupRemoval how;
  CgroupChangeOptions options;
  if (auto read = cli::apply<kRmOptions>(line, how, options); !read) {
    return cli::usage_error(kRm, read.error());
  }
  auto session = Session::open();
  if (!session) return finish(kRm, error_of(session));
  int status = 0;
  for (const char* name : line.operands) {
    if (auto done = remove_one(*session, name, how, options.force); !done)
      status = finish(kRm, done);
  }
  return status;
}

}  // namespace nsx::cg_tool
