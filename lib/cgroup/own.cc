// SPDX-License-Identifier: MIT
// Who owns a part of the tree: delegation, and systemd's single-writer rule.

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/control.hh"
#include "cgroup/files.hh"
#include "kernel/capabilities.hh"
#include "kernel/cgroup.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

std::vector<std::string> delegated_files() {
  std::vector<std::string> files;
  if (const auto list = read_file_at(AT_FDCWD, kDelegatedFiles)) {
    std::string_view rest = *list;
    while (!rest.empty()) {
      const std::string_view file = next_field(rest, '\n');
      if (!file.empty() && file.find('/') == std::string_view::npos) files.emplace_back(file);
    }
  }
  if (files.empty()) files = {"cgroup.procs", "cgroup.threads", "cgroup.subtree_control"};
  return files;
}

bool change_owner(const Cgroup& cgroup, const std::string& file, const CgroupOwner& owner) {
  return ::fchownat(cgroup.directory(), file.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) ==
         0;
}

bool is_anothers_than_roots(const Cgroup& cgroup) {
  struct stat status {};
  return ::fstat(cgroup.directory(), &status) == 0 && status.st_uid != 0;
}

}  // namespace

Status give_cgroup(const Cgroup& cgroup, const CgroupOwner& owner, std::vector<FileOwner>& before) {
  constexpr const char* kDelegate = "delegate the cgroup";
  if (cgroup.is_top()) return refuse(kDelegate, cgroup.path(), "it is the top of the tree");
  auto files = delegated_files();
  files.insert(files.begin(), ".");
  for (const std::string& file : files) {
    struct stat status {};
    if (::fstatat(cgroup.directory(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;  // its controller is not enabled
    }
    // Recorded first, as memory could run out afterwards.
    before.push_back({file, {status.st_uid, status.st_gid}});
    if (!change_owner(cgroup, file, owner)) {
      const int code = errno;
      before.pop_back();
      return fail(kDelegate, cgroup.path(), code,
                  code == EPERM ? hint_for_capability(CAP_CHOWN, "CAP_CHOWN", Over::another) : "");
    }
  }
  return {};
}

void give_back(const Cgroup& cgroup, std::span<const FileOwner> before) {
  for (const FileOwner& each : before)
    [[maybe_unused]] const bool done = change_owner(cgroup, each.file, each.owner);
}

CgroupWriter writer_of(const CgroupTree& tree, const std::string& path) {
  // sd_booted(3)
  if (::access("/run/systemd/system", F_OK) != 0) return CgroupWriter::anybody;
  bool has_owner = false;
  // The top belongs to the machine or, in a container with its own systemd, is delegated to that.
  for (std::string each = path; each != "/"; each = path_above(each)) {
    const std::string_view name = last_name(each);
    // What a user's systemd has not delegated also belongs to the user.
    if (name.starts_with("user@") && name.ends_with(".service")) return CgroupWriter::users_systemd;
    const auto cgroup = tree.open_cgroup(each);
    if (!cgroup) continue;  // not created yet
    if (is_delegated_scope(*cgroup) || is_marked_delegated(cgroup->directory())) {
      return CgroupWriter::delegatee;
    }
    has_owner = has_owner || is_anothers_than_roots(*cgroup);
  }
  return has_owner ? CgroupWriter::delegatee : CgroupWriter::systemd;
}

bool is_delegated_scope(const Cgroup& cgroup) {
  const std::string_view name = last_name(cgroup.path());
  if (!name.ends_with(".scope")) return false;
  if (is_marked_delegated(cgroup.directory())) return true;
  // systemd 252 does not mark scopes that a user's manager delegates. Scopes of systemd-run(1) are
  // assumed to be delegated.
  return name.starts_with("run-") && is_anothers_than_roots(cgroup);
}

Error explain_single_writer(const std::string& path, bool is_root) {
  const std::string command =
      std::string("systemd-run ") + (is_root ? "" : "--user ") + "--scope -p Delegate=yes";
  return {"cannot change the cgroup", path, 0, "systemd manages it and has not delegated it",
          "run '" + command + " bash' for a shell in a cgroup of your own, or add --force"};
}

Status check_single_writer(const CgroupTree& tree, const std::string& path) {
  // Users may change what belongs to them, even if their systemd also writes there.
  if (writer_of(tree, path) != CgroupWriter::systemd) return {};
  return tl::unexpected(explain_single_writer(path, ::geteuid() == 0));
}

}  // namespace nsx
