#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <nsx/namespace.hh>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/nsfs.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

bool is_nsfs(int fd) {
  struct statfs fs {};
  return ::fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC;
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

Result<Namespace> Namespace::open_file(const Kernel& kernel, const std::string& path) {
  return open_file_at(kernel, AT_FDCWD, path);
}

Result<Namespace> Namespace::open_file_at(const Kernel& kernel, int dir, const std::string& path) {
  // O_PATH first: opening a FIFO or a device can wait or do something; looking at it cannot.
  const OwnedFd look(::openat(dir, path.c_str(), O_PATH | O_CLOEXEC));
  if (!look) return fail("open", path);
  if (!is_nsfs(look.get())) {
    return refuse("use as a namespace", path, "not a namespace file",
                  "it should be like /proc/PID/ns/net or a bind mount of one");
  }
  const std::string again = "self/fd/" + std::to_string(look.get());
  auto fd = open_at(kernel.proc(), again.c_str(), O_RDONLY);
  if (!fd) return fail("open", path, fd.error().code);
  return from_fd(kernel, std::move(*fd));
}

Result<Namespace> Namespace::open_id(const Kernel& kernel, std::uint64_t id) {
  const std::string subject = "the namespace with the id " + std::to_string(id);
  if (!kernel.has(Feature::namespace_handle)) {
    return refuse("open", subject, "this kernel opens none by its id");
  }
  OwnedFd fd(abi::open_namespace_by_id(id));
  if (!fd) return fail("open", subject, errno, "there is none, or you have no right over it");
  auto ns = from_fd(kernel, std::move(fd));
  const bool shows_id = kernel.has(Feature::namespace_id);
  if (ns && shows_id && ns->identity().id != id) return refuse("open", subject, "it got another");
  return ns;
}

Result<Namespace> Namespace::from_fd(const Kernel& kernel, OwnedFd fd) {
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return fail("stat", "a namespace file");
  const int flag = ::ioctl(fd.get(), NS_GET_NSTYPE);
  if (flag < 0) return fail("ask the kind of", "a namespace file");
  const auto kind = kind_by_clone_flag(flag);
  if (!kind) return refuse("use", "a namespace file", "a kind that this nsx does not know");

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
    return fail("ask the creator of",
                std::string(name(kind_)) + " namespace " + std::to_string(identity_.inode));
  }
  return uid;
}

std::vector<Namespace> reopen_alive(const Kernel& kernel, std::vector<Namespace> namespaces) {
  std::vector<Namespace> alive;
  std::vector<std::pair<Kind, NamespaceIdentity>> told;
  for (Namespace& ns : namespaces) {
    const bool hides_sockets = ns.kind() == Kind::net && kernel.has(Feature::namespace_list);
    // No right to open it looks like its end (ESTALE): so first while it is there.
    if (!hides_sockets && reopen(ns.kind(), ns.identity())) {
      told.emplace_back(ns.kind(), ns.identity());
    } else {
      alive.push_back(std::move(ns));
    }
  }
  // All at once: one may live for another of them.
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
