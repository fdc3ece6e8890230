// nsx-cg create, rm, set and delegate.

#include <pwd.h>

#include <nsx/cgroup_change.hh>

#include "common/ids.hh"
#include "common/report.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

namespace {

CgroupChangeOptions change_options(const cli::CommandLine& line) {
  CgroupChangeOptions options;
  for (const cli::Given& given : line.options) {
    if (given.option->id == kLeaf) options.leaf = given.argument;
    if (given.option->id == kForce) options.force = true;
  }
  return options;
}

/// The cgroup that the first operand names, with the limits of the others.
Result<CgroupWanted> wanted_cgroup(const Session& session, const cli::CommandLine& line) {
  auto path = session.tree.locate(line.operands.front());
  if (!path) return error_of(path);
  auto settings = settings_of(session, *path, std::span(line.operands).subspan(1));
  if (!settings) return error_of(settings);
  return CgroupWanted{.path = std::move(*path), .settings = std::move(*settings)};
}

/// A limit that makes no sense is an error of usage, wherever it would have been set.
Status check_limits(std::span<char* const> limits) {
  for (const char* text : limits) {
    if (auto limit = parse_cgroup_limit(text); !limit) return error_of(limit);
  }
  return {};
}

Status make_or_change(const cli::CommandLine& line, bool make) {
  auto session = Session::open();
  if (!session) return error_of(session);
  auto wanted = wanted_cgroup(*session, line);
  if (!wanted) return error_of(wanted);
  wanted->must_be_new = make && !line.has('p');
  if (!make) {
    if (auto there = session->tree.open_cgroup(wanted->path); !there) return error_of(there);
  }
  return change(*session, {&*wanted, 1}, change_options(line), line.has(kDryRun));
}

/// "alice", "1000:1000", "alice:users"; without a group, the user's own.
Result<CgroupOwner> parse_owner(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  auto uid = cli::parse_user(name.c_str());
  if (!uid) return error_of(uid);
  CgroupOwner owner{*uid, *uid};
  if (colon != std::string::npos) {
    auto gid = cli::parse_group(text.c_str() + colon + 1);
    if (!gid) return error_of(gid);
    owner.gid = *gid;
  } else if (const passwd* user = ::getpwuid(*uid)) {
    owner.gid = user->pw_gid;
  }
  return owner;
}

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> names;
  for (;;) {
    const std::size_t comma = list.find(',');
    names.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return names;
    list.remove_prefix(comma + 1);
  }
}

Status delegate_to(const cli::CommandLine& line, const CgroupOwner& owner) {
  auto session = Session::open();
  if (!session) return error_of(session);
  auto cgroup = session->tree.find(line.operands.front());
  if (!cgroup) return error_of(cgroup);
  CgroupWanted wanted{.path = cgroup->path(), .delegate_to = owner};
  wanted.wishes = {"cpu", "cpuset", "io", "memory", "pids"};
  for (const cli::Given& given : line.options) {
    if (given.option->id != kControllers) continue;
    wanted.wishes.clear();
    wanted.needs = split_list(given.argument);
  }
  return change(*session, {&wanted, 1}, change_options(line), line.has(kDryRun));
}

Status remove_one(const Session& session, const char* name, const cli::CommandLine& line) {
  auto cgroup = find_to_change(session, name, line);
  if (!cgroup) return error_of(cgroup);
  return remove_cgroup(session.tree, *cgroup,
                       {.recursive = line.has('r'), .kill = line.has(kKill)});
}

}  // namespace

int create(const cli::CommandLine& line) {
  if (auto ok = check_limits(std::span(line.operands).subspan(1)); !ok) {
    return cli::usage_error(kCreate, ok.error());
  }
  return finish(kCreate, make_or_change(line, true));
}

int set(const cli::CommandLine& line) {
  if (auto ok = check_limits(std::span(line.operands).subspan(1)); !ok) {
    return cli::usage_error(kSet, ok.error());
  }
  return finish(kSet, make_or_change(line, false));
}

int delegate(const cli::CommandLine& line) {
  // Looked up here, before anything is changed.
  const auto owner = parse_owner(line.operands.back());
  if (!owner) return cli::usage_error(kDelegate, owner.error());
  return finish(kDelegate, delegate_to(line, *owner));
}

int remove(const cli::CommandLine& line) {
  auto session = Session::open();
  if (!session) return finish(kRm, error_of(session));
  int status = 0;
  for (const char* name : line.operands) {
    if (auto done = remove_one(*session, name, line); !done) status = finish(kRm, done);
  }
  return status;
}

}  // namespace nsx::cg_tool
