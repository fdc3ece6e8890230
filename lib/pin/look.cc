// SPDX-License-Identifier: MIT
// Finds the pins below a root, and where other mount namespaces have them mounted.

#include <algorithm>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unordered_map>

#include <nsx/census.hh>
#include <nsx/inside.hh>
#include <nsx/pin.hh>
#include <nsx/target.hh>

#include "kernel/files.hh"
#include "kernel/nsfs.hh"
#include "pin/store.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Returns the path of an open directory as in mountinfo, without symbolic links.
std::string canonical(const Kernel& kernel, int directory, const std::string& path) {
  auto real = read_path_of(kernel.proc(), directory);
  return std::move(real).value_or(path);
}

/// A mount at a path: of a namespace, or of something else.
struct MountAt {
  std::uint64_t parent_id = 0;
  std::optional<NamespaceLink> link;
  bool alone = true;  ///< there is no other mount at this path, above or below it
};

/// The mounts below a root according to mountinfo, and the kind of each mounted namespace.
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

/// The directory for pins of a kind.
struct KindDirectory {
  Kind kind;
  OwnedFd fd;
  std::vector<std::string> names;
};

/// Opens the existing directories of these kinds.
Result<std::vector<KindDirectory>> open_directories(const PinRoot& root, KindSet kinds) {
  std::vector<KindDirectory> directories;
  for (const Kind kind : kinds) {
    auto fd = open_kind_directory(root, kind);
    if (!fd && fd.error().code == ENOENT) continue;
    auto names =
        fd ? list_names_at(fd->get(), ".") : Result<std::vector<std::string>>(error_of(fd));
    if (!names) return fail("list", pin_directory(kind, root.path), names.error().code);
    directories.push_back({kind, std::move(*fd), std::move(*names)});
  }
  return directories;
}

