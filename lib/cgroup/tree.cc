#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <nsx/cgroup.hh>
#include <nsx/mountinfo.hh>
#include <nsx/target.hh>

#include "cgroup/name.hh"
#include "cgroup/net_files.hh"
#include "kernel/cgroup.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

constexpr const char* kFind = "find the cgroup";

/// A process can be moved, and its cgroup removed and made again, between a look and the next.
constexpr int kTries = 100;

Status check_cgroup2(int directory, const std::string& path) {
  struct statfs fs {};
  if (::fstatfs(directory, &fs) != 0) return fail("look at the cgroup", path);
  if (fs.f_type == CGROUP2_SUPER_MAGIC) return {};
  return refuse("use as a cgroup", path, "something else is mounted over it");
}

/// Takes the directory `above` off the front of a path that is below it.
bool take_leading(std::string& path, const std::string& above) {
  if (above.empty() || (path != above && !path.starts_with(above + '/'))) return false;
  path.erase(0, above.size());
  return true;
}

}  // namespace

Result<std::string> Cgroup::read(const char* file) const {
  if (is_net_file(file)) return read_net_file(directory_.get(), file);
  auto text = read_file_at(directory_.get(), file);
  if (!text) text.error().subject = directory_path_ + '/' + file;
  return text;
}

Status Cgroup::write(const char* file, const std::string& text) const {
  if (is_net_file(file)) {
    auto written = write_net_file(directory_.get(), file, text);
    if (!written && written.error().subject.empty()) written.error().subject = path_;
    return written;
  }
  auto done = write_file_at(directory_.get(), file, text);
  if (!done) done.error().subject = directory_path_ + '/' + file;
  return done;
}

