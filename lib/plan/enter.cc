#include <algorithm>
#include <array>

#include <nsx/enter.hh>

#include "plan/follow_steps.hh"

namespace nsx {

namespace {

/// The order in which nsenter(1) joins; the user namespace goes before or after all of these.
constexpr std::array kJoinOrder{Kind::cgroup, Kind::ipc, Kind::uts, Kind::net,
                                Kind::pid,    Kind::mnt, Kind::time};

/// The namespaces to join, in order.
std::vector<step::JoinNamespace> joins(const EnterFacts& facts) {
  const FoundNamespace* user = nullptr;
  std::vector<step::JoinNamespace> steps;
  const auto join = [&](const FoundNamespace& found) {
    steps.push_back({found.kind, found.fd, found.of});
  };

  for (const FoundNamespace& found : facts.namespaces) {
    // setns(2) refuses one's own user namespace.
    if (found.kind == Kind::user && !found.shared) user = &found;
  }
  const bool user_first = user != nullptr && !facts.has_sys_admin && !facts.owner;
  if (facts.owner) join(*facts.owner);
  if (user_first) join(*user);
  for (const Kind kind : kJoinOrder) {
    for (const FoundNamespace& found : facts.namespaces) {
      // Joining what one is in already changes little (mnt: root and working directory), and
      // needs a right that an ordinary user does not have over the machine's own namespaces.
      const bool leave_out = found.shared && !facts.has_sys_admin;
      if (found.kind == kind && !leave_out) join(found);
    }
  }
  if (user != nullptr && !user_first) join(*user);
  return steps;
}

/// The id that the program gets where a user namespace is joined and none is named.
std::optional<std::uint32_t> default_id(const std::optional<IdMap>& map, bool asks_for_user,
                                        std::optional<std::uint32_t> targets) {
  // A namespace that nobody asked for, and of which little is known, changes nothing.
  if (!map) return asks_for_user ? std::optional<std::uint32_t>(0) : std::nullopt;
  if (map->empty() || to_outside(*map, 0)) return 0;
  return targets;
}

Status check_mapped(const std::optional<IdMap>& map, const char* which,
                    std::optional<std::uint32_t> id) {
  if (!map || !id || to_outside(*map, *id)) return {};
  return refuse(std::string("become ") + which, std::to_string(*id),
                map->empty() ? "the target's user namespace has no ids yet"
                             : "the target's user namespace does not map it",
                "name another with --setuid and --setgid, or keep yours with "
                "--preserve-credentials");
}

tl::unexpected<Error> cannot_follow(const char* which) {
  return refuse("follow", std::string("the target's ") + which,
                "the user namespace that is entered does not have it, as far as that can be told",
                std::string("name one, or 0"));
}

Result<step::SetIds> choose_ids(const EnterRequest& request, const EnterFacts& facts,
                                bool joins_user, bool asks_for_user) {
  step::SetIds ids{request.gid, request.uid};
  if (request.follow_gid) ids.gid = facts.target_gid;
  if (request.follow_uid) ids.uid = facts.target_uid;
  if (request.follow_gid && !ids.gid) return cannot_follow("GID");
  if (request.follow_uid && !ids.uid) return cannot_follow("UID");
  if (!joins_user) return ids;

  if (!request.preserve_credentials) {
    if (!ids.gid) ids.gid = default_id(facts.gid_map, asks_for_user, facts.target_gid);
    if (!ids.uid) ids.uid = default_id(facts.uid_map, asks_for_user, facts.target_uid);
  }
  if (auto ok = check_mapped(facts.gid_map, "GID", ids.gid); !ok) return error_of(ok);
  if (auto ok = check_mapped(facts.uid_map, "UID", ids.uid); !ok) return error_of(ok);
  ids.keep_capabilities = request.keep_capabilities;
  return ids;
}

/// Root and working directory, by what was opened outside or by a path inside.
void add_directories(Plan& plan, const EnterRequest& request, const EnterFacts& facts) {
  if (facts.root) plan.steps.push_back(step::ChangeRoot{facts.root->fd, facts.root->path});
  if (request.inner_working_directory) {
    plan.steps.push_back(step::ChangeDirectory{-1, *request.inner_working_directory});
  }
  if (facts.working_directory) {
    plan.steps.push_back(
        step::ChangeDirectory{facts.working_directory->fd, facts.working_directory->path});
  }
}

/// Mounts for the program alone. What is mounted outside goes on to be seen inside.
void add_mounts(Plan& plan, const EnterRequest& request) {
  if (!request.mount_proc && !request.mount_sys && !request.bind_over) return;
  plan.steps.push_back(step::Unshare{{Kind::mnt}});
  plan.steps.push_back(step::SetPropagation{step::SetPropagation::Mode::slave});
  if (request.mount_sys) plan.steps.push_back(step::MountSys{});
  if (request.bind_over) plan.steps.push_back(*request.bind_over);
  if (request.mount_proc) plan.steps.push_back(step::MountProc{*request.mount_proc});
}

}  // namespace

Result<Plan> plan_enter(const EnterRequest& request, EnterFacts facts) {
  Plan plan;
  const auto joined = joins(facts);
  const auto joins_kind = [&](Kind kind) {
    return std::any_of(joined.begin(), joined.end(),
                       [&](const auto& join) { return join.kind == kind; });
  };
  const bool joins_user = joins_kind(Kind::user);
  const bool asks_for_user =
      std::any_of(facts.namespaces.begin(), facts.namespaces.end(),
                  [](const auto& found) { return found.kind == Kind::user && !found.shared; });
  auto ids = choose_ids(request, facts, joins_user, asks_for_user);
  if (!ids) return error_of(ids);

  add_follow_steps(plan, request.follow);
  if (facts.own_cgroup) plan.steps.push_back(*facts.own_cgroup);
  if (facts.security_context) {
    plan.steps.push_back(step::SetSecurityContext{*facts.security_context});
  }
  if (!joined.empty()) plan.steps.push_back(step::Hide{});

  // The right to drop groups ends for one caller, and begins for the other, with the user
  // namespace. Where setgroups(2) is denied, it is denied below too: the groups have to stay.
  const bool drops_groups = ids->gid || (joins_user && !request.preserve_credentials);
  const bool drop_first = drops_groups && (facts.has_sys_admin || !joins_user);
  if (drop_first) {
    plan.steps.push_back(step::DropGroups{.may_be_denied = facts.setgroups_denied});
  }
  for (const auto& join : joined)
    plan.steps.push_back(join);
  if (drops_groups && !drop_first) plan.steps.push_back(step::DropGroups{.may_be_denied = true});

  add_directories(plan, request, facts);
  if (facts.environment) plan.steps.push_back(step::SetEnvironment{std::move(*facts.environment)});
  if (facts.cgroup) plan.steps.push_back(step::JoinCgroup{facts.cgroup->fd, facts.cgroup->path});
  if ((request.fork && joins_kind(Kind::pid)) || request.follow.implies_fork()) {
    plan.steps.push_back(follow_fork(request.follow));
  }
  add_mounts(plan, request);
  if (ids->gid || ids->uid) plan.steps.push_back(*ids);
  if (request.keep_capabilities && joins_user) plan.steps.push_back(step::KeepCapabilities{});
  plan.steps.push_back(step::Execute{request.program.file, request.program.arguments});
  plan.handles = std::move(facts.handles);
  return plan;
}

}  // namespace nsx
