// SPDX-License-Identifier: MIT
#include "nsx-cg/places.hh"

#include <algorithm>

#include "common/report.hh"

namespace nsx::cg_tool {

namespace {

/// A runtime creates the cgroup first and records the container later.
constexpr int kTimesToList = 3;

void set_container(CgroupPlace& place, const std::string* name, const std::string& path) {
  if (name != nullptr) place.container = PlaceName{*name, path, true};
}

}  // namespace

void Places::list_if_new(const CgroupReading& reading) {
  const bool has_new = std::ranges::any_of(
      reading.cgroups, [&](const CgroupSample& sample) { return !known_.contains(sample.id); });
  if (has_new) {
    known_.clear();
    for (const CgroupSample& sample : reading.cgroups)
      known_.insert(sample.id);
    times_to_list_ = kTimesToList;
  }
  if (times_to_list_ == 0) return;
  --times_to_list_;
  names_.emplace(tree_.kernel(), cli::target_options());
}

void Places::name(CgroupReading& reading) {
  CgroupPlaces places(tree_.kernel());  // not kept: a path may be another cgroup by now
  name_places(reading, places);
  list_if_new(reading);
  for (CgroupSample& sample : reading.cgroups)
    set_container(sample.place, names_->of_cgroup(tree_.path_in_proc(sample.path)), sample.path);
}

CgroupPlace Places::of(const Process& process) {
  if (!names_) names_.emplace(tree_.kernel(), cli::target_options());
  CgroupPlace place = CgroupPlaces(tree_.kernel()).of(process);
  const std::string path = cgroup_of(process).value_or("");
  set_container(place, names_->of_cgroup(path), path);
  return place;
}

}  // namespace nsx::cg_tool