Result<Cgroup> Cgroup::duplicate() const {
  Cgroup copy;
  copy.path_ = path_;
  copy.directory_path_ = directory_path_;
  copy.directory_ = OwnedFd(::fcntl(directory_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.directory_) return fail("open again the cgroup", path_);
  return copy;
}

Result<CgroupTree> CgroupTree::open(const Kernel& kernel) {
  auto mountinfo = read_file_at(kernel.proc(), "self/mountinfo");
  if (!mountinfo) return error_of(mountinfo);
  CgroupTree tree;
  tree.kernel_ = &kernel;
  for (CgroupMount& mount : cgroup_mounts(*mountinfo)) {
    if (!mount.is_v2) continue;
    tree.mount_point_ = std::move(mount.point);
    if (mount.root != "/") tree.mount_root_ = std::move(mount.root);
    auto top = open_at(AT_FDCWD, tree.mount_point_.c_str(), O_RDONLY | O_DIRECTORY);
    if (!top) return fail("open the cgroups at", tree.mount_point_, top.error().code);
    if (auto ok = check_cgroup2(top->get(), tree.mount_point_); !ok) return error_of(ok);
    tree.top_ = std::move(*top);
    return tree;
  }
  return refuse("find", "the cgroups", "cgroup v2 is not mounted here",
                "mount -t cgroup2 none /sys/fs/cgroup");
}

Result<Cgroup> CgroupTree::open_normal(std::string path) const {
  Cgroup cgroup;
  const std::string below = path == "/" ? "." : path.substr(1);
  auto directory = open_at(top_.get(), below.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory) {
    const int code = directory.error().code;
    if (code == ENOENT || code == ENOTDIR) {
      return refuse("open the cgroup", path, "there is none of this name at " + mount_point_);
    }
    return fail("open the cgroup", path, code);
  }
  if (auto ok = check_cgroup2(directory->get(), mount_point_ + path); !ok) return error_of(ok);
  cgroup.directory_ = std::move(*directory);
  cgroup.directory_path_ = path == "/" ? mount_point_ : mount_point_ + path;
  cgroup.path_ = std::move(path);
  return cgroup;
}

Result<Cgroup> CgroupTree::open_cgroup(const std::string& path) const {
  auto normal = normal_cgroup_path(path, mount_point_);
  if (!normal) return error_of(normal);
  return open_normal(std::move(*normal));
}

Result<std::string> CgroupTree::below_top(std::string path) const {
  if (path == "/.." || path.starts_with("/../")) {
    return refuse(kFind, path, "it is outside of this cgroup namespace",
                  "run this outside of the namespace");
  }
  if (!mount_root_.empty() && !take_leading(path, mount_root_)) {
    return refuse(kFind, path, "it is not below the one that is mounted at " + mount_point_,
                  "in a new cgroup namespace, mount cgroup2 again");
  }
  return path.empty() ? "/" : path;
}

Result<std::string> CgroupTree::path_of(const Process& process) const {
  auto text = process.read("cgroup");
  if (!text) return error_of(text);
  std::string_view rest = *text;
  while (const auto line = next_cgroup_line(rest)) {
    if (line->hierarchy == 0) return below_top(std::string(line->path));
  }
  return refuse("find the cgroup of", "PID " + std::to_string(process.pid()),
                "it is in none of cgroup v2");
}

Result<Cgroup> CgroupTree::of(const Process& process) const {
  for (int tries = 0; tries < kTries; ++tries) {
    auto path = path_of(process);
    if (!path) return error_of(path);
    auto cgroup = open_normal(*path);
    const auto again = path_of(process);
    if (again && *again == *path) return cgroup;
  }
  return refuse("find the cgroup of", "PID " + std::to_string(process.pid()), "it keeps moving");
}

Result<Cgroup> CgroupTree::own() const {
  auto self = Process::open(*kernel_, ::getpid());
  if (!self) return error_of(self);
  return of(*self);
}

Result<std::string> CgroupTree::locate(const std::string& name) const {
  if (name == "." || name.starts_with("./")) {
    auto cgroup = own();
    if (!cgroup) return error_of(cgroup);
    if (name.size() <= 2) return cgroup->path();
    return normal_cgroup_path(cgroup->path() + name.substr(1), "");
  }
  std::string_view prefix = name;
  prefix = prefix.substr(0, prefix.find(':'));
  const bool is_process = name.starts_with("pid:");
  if (is_process || name.starts_with("unit:") || name.starts_with("container:")) {
    auto target = resolve_target(*kernel_, is_process ? name.substr(prefix.size() + 1) : name);
    if (!target) return error_of(target);
    if (!target->process) {
      return refuse(kFind, name, "that is no process, but something that holds namespaces");
    }
    auto cgroup = of(*target->process);
    if (!cgroup) return error_of(cgroup);
    if (prefix == "unit") return std::string(unit_part(cgroup->path()));
    if (prefix == "container") return std::string(container_part(cgroup->path()));
    return cgroup->path();
  }
  return normal_cgroup_path(name, mount_point_);
}

Result<Cgroup> CgroupTree::find(const std::string& name) const {
  auto path = locate(name);
  if (!path) return error_of(path);
  return open_normal(std::move(*path));
}

Result<std::optional<Cgroup>> CgroupTree::parent(const Cgroup& cgroup) const {
  if (cgroup.is_top()) return std::nullopt;
  auto directory = open_at(cgroup.directory(), "..", O_RDONLY | O_DIRECTORY);
  if (!directory) return fail("open the cgroup above", cgroup.path(), directory.error().code);
  if (auto ok = check_cgroup2(directory->get(), cgroup.directory_path()); !ok) return error_of(ok);
  Cgroup above;
  above.directory_ = std::move(*directory);
  const std::size_t slash = cgroup.path_.rfind('/');
  above.path_ = slash == 0 ? "/" : cgroup.path_.substr(0, slash);
  above.directory_path_ = slash == 0 ? mount_point_ : mount_point_ + above.path_;
  return std::optional(std::move(above));
}

std::string CgroupTree::why_without(std::string_view controller) const {
  const auto mountinfo = read_file_at(kernel_->proc(), "self/mountinfo");
  std::string_view mounts = mountinfo ? std::string_view(*mountinfo) : std::string_view();
  // v1 calls the controller for block devices by an older name.
  const std::string_view old_name = controller == "io" ? "blkio" : controller;
  while (const auto mount = next_mount(mounts)) {
    if (mount->type != "cgroup") continue;
    std::string_view options = mount->super_options;
    while (!options.empty()) {
      if (next_field(options, ',') == old_name) {
        return "it is bound to cgroup v1, at " + unescape_mount_field(mount->mount_point);
      }
    }
  }
  const auto known = read_file_at(kernel_->proc(), "cgroups");
  std::string_view lines = known ? std::string_view(*known) : std::string_view();
  while (!lines.empty()) {
    std::string_view line = next_field(lines, '\n');
    if (next_field(line, '\t') != old_name) continue;
    if (next_field(line, '\t') != "0") return "it is bound to a hierarchy of cgroup v1";
    if (line.ends_with("\t0")) return "it was switched off when the machine started";
    return mount_root_.empty() ? "the top of the tree does not have it"
                               : "the cgroups above this container do not hand it down";
  }
  return "this kernel does not have it";
}

Result<std::vector<CgroupMembership>> memberships_of(const Process& process) {
  auto text = process.read("cgroup");
  if (!text) return error_of(text);
  std::vector<CgroupMembership> memberships;
  std::string_view rest = *text;
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
