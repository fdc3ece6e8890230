// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>

#include "account/account.hh"
#include "cgroup/files.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Whether the mode of a file allows its owner to read and write it.
bool is_read_and_written(const Cgroup& cgroup, const std::string& file) {
  struct stat status {};
  constexpr mode_t kBoth = S_IRUSR | S_IWUSR;
  return ::fstatat(cgroup.directory(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISREG(status.st_mode) && (status.st_mode & kBoth) == kBoth;
}

}  // namespace

Result<CgroupRecord> read_cgroup_record(const Cgroup& cgroup, std::string path) {
  CgroupRecord record;
  record.path = std::move(path);
  auto enabled = TRY(cgroup.read("cgroup.subtree_control"));
  record.controllers = split_controllers(enabled);
  auto files = TRY(list_names_at(cgroup.directory(), "."));
  for (const std::string& file : files) {
    if (!is_setting(file) || !is_read_and_written(cgroup, file)) continue;
    const auto text = cgroup.read(file.c_str());
    if (!text) continue;  // for example if pressure accounting is disabled
    std::string_view rest = *text;
    do {
      const std::string_view line = next_field(rest, '\n');
      // A file without a line for any disk contains no setting; an empty list of CPUs is one.
      if (!line.empty() || file.starts_with("cpuset.")) {
        record.settings.push_back({file, std::string(line)});
      }
    } while (!rest.empty());
  }
  for (const char* name : {"net.in", "net.out"}) {
    // If the limit cannot be read, nobody has set one.
    const auto rate = cgroup.read(name);
    std::string_view text = rate ? std::string_view(*rate) : std::string_view();
    if (!text.empty()) record.settings.push_back({name, std::string(next_field(text, '\n'))});
  }
  return record;
}

Result<CgroupSnapshot> take_snapshot(const CgroupTree& tree, const Cgroup& first) {
  auto reading = TRY(sample_cgroups(first, {.files = {}, .pids = false, .descend = true}));
  if (reading.unreadable > 0) {
    return refuse("read all cgroups below", first.path(),
                  std::to_string(reading.unreadable) + " of them cannot be opened");
  }
  CgroupSnapshot snapshot;
  for (const CgroupSample& sample : reading.cgroups) {
    auto cgroup = tree.open_cgroup(sample.path);
    const bool is_first = !sample.parent;
    if (!cgroup && !is_first) continue;  // vanished
    if (!cgroup) return error_of(cgroup);
    const std::size_t skipped = first.is_top() ? 1 : first.path().size() + 1;
    auto record = read_cgroup_record(*cgroup, is_first ? "." : sample.path.substr(skipped));
    if (!record && !is_first) continue;
    if (!record) return error_of(record);
    snapshot.cgroups.push_back(std::move(*record));
  }
  return snapshot;
}

Result<std::vector<CgroupStep>> plan_snapshot(const CgroupTree& tree, const std::string& path,
                                              const CgroupSnapshot& snapshot,
                                              CgroupChangeOptions options) {
  std::vector<CgroupWanted> wanted;
  for (const CgroupRecord& record : snapshot.cgroups) {
    const std::string whole = record.path == "." ? path : path + '/' + record.path;
    auto normal = TRY(normal_cgroup_path(whole, ""));
    CgroupWanted one;
    one.path = std::move(normal);
    one.controllers = record.controllers;
    one.settings = record.settings;
    wanted.push_back(std::move(one));
  }
  options.only_changes = true;
  return plan_cgroups(tree, wanted, options);
}

}  // namespace nsx
