// Whose a part of the tree is: delegation, removal, systemd's rule of the single writer.

#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <nsx/cgroup_change.hh>

#include "cgroup/name.hh"
#include "cgroup/net_files.hh"
#include "cgroup/removal.hh"
#include "cgroup/rules.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

/// The files that are a delegatee's, by the kernel (Linux 4.15).
std::vector<std::string> delegated_files() {
  std::vector<std::string> files;
  if (const auto list = read_file_at(AT_FDCWD, "/sys/kernel/cgroup/delegate")) {
    std::string_view rest = *list;
    while (!rest.empty()) {
      const std::string_view file = next_field(rest, '\n');
      if (!file.empty() && file.find('/') == std::string_view::npos) files.emplace_back(file);
    }
  }
  if (files.empty()) files = {"cgroup.procs", "cgroup.threads", "cgroup.subtree_control"};
  return files;
}

bool is_delegated(const Cgroup& cgroup) {
  // systemd sets the second for its own managers of users.
  for (const char* name : {"user.delegate", "trusted.delegate"}) {
    std::array<char, 8> value{};
    const ssize_t n = ::fgetxattr(cgroup.directory(), name, value.data(), value.size());
    if (n == 1 && value[0] == '1') return true;
  }
  return false;
}

}  // namespace

Status delegate_cgroup(const Cgroup& cgroup, uid_t uid, gid_t gid) {
  constexpr const char* kDelegate = "delegate the cgroup";
  if (cgroup.is_top()) return refuse(kDelegate, cgroup.path(), "it is the top of the tree");
  struct Before {
    std::string file;
    struct stat status {};
  };
  std::vector<Before> changed;
  auto files = delegated_files();
  files.insert(files.begin(), ".");
  for (const std::string& file : files) {
    Before before{file, {}};
    if (::fstatat(cgroup.directory(), file.c_str(), &before.status, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;  // of a controller that is not enabled
    }
    if (::fchownat(cgroup.directory(), file.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
      const int code = errno;
      for (const Before& each : changed) {
        [[maybe_unused]] const int back =
            ::fchownat(cgroup.directory(), each.file.c_str(), each.status.st_uid,
                       each.status.st_gid, AT_SYMLINK_NOFOLLOW);
      }
      return fail(kDelegate, cgroup.path(), code, code == EPERM ? "be root" : "");
    }
    changed.push_back(std::move(before));
  }
  return {};
}

Status remove_cgroup(const CgroupTree& tree, const Cgroup& cgroup, bool recursive) {
  if (cgroup.is_top()) {
    return refuse("remove the cgroup", cgroup.path(), "it is the top of the tree");
  }
  auto above = tree.parent(cgroup);
  if (!above) return error_of(above);
  const std::string name(last_name(cgroup.path()));
  // The handle is of what was looked at; another may have its name by now.
  struct stat held {};
  struct stat named {};
  if (::fstat(cgroup.directory(), &held) != 0 ||
      ::fstatat((*above)->directory(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0 ||
      held.st_ino != named.st_ino) {
    return refuse("remove the cgroup", cgroup.path(), "it has been removed already");
  }
  if (recursive) {
    if (auto done = remove_below(cgroup.directory(), cgroup.path()); !done) return done;
  }
  if (::unlinkat((*above)->directory(), name.c_str(), AT_REMOVEDIR) == 0) {
    forget_net(held.st_ino);
    return {};
  }
  return tl::unexpected(explain_remove(cgroup, errno));
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
