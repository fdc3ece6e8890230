// SPDX-License-Identifier: MIT
// The options that change the mounts of a target.

#include <algorithm>
#include <array>
#include <string_view>
#include <sys/mount.h>

#include "nsx-enter/options.hh"
#include "transfer/transfer.hh"
#include "try.hh"

namespace nsx::enter_tool {

namespace {

struct Attribute {
  std::string_view name;
  std::uint64_t flag;
};

constexpr std::array<Attribute, 6> kAttributes{{{"ro", MOUNT_ATTR_RDONLY},
                                                {"rw", 0},
                                                {"nosuid", MOUNT_ATTR_NOSUID},
                                                {"nodev", MOUNT_ATTR_NODEV},
                                                {"noexec", MOUNT_ATTR_NOEXEC},
                                                {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW}}};

constexpr std::array<std::string_view, 3> kTmpfsOptions{"size", "mode", "nr_inodes"};

Status add_mount_option(std::string_view word, const char* option, MountChange& change) {
  for (const Attribute& attribute : kAttributes) {
    if (attribute.name != word) continue;
    change.attributes |= attribute.flag;
    return {};
  }
  const std::size_t equals = word.find('=');
  const std::string_view key = word.substr(0, equals);
  const bool is_known =
      std::find(kTmpfsOptions.begin(), kTmpfsOptions.end(), key) != kTmpfsOptions.end();
  if (change.action == MountChange::Action::tmpfs && is_known && equals != word.npos &&
      equals + 1 < word.size()) {
    change.options.emplace_back(key, word.substr(equals + 1));
    return {};
  }
  const char* expected = change.action == MountChange::Action::tmpfs
                             ? "expected size=, mode=, nr_inodes=, ro, nosuid, nodev, noexec or "
                               "nosymfollow"
                             : "expected ro, nosuid, nodev, noexec or nosymfollow";
  return problem(std::string("invalid mount option '{}' for ") + option, word, expected);
}

Status add_mount_options(std::string_view list, const char* option, MountChange& change) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    TRY(add_mount_option(list.substr(0, comma), option, change));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return {};
}

Status check_destination(const std::string& path, const char* option) {
  const std::string what = std::string("invalid destination '{}' for ") + option;
  if (!path.starts_with('/')) return problem(what, path, "expected an absolute path in the target");
  // Running processes have the root directory below such a mount.
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view name = rest.substr(0, slash);
    if (!name.empty() && name != "." && name != "..") return {};
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  return problem(what, path, "the root directory cannot be replaced");
}

}  // namespace

Status add_bind(Options& options, const char* text) {
  auto parts = split_paths(text);
  if (parts.size() < 2 || parts.size() > 3 || parts[0].empty()) {
    return problem("invalid argument '{}' for --bind", text,
                   "expected SOURCE:DESTINATION[:OPTIONS]", "write a colon in a path as \\:");
  }
  TRY(check_destination(parts[1], "--bind"));
  MountChange change{.source = std::move(parts[0]), .destination = std::move(parts[1])};
  if (parts.size() == 3) TRY(add_mount_options(parts[2], "--bind", change));
  options.mounts.changes.push_back(std::move(change));
  return {};
}

Status add_tmpfs(Options& options, const char* text) {
  auto parts = split_paths(text);
  if (parts.size() > 2) {
    return problem("invalid argument '{}' for --tmpfs", text, "expected DESTINATION[:OPTIONS]",
                   "write a colon in a path as \\:");
  }
  TRY(check_destination(parts[0], "--tmpfs"));
  MountChange change{.action = MountChange::Action::tmpfs, .destination = std::move(parts[0])};
  change.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (parts.size() == 2) TRY(add_mount_options(parts[1], "--tmpfs", change));
  options.mounts.changes.push_back(std::move(change));
  return {};
}

Status add_unbind(Options& options, const char* text) {
  auto parts = split_paths(text);
  if (parts.size() > 1) {
    return problem("invalid argument '{}' for --unbind", text, "expected DESTINATION",
                   "write a colon in a path as \\:");
  }
  TRY(check_destination(parts[0], "--unbind"));
  options.mounts.changes.push_back(
      {.action = MountChange::Action::unmount, .destination = std::move(parts[0])});
  return {};
}

}  // namespace nsx::enter_tool
