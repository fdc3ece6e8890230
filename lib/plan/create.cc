#include <unistd.h>

#include <nsx/create.hh>

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

step::WriteIdMaps id_maps(CreateRequest::MapUser map, const CreateFacts& facts) {
  const bool root = map == CreateRequest::MapUser::root;
  step::WriteIdMaps maps;
  maps.uids = {{root ? 0 : facts.uid, facts.uid, 1}};
  maps.gids = {{root ? 0 : facts.gid, facts.gid, 1}};
  maps.deny_setgroups = true;
  return maps;
}

}  // namespace

CreateFacts read_create_facts() {
  return {::geteuid(), ::getegid()};
}

Plan plan_create(const CreateRequest& request, const CreateFacts& facts) {
  KindSet kinds = request.kinds;
  const bool maps = request.map_user != CreateRequest::MapUser::none;
  if (maps) kinds.insert(Kind::user);
  if (request.mount_proc) kinds.insert(Kind::mnt);

  Plan plan;
  if (!kinds.empty()) plan.steps.push_back(step::Unshare{kinds});
  if (maps) plan.steps.push_back(id_maps(request.map_user, facts));
  if (request.fork || request.kill_child) {
    plan.steps.push_back(
        step::Fork{request.kill_child.value_or(0), step::Fork::OnSignal::ignore_terminal});
  }
  const auto propagation = mode_of(request.propagation);
  if (kinds.contains(Kind::mnt) && propagation) {
    plan.steps.push_back(step::SetPropagation{*propagation});
  }
  if (request.root) plan.steps.push_back(step::ChangeRoot{-1, *request.root});
  if (request.working_directory) {
    plan.steps.push_back(step::ChangeDirectory{-1, *request.working_directory});
  }
  if (request.mount_proc) {
    // Making / private has made all below it so, unless a chroot(2) has led elsewhere.
    const bool already =
        !request.root && request.propagation == CreateRequest::Propagation::private_;
    plan.steps.push_back(step::MountProc{*request.mount_proc, !already});
  }
  plan.steps.push_back(step::Execute{request.program.file, request.program.arguments});
  return plan;
}

}  // namespace nsx
