#include "plan/cgroup_facts.hh"

#include <nsx/cgroup.hh>

namespace nsx {

Result<std::optional<step::EnterCgroup>> read_cgroup_facts(const Kernel& kernel,
                                                           const CgroupRequest& request) {
  if (request.empty()) return std::nullopt;
  auto tree = CgroupTree::open(kernel);
  if (!tree) return error_of(tree);
  auto cgroup = tree->find(request.into.value_or("."));
  if (!cgroup) return error_of(cgroup);
  step::EnterCgroup step;
  step.path = cgroup->path();
  if (request.limits.empty()) return step;
  step.make = true;
  step.path =
      (cgroup->is_top() ? "" : cgroup->path()) + '/' + unused_cgroup_name(*tree, cgroup->path());
  auto settings = resolve_cgroup_limits(*tree, step.path, request.limits);
  if (!settings) return error_of(settings);
  step.settings = std::move(*settings);
  return step;
}

}  // namespace nsx
