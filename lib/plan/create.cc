// SPDX-License-Identifier: MIT
#include <algorithm>

#include <nsx/create.hh>
#include <nsx/pin.hh>

#include "plan/planning.hh"
#include "try.hh"

namespace nsx {

namespace {

std::optional<step::SetPropagation::Mode> mode_of(CreateRequest::Propagation propagation) {
  using Mode = step::SetPropagation::Mode;
  switch (propagation) {
    case CreateRequest::Propagation::private_:
      return Mode::private_;
    case CreateRequest::Propagation::shared:
      return Mode::shared;
    case CreateRequest::Propagation::slave:
      return Mode::slave;
    case CreateRequest::Propagation::unchanged:
      break;
  }
  return std::nullopt;
}

/// Returns the request with everything that it implies.
CreateRequest complete(CreateRequest request, const CreateFacts& facts) {
  if (request.all) {
    for (const Kind kind : facts.kinds)
      request.kinds.insert(kind);
    request.fork = true;
    if (!request.mount_proc) request.mount_proc = "/proc";
    if (request.users.empty() && request.groups.empty()) {
      for (IdMapRequest* ids : {&request.users, &request.groups}) {
        if (facts.uid == 0) {
          ids->blocks.push_back({IdMapRequest::Block::Source::all, {}});
        } else {
          ids->own = IdMapRequest::Own{0};
        }
      }
    }
  }
  if (!request.interpreters.empty() && !request.mount_binfmt) request.mount_binfmt = kUsualBinfmt;
  if (request.mount_binfmt) {
    request.kinds.insert(Kind::mnt);
    request.kinds.insert(Kind::user);
    if (request.mount_binfmt == kUsualBinfmt && !request.mount_proc) request.mount_proc = "/proc";
  }
  if (request.mount_proc || request.mount_sys) request.kinds.insert(Kind::mnt);
  if (!request.users.empty() || !request.groups.empty() || request.owner) {
    request.kinds.insert(Kind::user);
  }
  if (request.hostname) request.kinds.insert(Kind::uts);
  if (request.loopback) request.kinds.insert(Kind::net);
  for (const CreateRequest::File& file : request.files)
    request.kinds.insert(file.kind);
  const bool has_own_terminal = request.follow.terminal == FollowRequest::Terminal::its_own;
  const bool would_be_first =
      request.kinds.contains(Kind::pid) && (request.all || has_own_terminal);
  const bool has_init = request.init.value_or(would_be_first);
  request.init = has_init;
  if (has_init) request.kinds.insert(Kind::pid);
  const bool pins_pid = request.pin && request.kinds.contains(Kind::pid);
  if (has_init && request.follow.forward.empty()) request.follow.forward = usual_signals();
  if (has_init || pins_pid || request.follow.implies_fork()) request.fork = true;
  if (request.root) {
    protect_terminal(request.protection, request.follow);
    request.fork = request.fork || request.follow.implies_fork();
  }
  return request;
}

/// Checks a complete request for contradictions.
Status check(const CreateRequest& request) {
  if ((request.monotonic || request.boottime) && !request.kinds.contains(Kind::time)) {
    return problem(request.monotonic ? "--monotonic needs --time" : "--boottime needs --time");
  }
  if (request.allow_setgroups.value_or(false) && request.groups.own) {
    return refuse("allow setgroups", "", "a map of only your own group requires denying it",
                  "leave out --setgroups=allow or --map-group");
  }
  if (!request.allow_setgroups.value_or(true) && !request.kinds.contains(Kind::user)) {
    return problem("--setgroups=deny needs --user");
  }
  if (request.pin) {
    TRY(check_pin_name(*request.pin));
    if (request.kinds.empty()) {
      return refuse("pin", *request.pin, "no new namespace is requested",
                    "add --net or another kind of namespace");
    }
  }
  return {};
}

/// Computes the maps and their writers. Returns an empty step if nothing needs to be written.
Result<step::WriteIdMaps> id_maps(const CreateRequest& request, const CreateFacts& facts) {
  using Writer = step::WriteIdMaps::Writer;
  const auto one = [&](const char* what, const IdMapRequest& ids, std::uint32_t own_id,
                       const CreateFacts::Ids& known) -> Result<step::WriteIdMaps::Map> {
    auto map = TRY(make_id_map(what, ids, own_id, known));
    step::WriteIdMaps::Map written;
    written.ids = std::move(map);
    // A process that has become another user must not be accessible to processes of that user, so
    // it cannot access its own files in /proc either.
    if (request.owner || (facts.uid == 0 && !ids.blocks.empty())) {
      written.writer = Writer::helper;
    } else if (!ids.blocks.empty()) {
      written.writer = Writer::newidmap;
      written.tool = known.tool;
      if (known.tool.empty()) {
        const bool of_users = what[0] == 'U';
        return refuse(std::string("map ") + what + "s", "",
                      std::string(of_users ? "newuidmap" : "newgidmap") + " is not in PATH",
                      "install it, on Debian: apt install uidmap");
      }
    }
    return written;
  };

  step::WriteIdMaps maps;
  auto users =
      TRY(one("UID", request.users, request.owner ? request.owner->uid : facts.uid, facts.users));
  auto groups =
      TRY(one("GID", request.groups, request.owner ? request.owner->gid : facts.gid, facts.groups));
  maps.uids = std::move(users);
  maps.gids = std::move(groups);
  maps.allow_setgroups = request.allow_setgroups;
  // Otherwise an ordinary user may not write its group map (user_namespaces(7)).
  if (!maps.gids.ids.empty() && request.groups.blocks.empty()) maps.allow_setgroups = false;
  return maps;
}

bool is_empty(const step::WriteIdMaps& maps) {
  return maps.uids.ids.empty() && maps.gids.ids.empty() && !maps.allow_setgroups;
}

std::vector<step::Pin::Place> places(const CreateRequest& request) {
  std::vector<step::Pin::Place> places;
  for (const CreateRequest::File& file : request.files)
    places.push_back({file.kind, file.path, false});
  if (request.pin) {
    for (const Kind kind : request.kinds)
      places.push_back({kind, pin_path(kind, *request.pin), true});
  }
  return places;
}

bool needs_helper(const CreateRequest& request, const step::WriteIdMaps& maps, bool pins) {
  using Writer = step::WriteIdMaps::Writer;
  if (request.owner && (!is_empty(maps) || request.monotonic || request.boottime)) return true;
  return pins || (!maps.uids.ids.empty() && maps.uids.writer != Writer::self) ||
         (!maps.gids.ids.empty() && maps.gids.writer != Writer::self);
}

/// Returns whether a line for binfmt_misc has the flag F, which opens the interpreter on
/// registration.
bool opens_interpreter_at_once(const std::string& line) {
  const std::size_t flags = line.rfind(line.empty() ? ':' : line[0]);
  return flags != std::string::npos && line.find('F', flags) != std::string::npos;
}

void add_binfmt(const CreateRequest& request, bool before_root, std::vector<Step>& steps) {
  if (!request.mount_binfmt) return;
  std::vector<std::string> lines;
  for (const std::string& line : request.interpreters) {
    if ((request.root && opens_interpreter_at_once(line)) == before_root) lines.push_back(line);
  }
  if (before_root && lines.empty()) return;
  // Below a new root, the file system is mounted again; both mounts have the same content.
  const std::string path = before_root ? kUsualBinfmt : *request.mount_binfmt;
  steps.push_back(step::MountBinfmt{path});
  for (std::string& line : lines)
    steps.push_back(step::LoadInterpreter{path, std::move(line)});
}

void add_file_systems(const CreateRequest& request, std::vector<Step>& steps) {
  add_binfmt(request, true, steps);
  if (request.root) steps.push_back(step::ChangeRoot{-1, *request.root, ", or add --user"});
  if (request.working_directory) {
    steps.push_back(step::ChangeDirectory{-1, *request.working_directory});
  }
  // Making / private has already made all mounts below it private, unless chroot(2) has changed the
  // root.
  const bool is_private =
      !request.root && request.propagation == CreateRequest::Propagation::private_;
  const bool has_pid = request.kinds.contains(Kind::pid);
  if (request.mount_proc) {
    const char* missing = !has_pid ? "--pid --fork" : request.fork ? "" : "--fork";
    steps.push_back(step::MountProc{*request.mount_proc, !is_private, missing});
  }
  if (request.mount_sys) {
    const char* net = request.kinds.contains(Kind::net) ? "" : "--net";
    steps.push_back(step::MountSys{*request.mount_sys, !is_private, net});
  }
  add_binfmt(request, false, steps);
}

void add_credentials(const CreateRequest& request, bool setgroups_denied,
                     std::vector<Step>& steps) {
  const bool keep = request.keep_capabilities && request.kinds.contains(Kind::user);
  if (request.gid) steps.push_back(step::DropGroups{setgroups_denied});
  if (request.gid || request.uid) steps.push_back(step::SetIds{request.gid, request.uid, keep});
  if (keep) steps.push_back(step::KeepCapabilities{});
}

}  // namespace

Result<Plan> plan_create(const CreateRequest& asked, const CreateFacts& facts) {
  const CreateRequest request = complete(asked, facts);
  TRY(check(request));
  step::WriteIdMaps maps;
  if (request.kinds.contains(Kind::user)) {
    maps = TRY(id_maps(request, facts));
  }
  const bool setgroups_denied = !maps.allow_setgroups.value_or(true);
  const std::vector<step::Pin::Place> pins = places(request);

  Plan plan;
  std::vector<Step>& steps = plan.steps;
  if (request.root) add_protection_of_descriptors(plan, request.protection);
  add_follow_steps(plan, request.follow);
  // Files below that root may belong to anyone.
  if (request.root) steps.push_back(step::PrepareStarter{});
  // After the other processes, so that they do not inherit its connection.
  if (needs_helper(request, maps, !pins.empty())) steps.push_back(step::StartHelper{});
  // After the helper, which stays outside of it, and before the namespaces: a new cgroup namespace
  // has this cgroup as its root.
  if (facts.cgroup) steps.push_back(*facts.cgroup);
  if (request.owner) steps.push_back(step::BecomeOwner{request.owner->uid, request.owner->gid});
  if (!request.kinds.empty()) {
    steps.push_back(step::Unshare{request.kinds, ", or add --map-root-user"});
  }
  if (!is_empty(maps)) steps.push_back(std::move(maps));
  if (request.monotonic || request.boottime) {
    steps.push_back(step::SetTimeOffsets{request.monotonic, request.boottime});
  }
  if (request.fork) steps.push_back(follow_fork(request.follow));
  const auto propagation = mode_of(request.propagation);
  if (request.kinds.contains(Kind::mnt) && propagation) {
    steps.push_back(step::SetPropagation{*propagation, "use --propagation=unchanged"});
  }
  // After the change of propagation, so that a mount outside does not appear in the new mount
  // namespace.
  if (!pins.empty()) steps.push_back(step::Pin{pins});
  if (request.hostname) steps.push_back(step::SetHostname{*request.hostname});
  if (request.loopback) steps.push_back(step::BringUpLoopback{});
  add_file_systems(request, steps);
  if (request.init.value_or(false)) steps.push_back(step::BecomeInit{});
  add_credentials(request, setgroups_denied, steps);
  if (request.environment) steps.push_back(step::SetEnvironment{*request.environment});
  if (!pins.empty()) steps.push_back(step::KeepPins{});
  steps.push_back(
      step::Execute{request.program.file, request.program.arguments, request.program.reporter});
  return plan;
}

}  // namespace nsx
