// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <nsx/cgroup.hh>
#include <nsx/inside.hh>
#include <nsx/target.hh>

#include "cgroup/files.hh"
#include "cgroup/net.hh"
#include "kernel/cgroup.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kFind = "find the cgroup";

/// How often to retry: a process can be moved, and its cgroup removed and created again, between
/// two reads.
constexpr int kTries = 100;

Status check_cgroup2(int directory, const std::string& path) {
  struct statfs fs {};
  if (::fstatfs(directory, &fs) != 0) return fail("stat the cgroup", path);
  if (fs.f_type == CGROUP2_SUPER_MAGIC) return {};
  return refuse("use {} as a cgroup", path, "another file system is mounted over it");
}

bool is_at_or_below(const std::string& path, const std::string& above) {
  return path == above || path.starts_with(above + '/');
}

/// Removes the leading directory `above` from a path below it.
bool take_leading(std::string& path, const std::string& above) {
  if (above.empty() || !is_at_or_below(path, above)) return false;
  path.erase(0, above.size());
  return true;
}

bool is_own(const std::string& name) {
  return name == "." || name.starts_with("./");
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Whether a target names a process in any cgroup: pid:42, 42:INODE.
bool names_process(std::string_view target) {
  const std::string_view before = target.substr(0, target.find(':'));
  return before == "pid" || is_number(before);
}

std::optional<std::string> v1_mount_point(std::string_view mounts, std::string_view controller) {
  while (const auto mount = next_mount(mounts)) {
    if (mount->type != "cgroup") continue;
    std::string_view options = mount->super_options;
    while (!options.empty()) {
      if (next_field(options, ',') == controller) return unescape_mount_field(mount->mount_point);
    }
  }
  return std::nullopt;
}

/// Returns the name of a controller in cgroup v1, where the one for block devices has an older
/// name.
std::string_view v1_name(std::string_view controller) {
  return controller == "io" ? "blkio" : controller;
}

/// Returns the line of a controller in /proc/cgroups without its name; nothing if the kernel does
/// not have it.
std::optional<std::string> line_of_controller(const Kernel& kernel, std::string_view controller) {
  const auto known = read_file_at(kernel.proc(), "cgroups");
  std::string_view lines = known ? std::string_view(*known) : std::string_view();
  while (!lines.empty()) {
    std::string_view line = next_field(lines, '\n');
    if (next_field(line, '\t') == controller) return std::string(line);
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> Cgroup::read(const char* file) const {
  if (is_net_file(file)) return read_net_file(directory_.get(), file);
  auto text = read_file_at(directory_.get(), file);
  if (!text) text.error().set_subject(directory_path_ + '/' + file);
  return text;
}

Status Cgroup::write(const char* file, const std::string& text) const {
  if (is_net_file(file)) {
    auto written = write_net_file(directory_.get(), file, text);
    if (!written && written.error().subject().empty()) written.error().set_subject(path_);
    return written;
  }
  auto done = write_file_at(directory_.get(), file, text);
  if (!done) done.error().set_subject(directory_path_ + '/' + file);
  return done;
}

Result<Cgroup> Cgroup::duplicate() const {
  Cgroup copy;
  copy.path_ = path_;
  copy.directory_path_ = directory_path_;
  copy.directory_ = OwnedFd(::fcntl(directory_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.directory_) return fail("reopen the cgroup", path_);
  return copy;
}

Result<CgroupTree> CgroupTree::open(const Kernel& kernel, TargetOptions targets) {
  auto mountinfo = TRY(read_file_at(kernel.proc(), "self/mountinfo"));
  CgroupTree tree;
  tree.kernel_ = &kernel;
  tree.targets_ = std::move(targets);
  for (CgroupMount& mount : cgroup_mounts(mountinfo)) {
    if (!mount.is_v2) {
      tree.v1_mount_points_.push_back(std::move(mount.point));
    } else if (tree.mount_point_.empty()) {
      tree.mount_point_ = std::move(mount.point);
      if (mount.root != "/") tree.mount_root_ = std::move(mount.root);
    }
  }
  if (tree.mount_point_.empty()) {
    if (tree.v1_mount_points_.empty()) {
      return problem("cgroup v2 is not mounted", {}, {}, "mount -t cgroup2 none /sys/fs/cgroup");
    }
    return problem("cgroup v2 is not mounted", {},
                   "there is only cgroup v1, at " + tree.v1_mount_points_.front(),
                   "mkdir -p /run/cgroup2 && mount -t cgroup2 none /run/cgroup2");
  }
  auto top = open_at(AT_FDCWD, tree.mount_point_.c_str(), O_RDONLY | O_DIRECTORY);
  if (!top) return fail("open the cgroups at", tree.mount_point_, top.error().code);
  TRY(check_cgroup2(top->get(), tree.mount_point_));
  tree.top_ = std::move(*top);
  return tree;
}

Result<std::string> CgroupTree::normal_path(const std::string& path) const {
  const auto elsewhere = [&](const std::string& reason) {
    return problem("invalid cgroup path '{}'", path, reason,
                   "give a path below " + mount_point_ + ", where cgroup v2 is mounted");
  };
  if (!is_at_or_below(path, mount_point_)) {
    for (const std::string& point : v1_mount_points_) {
      if (is_at_or_below(path, point)) {
        return elsewhere("it is in the cgroup v1 hierarchy at " + point);
      }
    }
    // On hybrid machines, only the hierarchies in this directory contain cgroups.
    if (is_at_or_below(path, "/sys/fs/cgroup")) return elsewhere("it is not in cgroup v2");
  }
  return normal_cgroup_path(path, mount_point_);
}

Result<Cgroup> CgroupTree::open_normal(std::string path) const {
  Cgroup cgroup;
  const std::string below = path == "/" ? "." : path.substr(1);
  auto directory = open_at(top_.get(), below.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory) {
    const int code = directory.error().code;
    if (code == ENOENT || code == ENOTDIR) {
      return problem("no cgroup named '{}' in " + mount_point_, path);
    }
    return fail("open the cgroup", path, code);
  }
  TRY(check_cgroup2(directory->get(), mount_point_ + path));
  cgroup.directory_ = std::move(*directory);
  cgroup.directory_path_ = path == "/" ? mount_point_ : mount_point_ + path;
  cgroup.path_ = std::move(path);
  return cgroup;
}

Result<Cgroup> CgroupTree::open_cgroup(const std::string& path) const {
  auto normal = TRY(normal_path(path));
  return open_normal(std::move(normal));
}

std::string CgroupTree::path_in_proc(const std::string& path) const {
  if (mount_root_.empty()) return path;
  return path == "/" ? mount_root_ : mount_root_ + path;
}

Result<std::string> CgroupTree::below_top(std::string path) const {
  if (path == "/.." || path.starts_with("/../")) {
    return refuse(kFind, path, "it is outside of this cgroup namespace",
                  "run this outside of the namespace");
  }
  if (!mount_root_.empty() && !take_leading(path, mount_root_)) {
    return refuse(kFind, path, "it is not below the cgroup mounted at " + mount_point_,
                  "in a new cgroup namespace, mount cgroup2 again");
  }
  return path.empty() ? "/" : path;
}

Result<std::string> CgroupTree::path_of(const Process& process) const {
  auto text = TRY(process.read("cgroup"));
  std::string_view rest = text;
  while (const auto line = next_cgroup_line(rest)) {
    if (line->hierarchy == 0) return below_top(std::string(line->path));
  }
  return refuse("find the cgroup of", "PID " + std::to_string(process.pid()),
                "it is not in cgroup v2");
}

Result<Cgroup> CgroupTree::of(const Process& process) const {
  for (int tries = 0; tries < kTries; ++tries) {
    auto path = TRY(path_of(process));
    auto cgroup = open_normal(path);
    const auto again = path_of(process);
    if (again && *again == path) return cgroup;
  }
  return refuse("find the cgroup of", "PID " + std::to_string(process.pid()), "it keeps moving");
}

Result<Cgroup> CgroupTree::own() const {
  auto self = TRY(Process::open(*kernel_, ::getpid()));
  return of(self);
}

Result<std::string> CgroupTree::path_of_target(const std::string& name) const {
  auto target = TRY(resolve_target(*kernel_, name, targets_));
  if (!target.process) {
    return refuse("find the cgroup of", target.name, "it has no process");
  }
  if (!target.cgroup.empty()) return below_top(std::move(target.cgroup));
  // The cgroup of one of its processes may also contain others.
  if (!names_process(name)) {
    return refuse(
        "find the cgroup of", target.name, "it has no cgroup of its own in cgroup v2",
        "for the cgroup of its process, use pid:" + std::to_string(target.process->pid()));
  }
  auto cgroup = TRY(of(*target.process));
  return cgroup.path();
}

Result<std::string> CgroupTree::locate(const std::string& name) const {
  if (is_own(name)) {
    auto cgroup = TRY(own());
    if (name.size() <= 2) return cgroup.path();
    return normal_cgroup_path(cgroup.path() + name.substr(1), "");
  }
  constexpr std::string_view kPath = "cgroup:";
  if (name.starts_with(kPath)) return normal_path(name.substr(kPath.size()));
  if (has_target_prefix(name)) return path_of_target(name);
  return normal_path(name);
}

Result<Cgroup> CgroupTree::find_word(const std::string& name, Result<Cgroup> by_path) const {
  const bool is_path = name.find('/') != std::string::npos;
  if (is_path && by_path) return by_path;
  if (is_number(name)) {
    // PIDs come and go, and are not used as names of cgroups.
    if (!by_path) by_path.error().set_hint("for the cgroup of a process, use pid:" + name);
    return by_path;
  }
  if (by_path || is_path) {
    const auto container = path_of_target("container:" + name);
    if (!container) return by_path;
    if (!by_path) return open_normal(*container);
    if (*container == by_path->path()) return by_path;
    return problem("ambiguous name '{}'", name,
                   "could be " + by_path->path() + ", container:" + name);
  }
  auto path = TRY(path_of_target(name));
  return open_normal(std::move(path));
}

Result<Cgroup> CgroupTree::find(const std::string& name) const {
  auto path = TRY(locate(name));
  auto cgroup = open_normal(std::move(path));
  if (name.starts_with('/') || is_own(name) || has_target_prefix(name)) return cgroup;
  return find_word(name, std::move(cgroup));
}

Result<std::optional<Cgroup>> CgroupTree::parent(const Cgroup& cgroup) const {
  if (cgroup.is_top()) return std::nullopt;
  auto directory = open_at(cgroup.directory(), "..", O_RDONLY | O_DIRECTORY);
  if (!directory) return fail("open the cgroup above", cgroup.path(), directory.error().code);
  TRY(check_cgroup2(directory->get(), cgroup.directory_path()));
  Cgroup above;
  above.directory_ = std::move(*directory);
  const std::size_t slash = cgroup.path_.rfind('/');
  above.path_ = slash == 0 ? "/" : cgroup.path_.substr(0, slash);
  above.directory_path_ = slash == 0 ? mount_point_ : mount_point_ + above.path_;
  return std::optional(std::move(above));
}

std::string CgroupTree::why_without(std::string_view controller) const {
  const auto mountinfo = read_file_at(kernel_->proc(), "self/mountinfo");
  const auto point = v1_mount_point(mountinfo ? *mountinfo : std::string(), v1_name(controller));
  if (point) return "it is bound to cgroup v1, at " + *point;
  const auto known = line_of_controller(*kernel_, v1_name(controller));
  if (!known) return "this kernel does not have it";
  if (!known->starts_with("0\t")) return "it is bound to a cgroup v1 hierarchy";
  if (known->ends_with("\t0")) return "it was disabled at boot";
  if (!mount_root_.empty()) return "the cgroups above this container do not enable it";
  // Only the machine's root has no type.
  return ::faccessat(top_.get(), "cgroup.type", F_OK, 0) != 0
             ? "the root cgroup does not have it"
             : "the cgroups outside of this cgroup namespace do not enable it";
}

bool CgroupTree::is_bound_to_v1(std::string_view controller) const {
  const auto mountinfo = read_file_at(kernel_->proc(), "self/mountinfo");
  if (v1_mount_point(mountinfo ? *mountinfo : std::string(), v1_name(controller))) return true;
  const auto known = line_of_controller(*kernel_, v1_name(controller));
  return known && !known->starts_with("0\t");
}

Result<std::vector<CgroupMembership>> memberships_of(const Process& process) {
  auto text = TRY(process.read("cgroup"));
  std::vector<CgroupMembership> memberships;
  std::string_view rest = text;
  while (const auto line = next_cgroup_line(rest)) {
    memberships.push_back(
        {line->hierarchy, std::string(line->controllers), std::string(line->path)});
  }
  return memberships;
}

std::vector<std::string> split_controllers(std::string_view text) {
  std::vector<std::string> names;
  if (text.ends_with('\n')) text.remove_suffix(1);
  while (!text.empty()) {
    const std::string_view name = next_field(text, ' ');
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

}  // namespace nsx
