// What there is below a root of pins.

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unordered_map>

#include <nsx/mountinfo.hh>
#include <nsx/pin.hh>

#include "kernel/directory.hh"
#include "kernel/files.hh"
#include "kernel/nsfs.hh"
#include "pin/directory.hh"
#include "pin/journal.hh"

namespace nsx {

namespace {

/// A path without symbolic links, if it is there.
std::string canonical(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  return real ? std::string(real.get()) : path;
}

/// "netns/blue": relative to the root.
std::string relative(Kind kind, const std::string& name = {}) {
  return std::string(nsx::name(kind)) + "ns" + (name.empty() ? "" : "/") + name;
}

/// A mount at a path: of a namespace, or of something else.
struct MountAt {
  std::uint64_t parent_id = 0;
  std::optional<NamespaceLink> link;
  bool alone = true;  ///< no other mount is at this path, over it or under it
};

/// What mountinfo says to be mounted below a root, and the kind of each mounted namespace.
struct Mounted {
  std::unordered_map<std::string, MountAt> paths;
  std::unordered_map<ino_t, Kind> kinds;
};

Mounted read_mounts(std::string_view text, std::string_view root) {
  Mounted mounted;
  while (const auto mount = next_mount(text)) {
    MountAt here;
    here.parent_id = mount->parent_id;
    if (mount->type == "nsfs") here.link = parse_namespace_link(mount->root);
    if (here.link) mounted.kinds.emplace(here.link->inode, here.link->kind);
    std::string path = unescape_mount_field(mount->mount_point);
    if (!path.starts_with(root)) continue;
    const auto [at, is_new] = mounted.paths.try_emplace(std::move(path), here);
    if (is_new) continue;
    at->second.alone = false;
    if (!at->second.link) at->second.link = here.link;
  }
  return mounted;
}

/// The mount that a directory below `dir` is on, where the kernel tells (Linux 5.8).
std::optional<std::uint64_t> mount_of(int dir, const std::string& path) {
  struct statx st {};
  if (::statx(dir, path.c_str(), 0, STATX_MNT_ID, &st) != 0) return std::nullopt;
  if ((st.stx_mask & STATX_MNT_ID) == 0) return std::nullopt;
  return st.stx_mnt_id;
}

/// The files in the directories of these kinds, by kind.
Result<std::vector<PinFile>> list_files(int dir, const std::string& root, KindSet kinds) {
  std::vector<PinFile> files;
  for (const Kind kind : kinds) {
    const auto names = list_names_at(dir, relative(kind).c_str());
    if (!names) {
      if (names.error().code == ENOENT) continue;
      return fail("list", pin_directory(kind, root), names.error().code);
    }
    for (const std::string& name : *names)
      files.push_back({.kind = kind, .name = name, .path = pin_path(kind, name, root)});
  }
  return files;
}

/// The root without what is mounted below it: files have the times there that the mounts hide.
OwnedFd without_mounts(const std::string& root) {
  return OwnedFd(::open_tree(AT_FDCWD, root.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

/// The directory for the pins of a kind.
struct KindDirectory {
  Kind kind;
  std::optional<std::uint64_t> mount;  ///< that it is on
  OwnedFd bare;                        ///< it without mounts; empty: no times are asked for
};

KindDirectory open_directory(Kind kind, int root, const OwnedFd& bare_root) {
  const std::string path = relative(kind);
  KindDirectory directory{kind, mount_of(root, path), {}};
  if (bare_root) {
    directory.bare =
        OwnedFd(::openat(bare_root.get(), path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  return directory;
}

std::time_t time_of(int dir, const std::string& name) {
  struct statx st {};
  if (::statx(dir, name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_MTIME, &st) != 0) {
    return 0;
  }
  // A namespace's own time is that of the last look at it.
  return (st.stx_mask & STATX_BTIME) != 0 ? st.stx_btime.tv_sec : st.stx_mtime.tv_sec;
}

}  // namespace

Result<PinStore> PinStore::open(const Kernel&, std::string root) {
  PinStore store;
  store.directory_ = OwnedFd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!store.directory_ && errno != ENOENT) return fail("open the directory for pins", root);
  store.root_ = std::move(root);
  return store;
}

Result<std::vector<PinFile>> PinStore::list(const Kernel& kernel, KindSet kinds,
                                            bool with_times) const {
  if (!directory_) return std::vector<PinFile>();
  auto pins = list_files(directory_.get(), root_, kinds);
  if (!pins || pins->empty()) return pins;

  const auto own =
      mountinfo_ ? Result<std::string>() : read_file_at(kernel.proc(), "self/mountinfo");
  if (!own) return tl::unexpected(own.error());
  const std::string real_root = canonical(root_);
  const Mounted mounted = read_mounts(mountinfo_ ? *mountinfo_ : *own, real_root);
  const std::vector<std::string> unfinished = Journal::names(directory_.get());
  const dev_t device = nsfs_device(kernel);
  // An ordinary user's mounts do not hide the files outside.
  const OwnedFd bare = !with_times  ? OwnedFd()
                       : mountinfo_ ? OwnedFd(::open(root_.c_str(), O_PATH | O_CLOEXEC))
                                    : without_mounts(root_);

  std::optional<KindDirectory> directory;
  for (PinFile& pin : *pins) {
    if (!directory || directory->kind != pin.kind) {
      directory = open_directory(pin.kind, directory_.get(), bare);
    }
    const std::string below = relative(pin.kind, pin.name);
    const auto at = mounted.paths.find(std::string(real_root).append(1, '/').append(below));
    const bool is_mounted = at != mounted.paths.end() && at->second.link;
    // One mount, on a file of this very directory: nothing hides it, and no look can tell more.
    const bool is_seen = is_mounted && at->second.alone && directory->mount == at->second.parent_id;
    struct stat st {};
    if (is_seen) {
      pin.inode = at->second.link->inode;
      pin.state = at->second.link->kind == pin.kind ? PinState::live : PinState::stale;
    } else if (::fstatat(directory_.get(), below.c_str(), &st, 0) == 0 && st.st_dev == device) {
      const auto known = mounted.kinds.find(st.st_ino);
      // A link to one that is mounted nowhere.
      const bool fits = known != mounted.kinds.end() ? known->second == pin.kind
                                                     : open_pin(kernel, pin).has_value();
      pin.inode = st.st_ino;
      pin.state = fits ? PinState::live : PinState::stale;
    } else if (is_mounted) {
      pin.state = PinState::shadowed;
    }
    if (std::binary_search(unfinished.begin(), unfinished.end(), pin.name)) {
      pin.state = PinState::half;
    }
    if (directory->bare) pin.created = time_of(directory->bare.get(), pin.name);
  }
  std::stable_sort(pins->begin(), pins->end(),
                   [](const PinFile& a, const PinFile& b) { return a.name < b.name; });
  return pins;
}

bool PinStore::has(const std::string& name) const {
  if (!directory_) return false;
  struct stat st {};
  for (const Kind kind : KindSet::all()) {
    const std::string below = relative(kind, name);
    if (::fstatat(directory_.get(), below.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return true;
  }
  return Journal::look(directory_.get(), name) != Journal::State::none;
}

Result<Namespace> PinStore::open_pin(const Kernel& kernel, const PinFile& pin) const {
  auto ns = Namespace::open_file_at(kernel, directory_.get(), relative(pin.kind, pin.name));
  if (!ns) {
    ns.error().subject = pin.path;
    return ns;
  }
  if (ns->kind() == pin.kind) return ns;
  return refuse("use as a pin", pin.path,
                std::string("it is a ") + nsx::name(ns->kind()) + " namespace");
}

Result<std::vector<Namespace>> PinStore::find(const Kernel& kernel, const std::string& name) const {
  if (auto ok = check_pin_name(name); !ok) return error_of(ok);
  std::vector<Namespace> namespaces;
  for (const Kind kind : KindSet::all()) {
    if (!directory_) break;
    const OwnedFd directory(
        ::openat(directory_.get(), relative(kind).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) continue;
    struct stat st {};
    if (::fstatat(directory.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    auto ok = PinDirectory::check_owner(directory.get(), pin_directory(kind, root_));
    if (!ok) return error_of(ok);
    const PinFile pin{.kind = kind, .name = name, .path = pin_path(kind, name, root_)};
    auto ns = open_pin(kernel, pin);
    if (!ns) {
      if (ns.error().code == 0 && !ns.error().hint.empty()) {
        ns.error().reason = "it has no namespace";
        ns.error().hint = "nsx-pin ls tells why: it is stale, shadowed, or just being made";
      }
      return error_of(ns);
    }
    namespaces.push_back(std::move(*ns));
  }
  // Looked at last: who removes some of them has made it before.
  if (directory_ && Journal::look(directory_.get(), name) != Journal::State::none) {
    return refuse("use the pin", name, "it is being made or removed, or that was broken off",
                  "nsx-pin gc clears what was broken off");
  }
  if (namespaces.empty()) return refuse("find the pin", name, "there is none of this name");
  return namespaces;
}

}  // namespace nsx
