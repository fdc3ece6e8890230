// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <unistd.h>

#include <nsx/enter.hh>

#include "plan/hints.hh"
#include "plan/planning.hh"
#include "try.hh"

namespace nsx {

namespace {

/// The order of nsenter(1). The user namespace comes before or after all of these.
constexpr std::array kJoinOrder{Kind::cgroup, Kind::ipc, Kind::uts, Kind::net,
                                Kind::pid,    Kind::mnt, Kind::time};

/// Returns the namespaces to join, in order.
std::vector<step::JoinNamespace> joins(const EnterFacts& facts) {
  const FoundNamespace* user = nullptr;
  std::vector<step::JoinNamespace> steps;
  const auto join = [&](const FoundNamespace& found) {
    steps.push_back({found.kind, found.fd, found.of});
  };

  for (const FoundNamespace& found : facts.namespaces) {
    // setns(2) rejects the caller's own user namespace.
    if (found.kind == Kind::user && !found.shared) user = &found;
  }
  const bool user_first = user != nullptr && !facts.has_sys_admin && !facts.owner;
  if (facts.owner) join(*facts.owner);
  if (user_first) join(*user);
  for (const Kind kind : kJoinOrder) {
    for (const FoundNamespace& found : facts.namespaces) {
      // Joining a namespace again changes little (mnt: root and working directory), and needs a
      // privilege that an ordinary user does not have over the machine's namespaces.
      const bool leave_out = found.shared && !facts.has_sys_admin;
      if (found.kind == kind && !leave_out) join(found);
    }
  }
  if (user != nullptr && !user_first) join(*user);
  return steps;
}

/// Returns the default id of the program after joining a user namespace.
std::optional<std::uint32_t> default_id(const std::optional<IdMap>& map, bool asks_for_user,
                                        std::optional<std::uint32_t> targets) {
  // Entering an owner that was not requested, with an unknown map, keeps the ids.
  if (!map) return asks_for_user ? std::optional<std::uint32_t>(0) : std::nullopt;
  if (map->empty() || to_outside(*map, 0)) return 0;
  return targets;
}

Status check_mapped(const std::optional<IdMap>& map, const char* which,
                    std::optional<std::uint32_t> id, std::string_view hint) {
  if (!map || !id || to_outside(*map, *id)) return {};
  return refuse(std::string("become ") + which, std::to_string(*id),
                map->empty() ? "the target's user namespace has no id map yet"
                             : "the target's user namespace does not map it",
                hint);
}

tl::unexpected<Error> cannot_follow(const char* which) {
  return refuse("follow", std::string("the target's ") + which,
                "it is not known to be mapped in the user namespace to enter",
                "give a number, or 0");
}

/// Determines the ids of the program.
Result<step::SetIds> choose_ids(const EnterRequest& request, const EnterFacts& facts,
                                bool joins_user) {
  const bool asks_for_user =
      std::any_of(facts.namespaces.begin(), facts.namespaces.end(),
                  [](const auto& found) { return found.kind == Kind::user && !found.shared; });
  step::SetIds ids{request.gid, request.uid};
  if (request.follow_gid) ids.gid = facts.target_gid;
  if (request.follow_uid) ids.uid = facts.target_uid;
  if (request.follow_gid && !ids.gid) return cannot_follow("GID");
  if (request.follow_uid && !ids.uid) return cannot_follow("UID");
  if (request.follow_groups) ids.groups = facts.target_groups;
  if (request.user) {
    ids.gid = request.user->gid;
    ids.uid = request.user->uid;
    ids.groups = request.user->groups;
  }
  ids.groups_may_be_denied = joins_user || facts.setgroups_denied;
  ids.keep_capabilities = facts.privileges.has_value();
  if (!joins_user) return ids;

  if (!request.preserve_credentials) {
    if (!ids.gid) ids.gid = default_id(facts.gid_map, asks_for_user, facts.target_gid);
    if (!ids.uid) ids.uid = default_id(facts.uid_map, asks_for_user, facts.target_uid);
  }
  const std::string hint = request.user ? "choose another user or group with --as"
                                        : "choose another with --setuid and --setgid, or add "
                                          "--preserve-credentials";
  TRY(check_mapped(facts.gid_map, "GID", ids.gid, hint));
  TRY(check_mapped(facts.uid_map, "UID", ids.uid, hint));
  for (const gid_t group : ids.groups.value_or(std::vector<gid_t>{})) {
    TRY(check_mapped(facts.gid_map, "a member of group", group, hint));
  }
  ids.keep_capabilities = ids.keep_capabilities || request.keep_capabilities;
  return ids;
}

/// Adds changes of the root and working directory, opened outside or given by a path inside.
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

/// Adds mounts for the program only. Later mounts outside still propagate inside.
void add_mounts(Plan& plan, const EnterRequest& request, bool joins_pid, bool joins_net) {
  if (!request.mount_proc && !request.mount_sys && !request.bind_over &&
      request.masked_sockets.empty()) {
    return;
  }
  plan.steps.push_back(step::Unshare{{Kind::mnt}});
  plan.steps.push_back(step::SetPropagation{step::SetPropagation::Mode::slave});
  if (request.mount_sys) {
    const char* missing = joins_net ? "" : "--net";
    plan.steps.push_back(
        step::MountSys{*request.mount_sys, false, missing, request.mount_sys_hint});
  }
  if (request.bind_over) plan.steps.push_back(*request.bind_over);
  if (!request.masked_sockets.empty()) {
    plan.steps.push_back(step::MaskSockets{request.masked_sockets});
  }
  if (request.mount_proc) {
    plan.steps.push_back(step::MountProc{*request.mount_proc, false, joins_pid ? "" : "--pid"});
  }
}

bool joins_another(const EnterFacts& facts, Kind kind) {
  return std::any_of(facts.namespaces.begin(), facts.namespaces.end(),
                     [&](const auto& found) { return found.kind == kind && !found.shared; });
}

/// setns(2) rejects the caller's own user namespace, so it is skipped. If nothing else is entered,
/// the program would run in the caller's namespaces.
Status check_something_is_entered(const EnterFacts& facts) {
  const bool is_own_user_alone =
      !facts.namespaces.empty() && !facts.owner && !facts.root &&
      std::all_of(facts.namespaces.begin(), facts.namespaces.end(),
                  [](const auto& found) { return found.kind == Kind::user && found.shared; });
  if (!is_own_user_alone) return {};
  return refuse("enter", "the user namespace of " + facts.namespaces.front().of,
                "it is already yours, and no other namespace is requested",
                "add --all to enter all of its namespaces");
}

/// Returns the step that opens the terminal of the program, which belongs to the program's UID.
step::OpenTerminal terminal_of(const EnterFacts& facts, const step::SetIds& ids) {
  step::OpenTerminal terminal;
  if (facts.devpts < 0) return terminal;
  terminal.devpts = facts.devpts;
  terminal.of = whose_files(facts);
  if (ids.uid) terminal.owner = facts.uid_map ? to_outside(*facts.uid_map, *ids.uid) : ids.uid;
  return terminal;
}

/// Returns how to follow the program, including its terminal.
FollowRequest follow_request(const EnterRequest& request, const EnterFacts& facts) {
  FollowRequest follow = request.follow;
  if (request.fork && facts.is_anothers()) protect_terminal(request.protection, follow);
  return follow;
}

}  // namespace

bool EnterFacts::has_other_files() const {
  return root.has_value() || joins_another(*this, Kind::mnt);
}

bool EnterFacts::is_anothers() const {
  return has_other_files() || owner.has_value() || joins_another(*this, Kind::user);
}

std::string whose_program(const EnterFacts& facts) {
  return facts.tools ? facts.tools->of : whose_files(facts);
}

std::string whose_files(const EnterFacts& facts) {
  if (facts.root) return facts.root->path;
  for (const auto& found : facts.namespaces) {
    if (found.kind == Kind::mnt && !found.shared) return found.of;
  }
  return {};
}

Result<std::optional<uid_t>> program_uid(const EnterRequest& request, const EnterFacts& facts) {
  const bool joins_user = facts.owner.has_value() || joins_another(facts, Kind::user);
  auto ids = TRY(choose_ids(request, facts, joins_user));
  if (ids.uid || joins_user) return ids.uid;
  return ::geteuid();
}

Result<Plan> plan_enter(const EnterRequest& request, EnterFacts facts) {
  TRY(check_something_is_entered(facts));
  Plan plan;
  const auto joined = joins(facts);
  const auto joins_kind = [&](Kind kind) {
    return std::any_of(joined.begin(), joined.end(),
                       [&](const auto& join) { return join.kind == kind; });
  };
  const bool joins_user = joins_kind(Kind::user);
  auto ids = TRY(choose_ids(request, facts, joins_user));

  const FollowRequest follow = follow_request(request, facts);
  if (facts.is_anothers()) add_protection_of_descriptors(plan, request.protection);
  add_follow_steps(plan, follow, terminal_of(facts, ids));
  // In these cases the program may be a file of the target.
  if (facts.has_other_files() || facts.working_directory) {
    plan.steps.push_back(step::PrepareStarter{});
  }
  if (facts.own_cgroup) plan.steps.push_back(*facts.own_cgroup);
  if (facts.oom_score) plan.steps.push_back(*facts.oom_score);
  if (facts.security_context) {
    plan.steps.push_back(*facts.security_context);
  }
  if (!joined.empty()) plan.steps.push_back(step::Hide{});

  // A user namespace ends the right to drop groups for one caller, and grants it to the other. If
  // setgroups(2) is denied, it is also denied in descendants, and the groups must stay. Groups of
  // the program are set together with its ids.
  const bool drops_groups =
      joins_user ? ids.gid || !request.preserve_credentials : ids.gid && !ids.groups;
  const bool drop_first = drops_groups && (facts.has_sys_admin || !joins_user);
  if (drop_first) {
    plan.steps.push_back(step::DropGroups{.may_be_denied = facts.setgroups_denied});
  }
  for (const auto& join : joined) {
    if (facts.tools && join.kind == Kind::mnt) {
      add_new_root(plan, *request.tools, *facts.tools, join);
    } else {
      plan.steps.push_back(join);
    }
  }
  if (drops_groups && !drop_first) plan.steps.push_back(step::DropGroups{.may_be_denied = true});

  add_directories(plan, request, facts);
  if (facts.environment) {
    const bool keeps_paths = !facts.has_other_files() || facts.tools;
    plan.steps.push_back(step::SetEnvironment{std::move(*facts.environment), keeps_paths});
  }
  if (request.user) plan.steps.push_back(step::SetVariables{request.user->variables()});
  if (facts.tools) {
    plan.steps.push_back(step::SetVariables{
        variables_of(*request.tools, *facts.tools, request.program, request.user.has_value())});
  }
  for (FoundPath& cgroup : facts.cgroups)
    plan.steps.push_back(step::JoinCgroup{cgroup.fd, std::move(cgroup.path)});
  if ((request.fork && joins_kind(Kind::pid)) || follow.implies_fork()) {
    plan.steps.push_back(follow_fork(follow));
  }
  add_mounts(plan, request, joins_kind(Kind::pid), joins_kind(Kind::net));
  // A caller that joins the user namespace last has lost the right to mount.
  if (facts.tools && !facts.tools->has_proc && request.fork &&
      (!joins_user || !facts.has_sys_admin))
    plan.steps.push_back(step::MountProc{"/proc"});
  if (!facts.resource_limits.limits.empty()) plan.steps.push_back(facts.resource_limits);
  if (ids.gid || ids.uid || ids.groups) plan.steps.push_back(ids);
  if (request.keep_capabilities && joins_user) plan.steps.push_back(step::KeepCapabilities{});
  if (facts.privileges) {
    const Privileges& its = *facts.privileges;
    step::LimitPrivileges limit{its.bounding, its.inheritable, its.ambient, {}};
    if (its.no_new_privileges) limit.permitted_for_good = its.permitted;
    plan.steps.push_back(limit);
  }
  plan.steps.push_back(step::Execute{request.program.file, request.program.arguments,
                                     request.program.reporter, whose_program(facts),
                                     request.program.hint});
  plan.handles = std::move(facts.handles);
  return plan;
}

}  // namespace nsx
