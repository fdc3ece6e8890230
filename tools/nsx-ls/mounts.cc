#include "nsx-ls/mounts.hh"

#include <algorithm>
#include <string_view>

#include <nsx/pin.hh>

namespace nsx::ls_tool {

namespace {

/// Calls take(path) for each of its mounts that the caller can see.
template <class Take>
void for_each_mount(const Census& census, CensusIndex index, Take take) {
  auto holder =
      std::lower_bound(census.holders.begin(), census.holders.end(), index,
                       [](const CensusHolder& each, CensusIndex ns) { return each.ns < ns; });
  for (; holder != census.holders.end() && holder->ns == index; ++holder) {
    if (holder->type != CensusHolder::Type::mount) continue;
    const CensusMount& mount = census.mounts[holder->other];
    if (mount.is_ours) take(std::string_view(mount.path));
  }
}

}  // namespace

std::vector<std::string> mounts_of(const Census& census, CensusIndex index) {
  std::vector<std::string> paths;
  for_each_mount(census, index, [&](std::string_view path) { paths.emplace_back(path); });
  return paths;
}

std::vector<std::string> pin_names(const Census& census, CensusIndex index) {
  const std::string directory = pin_directory(census.namespaces[index].kind) + '/';
  std::vector<std::string> names;
  for_each_mount(census, index, [&](std::string_view path) {
    if (!path.starts_with(directory)) return;
    path.remove_prefix(directory.size());
    if (path.find('/') == std::string_view::npos) names.emplace_back(path);
  });
  return names;
}

}  // namespace nsx::ls_tool
