// Whose a part of the tree is: delegation, and systemd's rule of the single writer.

#include "cgroup/own.hh"

#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cgroup/name.hh"
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

bool is_delegated(const Cgroup& cgroup) {
  struct stat status {};
  if (::fstat(cgroup.directory(), &status) == 0 && status.st_uid != 0) return true;
  // systemd sets the second for its own managers of users.
  for (const char* name : {"user.delegate", "trusted.delegate"}) {
    std::array<char, 8> value{};
    const ssize_t n = ::fgetxattr(cgroup.directory(), name, value.data(), value.size());
    if (n == 1 && value[0] == '1') return true;
  }
  return false;
}

}  // namespace

Result<std::vector<FileOwner>> give_cgroup(const Cgroup& cgroup, const CgroupOwner& owner) {
  constexpr const char* kDelegate = "delegate the cgroup";
  if (cgroup.is_top()) return refuse(kDelegate, cgroup.path(), "it is the top of the tree");
  std::vector<FileOwner> before;
  auto files = delegated_files();
  files.insert(files.begin(), ".");
  for (const std::string& file : files) {
    struct stat status {};
    if (::fstatat(cgroup.directory(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;  // of a controller that is not enabled
    }
    if (!change_owner(cgroup, file, owner)) {
      const int code = errno;
      give_back(cgroup, before);
      return fail(kDelegate, cgroup.path(), code, code == EPERM ? "be root" : "");
    }
    before.push_back({file, {status.st_uid, status.st_gid}});
  }
  return before;
}

void give_back(const Cgroup& cgroup, std::span<const FileOwner> before) {
  for (const FileOwner& each : before)
    [[maybe_unused]] const bool done = change_owner(cgroup, each.file, each.owner);
}

Status check_single_writer(const CgroupTree& tree, const std::string& path) {
  // sd_booted(3)
  if (::access("/run/systemd/system", F_OK) != 0) return {};
  for (std::string each = path;; each = path_above(each)) {
    const auto cgroup = tree.open_cgroup(each);
    // What is delegated is the delegatee's, with its own attributes.
    if (cgroup && is_delegated(*cgroup)) return {};
    if (each == "/") break;
  }
  return refuse(
      "change the cgroup", path,
      "systemd owns it, and is the only one to write there, but for what it has delegated",
      "work in a delegated one (systemd-run --scope -p Delegate=yes), or add --force");
}

}  // namespace nsx