/// Returns the root without the mounts below it, which hide the times of the files.
OwnedFd without_mounts(int root) {
  return OwnedFd(::open_tree(root, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

/// Opens a pin in the directory of its kind. A symbolic link there may lead anywhere, as the owner
/// of the directory was checked.
Result<Namespace> open_in(const Kernel& kernel, int directory, const PinFile& pin) {
  auto ns = Namespace::open_file_at(kernel, directory, pin.name);
  if (!ns) ns.error().set_subject(pin.path);
  return ns;
}

Status check_kind(const Namespace& ns, const PinFile& pin) {
  if (ns.kind() == pin.kind) return {};
  return refuse("use {} as a pin", pin.path,
                std::string("it is a ") + nsx::name(ns.kind()) + " namespace");
}

/// Adds to an error why the file of a pin has no namespace.
void explain_missing(const Kernel& kernel, const PinStore& store, const PinFile& pin,
                     Error& error) {
  error.set_reason("no namespace is mounted on it");
  error.set_hint("run 'nsx-pin ls' to see whether it is stale, shadowed or half-made");
  auto pins = store.list(kernel, {pin.kind});
  if (!pins) return;
  std::erase_if(*pins, [&](const PinFile& each) { return each.name != pin.name; });
  if (!store.examine(kernel, *pins) || pins->empty()) return;
  const PinFile& examined = pins->front();
  if (examined.state != PinState::elsewhere) return;
  error.set_reason("it is mounted only in another mount namespace: " + user_of(kernel, examined));
  error.set_hint({});
  if (examined.user == 0) return;
  error.set_hint("nsx-enter --mount --target=" + std::to_string(examined.user));
}

std::time_t time_of(int dir, const std::string& name) {
  struct statx st {};
  if (::statx(dir, name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_MTIME, &st) != 0) {
    return 0;
  }
  // The time of a namespace itself is that of its last lookup.
  return (st.stx_mask & STATX_BTIME) != 0 ? st.stx_btime.tv_sec : st.stx_mtime.tv_sec;
}

/// Reads the mounts of pins in all mount namespaces.
Result<Census> read_all_mounts(const Kernel& kernel) {
  CensusRequest request;
  // Descriptors lead to mount namespaces without processes.
  request.sources = {Source::process, Source::thread, Source::fd, Source::mount};
  auto census = TRY(take_census(kernel, request));
  for (const CensusGap& gap : census.gaps) {
    if (gap.source == Source::mount && gap.code == EFBIG) {
      return fail("read the mounts of", "all mount namespaces", gap.code);
    }
  }
  return census;
}

/// Returns where a file in a directory for pins is in its file system.
std::optional<FilePlace> place_of(const Kernel& kernel, std::string_view mountinfo, int directory,
                                  const std::string& name) {
  const auto path = read_path_of(kernel.proc(), directory);
  const auto mount = mount_id_of(directory);
  if (!path || !mount) return std::nullopt;
  auto place = MountTable(mountinfo).place(*mount, *path);
  if (place) place->path += (place->path == "/" ? "" : "/") + name;
  return place;
}

/// Marks a pin whose file has a namespace mounted in another mount namespace.
void mark_elsewhere(const Census& census, const FilePlace& file, PinFile& pin) {
  for (const CensusHolder& holder : census.holders) {
    if (holder.type != CensusHolder::Type::mount) continue;
    const CensusMount& mount = census.mounts[holder.other];
    if (mount.device != file.device || mount.file != file.path) continue;
    // A mount namespace with a process is more informative.
    if (pin.state == PinState::elsewhere && (pin.user != 0 || mount.seen_by == 0)) continue;
    pin.state = PinState::elsewhere;
    pin.user = mount.seen_by;
    pin.inode = census.namespaces[holder.ns].identity.inode;
  }
}

}  // namespace

Result<PinStore> PinStore::open(const Kernel&, std::string root) {
  PinStore store;
  // A file system that does not answer would block all that follows.
  const auto answering = open_answering(AT_FDCWD, root, O_PATH | O_DIRECTORY, PathFrom::user);
  if (!answering && answering.error().code != ENOENT) {
    return fail("open the directory for pins", root, answering.error().code,
                answering.error().hint());
  }
  auto directory = open_root(root);
  if (!directory && directory.error().code != ENOENT) return error_of(directory);
  if (directory) store.directory_ = std::move(*directory);
  store.root_ = std::move(root);
  return store;
}

Result<std::vector<PinFile>> PinStore::list(const Kernel& kernel, KindSet kinds,
                                            bool with_times) const {
  std::vector<PinFile> pins;
  if (!directory_) return pins;
  auto directories = TRY(open_directories(root_of(*this), kinds));
  if (std::all_of(directories.begin(), directories.end(),
                  [](const KindDirectory& each) { return each.names.empty(); })) {
    return pins;
  }

  const auto own =
      TRY(mountinfo_ ? Result<std::string>() : read_file_at(kernel.proc(), "self/mountinfo"));
  const std::string real_root = canonical(kernel, directory_.get(), root_);
  const Mounted mounted = read_mounts(mountinfo_ ? *mountinfo_ : own, real_root);
  const std::vector<std::string> unfinished = Journal::names(directory_.get());
  const dev_t device = nsfs_device(kernel);
  OwnedFd bare_root;
  if (with_times) {
    // An unprivileged user's mounts do not hide the files outside.
    auto outside = mountinfo_ ? open_root(root_) : without_mounts(directory_.get());
    if (outside) bare_root = std::move(*outside);
  }

  for (const KindDirectory& directory : directories) {
    const auto mount_id = mount_id_of(directory.fd.get());
    // Otherwise another user could point links anywhere.
    const bool is_trusted =
        check_owner(directory.fd.get(), pin_directory(directory.kind, root_)).has_value();
    const auto bare = bare_root ? open_kind_directory({bare_root.get(), root_}, directory.kind)
                                : Result<OwnedFd>();
    for (const std::string& name : directory.names) {
      PinFile pin{
          .kind = directory.kind, .name = name, .path = pin_path(directory.kind, name, root_)};
      const auto at = mounted.paths.find(pin_path(directory.kind, name, real_root));
      const bool is_mounted = at != mounted.paths.end() && at->second.link;
      // A single mount on a file of this directory: nothing hides it, and opening it would show no
      // more.
      const bool is_seen = is_mounted && at->second.alone && mount_id == at->second.parent_id;
      struct stat st {};
      if (is_seen) {
        pin.inode = at->second.link->inode;
        pin.state = at->second.link->kind == pin.kind ? PinState::live : PinState::stale;
      } else if (is_trusted && ::fstatat(directory.fd.get(), name.c_str(), &st, 0) == 0 &&
                 st.st_dev == device) {
        const auto known = mounted.kinds.find(st.st_ino);
        // A link to a namespace that is not mounted anywhere.
        const bool fits = known != mounted.kinds.end() ? known->second == pin.kind
                                                       : open_pin(kernel, pin).has_value();
        pin.inode = st.st_ino;
        pin.state = fits ? PinState::live : PinState::stale;
      } else if (is_mounted) {
        pin.state = PinState::shadowed;
      }
      if (std::binary_search(unfinished.begin(), unfinished.end(), name)) {
        pin.state = PinState::half;
      }
      if (bare && *bare) pin.created = time_of(bare->get(), name);
      pins.push_back(std::move(pin));
    }
  }
  std::stable_sort(pins.begin(), pins.end(),
                   [](const PinFile& a, const PinFile& b) { return a.name < b.name; });
  return pins;
}

KindSet PinStore::kinds(const std::string& name) const {
  KindSet found;
  if (!directory_) return found;
  for (const Kind kind : KindSet::all()) {
    const auto directory = open_kind_directory(root_of(*this), kind);
    struct stat st {};
    if (directory && ::fstatat(directory->get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) {
      found.insert(kind);
    }
  }
  return found;
}

bool PinStore::has(const std::string& name) const {
  if (!directory_) return false;
  return !kinds(name).empty() || Journal::look(directory_.get(), name) != Journal::State::none;
}

Result<Namespace> PinStore::open_pin(const Kernel& kernel, const PinFile& pin) const {
  const auto directory = open_kind_directory(root_of(*this), pin.kind);
  if (!directory) return fail("open", pin.path, directory.error().code);
  TRY(check_owner(directory->get(), pin_directory(pin.kind, root_)));
  auto ns = TRY(open_in(kernel, directory->get(), pin));
  TRY(check_kind(ns, pin));
  return ns;
}

Result<std::vector<Namespace>> PinStore::find(const Kernel& kernel, const std::string& name) const {
  TRY(check_pin_name(name));
  std::vector<Namespace> namespaces;
  for (const Kind kind : KindSet::all()) {
    if (!directory_) break;
    const auto directory = open_kind_directory(root_of(*this), kind);
    if (!directory) continue;
    struct stat st {};
    if (::fstatat(directory->get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    TRY(check_owner(directory->get(), pin_directory(kind, root_)));
    const PinFile pin{.kind = kind, .name = name, .path = pin_path(kind, name, root_)};
    auto ns = open_in(kernel, directory->get(), pin);
    if (!ns) {
      if (ns.error().code == 0) explain_missing(kernel, *this, pin, ns.error());
      return error_of(ns);
    }
    TRY(check_kind(*ns, pin));
    namespaces.push_back(std::move(*ns));
  }
  // Checked last: a process that removes some of the files has created the journal before.
  if (directory_ && Journal::look(directory_.get(), name) != Journal::State::none) {
    return refuse("use the pin", name, "it is being made or removed, or that was interrupted",
                  "if it was interrupted, run 'nsx-pin gc'");
  }
  if (namespaces.empty()) return problem("no pin named '{}'", name);
  return namespaces;
}

Status PinStore::examine(const Kernel& kernel, std::vector<PinFile>& pins) const {
  std::optional<Census> census;
  std::string mountinfo;
  for (PinFile& pin : pins) {
    if (pin.state == PinState::live && pin.kind == Kind::pid) {
      const auto ns = open_pin(kernel, pin);
      if (ns && is_dead(kernel, *ns)) pin.state = PinState::dead;
    }
    if (pin.state != PinState::stale) continue;
    const auto directory = open_kind_directory(root_of(*this), pin.kind);
    if (!directory) continue;
    const auto entry = look_at_entry(directory->get(), pin.name, pin.path);
    if (!entry || !*entry || (*entry)->is_mount || !(*entry)->is_empty_file) continue;
    if (!census) {
      mountinfo = TRY(mountinfo_ ? Result<std::string>(*mountinfo_)
                                 : read_file_at(kernel.proc(), "self/mountinfo"));
      census = TRY(read_all_mounts(kernel));
    }
    const auto place = place_of(kernel, mountinfo, directory->get(), pin.name);
    if (place) mark_elsewhere(*census, *place, pin);
  }
  return {};
}

bool PinStore::shows_to_init(const Kernel& kernel, const PinFile& pin) const {
  const auto directory = open_kind_directory(root_of(*this), pin.kind);
  const auto own = read_file_at(kernel.proc(), "self/mountinfo");
  const auto theirs = read_file_at(kernel.proc(), "1/mountinfo");
  if (!directory || !own || !theirs) return true;
  const auto file = place_of(kernel, *own, directory->get(), pin.name);
  const MountTable table(*theirs);
  if (!file || !table.shows(*file)) return true;
  for (std::string_view rest = *theirs; const auto mount = next_mount(rest);) {
    if (mount->type == "nsfs" && table.mounted_on(*mount) == file) return true;
  }
  return false;
}

std::string user_of(const Kernel& kernel, const PinFile& pin) {
  if (pin.user == 0) return "a mount namespace without a process";
  std::string text = "PID " + std::to_string(pin.user);
  const auto process = Process::open(kernel, pin.user);
  if (!process) return text;
  const CgroupPlace place = CgroupPlaces(kernel).of(*process);
  if (place.container) text += ", container " + place.container->text();
  return text;
}

}  // namespace nsx
