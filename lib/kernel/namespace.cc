// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <nsx/kind.hh>
#include <nsx/namespace.hh>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/nsfs.hh"
#include "kernel/text.hh"

namespace nsx {

const std::array<KindInfo, kKindCount> kKinds{{
    {Kind::cgroup, "cgroup", nullptr, CLONE_NEWCGROUP, abi::kPidfdGetCgroupNamespace, 0},
    {Kind::ipc, "ipc", nullptr, CLONE_NEWIPC, abi::kPidfdGetIpcNamespace, 0},
    {Kind::mnt, "mnt", nullptr, CLONE_NEWNS, abi::kPidfdGetMntNamespace, 0},
    {Kind::net, "net", nullptr, CLONE_NEWNET, abi::kPidfdGetNetNamespace, 0},
    {Kind::pid, "pid", "pid_for_children", CLONE_NEWPID, abi::kPidfdGetPidNamespace,
     abi::kPidfdGetPidForChildren},
    {Kind::time, "time", "time_for_children", CLONE_NEWTIME, abi::kPidfdGetTimeNamespace,
     abi::kPidfdGetTimeForChildren},
    {Kind::user, "user", nullptr, CLONE_NEWUSER, abi::kPidfdGetUserNamespace, 0},
    {Kind::uts, "uts", nullptr, CLONE_NEWUTS, abi::kPidfdGetUtsNamespace, 0},
}};

std::optional<Kind> kind_by_name(std::string_view name) {
  for (const KindInfo& entry : kKinds) {
    if (name == entry.name) return entry.kind;
  }
  return std::nullopt;
}

std::optional<Kind> kind_by_clone_flag(int flag) {
  for (const KindInfo& entry : kKinds) {
    if (flag == entry.clone_flag) return entry.kind;
  }
  return std::nullopt;
}

int clone_flags(KindSet kinds) {
  int flags = 0;
  for (const Kind kind : kinds)
    flags |= info(kind).clone_flag;
  return flags;
}

namespace {

/// Returns whether an O_PATH descriptor refers to a namespace file. fstatfs(2) is not used because
/// it asks the file system, which may not answer.
bool is_nsfs(const Kernel& kernel, int fd) {
  struct statx st {};
  constexpr int kFlags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  if (::statx(fd, "", kFlags, STATX_TYPE, &st) != 0) return false;
  const dev_t device = nsfs_device(kernel);
  return device != 0 && ::makedev(st.stx_dev_major, st.stx_dev_minor) == device;
}

/// Returns whether a path to a namespace only passes through proc(5): /proc/PID/ns/net,
/// /proc/self/fd/3. The kernel never caches such links, and they involve no other file system.
bool is_link_of_proc(const Kernel& kernel, std::string_view path) {
  const auto is_digits = [](std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!path.starts_with(kernel.proc_path() + '/')) return false;
  path.remove_prefix(kernel.proc_path().size() + 1);
  const std::string_view process = next_field(path, '/');
  if (!is_digits(process) && process != "self" && process != "thread-self") return false;
  std::string_view directory = next_field(path, '/');
  if (directory == "task") {
    if (!is_digits(next_field(path, '/'))) return false;
    directory = next_field(path, '/');
  }
  return (directory == "ns" || directory == "fd") && path.find('/') == std::string_view::npos;
}

Result<Namespace> opened(const Kernel& kernel, Result<OwnedFd> look, const std::string& path) {
  // O_PATH first: opening a FIFO or a device can block or have side effects, inspecting it cannot.
  if (!look) return error_of(look);
  if (!is_nsfs(kernel, look->get())) {
    return refuse("use {} as a namespace", path, "not a namespace file",
                  "give a file like /proc/PID/ns/net or a bind mount of one");
  }
  const std::string again = "self/fd/" + std::to_string(look->get());
  auto fd = open_at(kernel.proc(), again.c_str(), O_RDONLY);
  if (!fd) return fail("open", path, fd.error().code);
  return Namespace::from_fd(kernel, std::move(*fd));
}

OwnedFd reopen(Kind kind, const NamespaceIdentity& identity) {
  if (identity.id == 0) return {};
  return OwnedFd(abi::open_namespace(identity.id, info(kind).clone_flag, identity.inode));
}

}  // namespace

dev_t nsfs_device(const Kernel& kernel) {
  struct stat st {};
  return ::fstatat(kernel.proc(), "self/ns/mnt", &st, 0) == 0 ? st.st_dev : 0;
}

bool is_in_initial(int proc, Kind kind) {
  // The same on all kernels: PROC_USER_INIT_INO, PROC_PID_INIT_INO, PROC_TIME_INIT_INO.
  const ino_t inode = kind == Kind::user ? 0xEFFFFFFD : kind == Kind::pid ? 0xEFFFFFFC : 0xEFFFFFFA;
  const auto text = read_link_at(proc, (std::string("self/ns/") + name(kind)).c_str());
  const auto link = text ? parse_namespace_link(*text) : std::nullopt;
  return link && link->kind == kind && link->inode == inode;
}

Result<Namespace> open_namespace_link(const Kernel& kernel, int dir, const std::string& path) {
  return opened(kernel, open_at(dir, path.c_str(), O_PATH), path);
}

Result<Namespace> open_found_namespace(const Kernel& kernel, int dir, const std::string& path) {
  // The path of a mount point contains no links.
  const std::uint64_t resolve = RESOLVE_NO_SYMLINKS | (dir == AT_FDCWD ? 0 : RESOLVE_BENEATH);
  return opened(kernel, open_answering(dir, path, O_PATH, PathFrom::search, resolve), path);
}

Result<Namespace> Namespace::open_file(const Kernel& kernel, const std::string& path) {
  if (is_link_of_proc(kernel, path)) return open_namespace_link(kernel, AT_FDCWD, path);
  return open_file_at(kernel, AT_FDCWD, path);
}

Result<Namespace> Namespace::open_file_at(const Kernel& kernel, int dir, const std::string& path) {
  return opened(kernel, open_answering(dir, path, O_PATH, PathFrom::user), path);
}

Result<Namespace> Namespace::open_id(const Kernel& kernel, std::uint64_t id) {
  const std::string subject = "the namespace with id " + std::to_string(id);
  if (!kernel.has(Feature::namespace_handle)) {
    return refuse("open", subject, "this kernel cannot open namespaces by id");
  }
  OwnedFd fd(abi::open_namespace_by_id(id));
  if (!fd)
    return fail("open", subject, errno,
                "if it exists, this needs CAP_SYS_ADMIN in the user namespace that owns it");
  auto ns = from_fd(kernel, std::move(fd));
  const bool shows_id = kernel.has(Feature::namespace_id);
  if (ns && shows_id && ns->identity().id != id)
    return refuse("open", subject, "the kernel opened another one");
  return ns;
}

Result<Namespace> Namespace::from_fd(const Kernel& kernel, OwnedFd fd) {
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return fail("inspect", "a namespace file");
  const int flag = ::ioctl(fd.get(), NS_GET_NSTYPE);
  if (flag < 0) return fail("get the kind of", "a namespace file");
  const auto kind = kind_by_clone_flag(flag);
  if (!kind) return refuse("use", "a namespace file", "this version of nsx does not know its kind");

  Namespace ns;
  ns.kind_ = *kind;
  ns.identity_.device = st.st_dev;
  ns.identity_.inode = st.st_ino;
  if (kernel.has(Feature::namespace_id)) {
    if (::ioctl(fd.get(), abi::kNsGetId, &ns.identity_.id) != 0) ns.identity_.id = 0;
  }
  ns.fd_ = std::move(fd);
  return ns;
}

bool Namespace::same_as(const Namespace& other) const {
  return identity_.device == other.identity_.device && identity_.inode == other.identity_.inode;
}

bool Namespace::is_current(const Kernel& kernel) const {
  return is_own_link(kernel, name(kind_));
}

bool Namespace::is_current_for_children(const Kernel& kernel) const {
  const char* link = info(kind_).for_children;
  return is_own_link(kernel, link != nullptr ? link : name(kind_));
}

bool Namespace::is_own_link(const Kernel& kernel, const char* link) const {
  struct stat own {};
  const std::string path = std::string("self/ns/") + link;
  return ::fstatat(kernel.proc(), path.c_str(), &own, 0) == 0 && own.st_dev == identity_.device &&
         own.st_ino == identity_.inode;
}

Result<Namespace> Namespace::related(const Kernel& kernel, unsigned request,
                                     const char* which) const {
  OwnedFd fd(::ioctl(fd_.get(), request));
  if (!fd) {
    return fail(std::string("open the ") + which + " of",
                std::string(name(kind_)) + " namespace " + std::to_string(identity_.inode));
  }
  return from_fd(kernel, std::move(fd));
}

Result<Namespace> Namespace::parent(const Kernel& kernel) const {
  return related(kernel, NS_GET_PARENT, "parent");
}

Result<Namespace> Namespace::owner(const Kernel& kernel) const {
  return related(kernel, NS_GET_USERNS, "owner");
}

Result<uid_t> Namespace::creator_uid() const {
  uid_t uid = 0;
  if (::ioctl(fd_.get(), NS_GET_OWNER_UID, &uid) != 0) {
    return fail("get the creator of",
                std::string(name(kind_)) + " namespace " + std::to_string(identity_.inode));
  }
  return uid;
}

std::vector<Namespace> reopen_alive(const Kernel& kernel, std::vector<Namespace> namespaces) {
  std::vector<Namespace> alive;
  std::vector<std::pair<Kind, NamespaceIdentity>> told;
  for (Namespace& ns : namespaces) {
    const bool hides_sockets = ns.kind() == Kind::net && kernel.has(Feature::namespace_list);
    // A missing permission looks like the end of the namespace (ESTALE), so try it while it is
    // alive.
    if (!hides_sockets && reopen(ns.kind(), ns.identity())) {
      told.emplace_back(ns.kind(), ns.identity());
    } else {
      alive.push_back(std::move(ns));
    }
  }
  // Close all at once, because one may keep another alive.
  namespaces.clear();
  for (const auto& [kind, identity] : told) {
    OwnedFd fd = reopen(kind, identity);
    if (!fd) continue;
    if (auto ns = Namespace::from_fd(kernel, std::move(fd))) alive.push_back(std::move(*ns));
  }
  return alive;
}

std::optional<NamespaceLink> parse_namespace_link(std::string_view text) {
  const std::size_t colon = text.find(":[");
  if (colon == std::string_view::npos || !text.ends_with(']')) return std::nullopt;
  const auto kind = kind_by_name(text.substr(0, colon));
  const auto inode = parse_number<ino_t>(text.substr(colon + 2, text.size() - colon - 3));
  if (!kind || !inode) return std::nullopt;
  return NamespaceLink{*kind, *inode};
}

}  // namespace nsx
