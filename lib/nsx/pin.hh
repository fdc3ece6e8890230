// SPDX-License-Identifier: MIT
#pragma once
// Pins: namespaces that are bound to files, and therefore stay alive without a process. Named pins
// are stored where other tools find them: net namespaces in /run/netns, like ip-netns(8), and
// others in /run/utsns etc., like pinns of CRI-O.
//
//   const auto store = nsx::PinStore::open(kernel);
//   if (!store) return;
//   const auto blue = store->find(kernel, "blue");

#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/kernel.hh>
#include <nsx/kind.hh>
#include <nsx/namespace.hh>
#include <nsx/process.hh>

namespace nsx {

/// Checks that a name is valid for a pin: it must be a file name.
NSX_API Status check_pin_name(std::string_view name);

/// The default root of pins, with a subdirectory for each kind.
inline constexpr const char* kPinRoot = "/run";

/// Returns the directory for pins of a kind: "/run/netns".
NSX_API std::string pin_directory(Kind kind, std::string_view root = kPinRoot);

/// Returns the path of a pin: "/run/netns/blue".
NSX_API std::string pin_path(Kind kind, std::string_view name, std::string_view root = kPinRoot);

/// Checks that `root` is safe for pins: it exists, only root and the caller can redirect its path,
/// and only they can write to it unless it is sticky like /tmp.
NSX_API Status check_pin_root(const std::string& root);

/// The name, in /proc/PID/comm, of the process that keeps a pinned pid namespace alive: its PID 1,
/// which only reaps. It is killed together with the last pin of the namespace.
inline constexpr const char* kLeftInit = "nsx-pin-init";

/// A namespace mounted on a file.
struct BoundNamespace {
  std::string path;
  std::uint64_t mount_id = 0;
};

/// Binds an open namespace to an existing file; mounts nothing on failure. Needs CAP_SYS_ADMIN in
/// the user namespace that owns the caller's mount namespace. Errors: another user could redirect
/// the path. Each component must belong to root or the caller, and only they may write to the
/// directories in the path, except sticky ones.
NSX_API Result<BoundNamespace> bind_namespace(Kind kind, int fd, const std::string& path);

/// Unmounts the mount that bind_namespace() made. Never unmounts another one at the same path.
NSX_API Status unbind_namespace(const BoundNamespace& bound);

/// A new pin, with the changes that withdraw_pin() reverts.
struct MadePin {
  Kind kind = Kind::cgroup;
  std::string path;
  bool made_directory = false;
  bool made_mount = false;  ///< the directory was mounted onto itself
};

/// Creates a pin: a new file at a path from pin_path(), below a root that PinStore::open() accepts,
/// with an open namespace bound to it. Reverts everything on failure.
///
/// The directory is prepared for its kind: for net it becomes a shared mount, so that pins
/// propagate to all mount namespaces. For mnt it becomes a mount that is never copied, because
/// mount namespaces cannot be bound elsewhere. The directory is locked with flock(2) until the
/// namespace is bound, so that other processes that lock it never see an incomplete pin.
NSX_API Result<MadePin> make_pin(Kind kind, int fd, const std::string& path);

/// Reverts make_pin(), including the directory if it is no longer in use.
NSX_API Status withdraw_pin(const MadePin& pin);

/// The state of a file in a directory of pins.
enum class PinState : std::uint8_t {
  live,       ///< a namespace of the directory's kind
  stale,      ///< a file without a namespace, or with one of another kind
  elsewhere,  ///< like stale, but with a namespace in another mount namespace
  dead,       ///< a pid namespace whose init has exited, so that no process can start in it
  shadowed,   ///< the namespace is mounted there, but hidden by another mount
  half,  ///< one of several pins that are being created or removed, or whose creator or remover was
         ///< killed
};

/// Returns the name of a state: "live", "stale", "elsewhere", "dead", "shadowed", "half-made".
NSX_API const char* name(PinState state);

/// A file in a directory of pins.
struct PinFile {
  Kind kind = Kind::cgroup;
  std::string name;
  std::string path;  ///< in the mount namespace that contains the pins
  PinState state = PinState::stale;
  ino_t inode = 0;          ///< of the namespace; 0: unknown
  std::time_t created = 0;  ///< time of creation of the file; 0: unknown
  pid_t user = 0;           ///< state elsewhere: a process with the namespace mounted; 0: none
};

/// A root of pins, held open for reading.
class NSX_API PinStore {
 public:
  /// Opens the pins below a directory, which may be missing. Errors: as check_pin_root().
  static Result<PinStore> open(const Kernel& kernel, std::string root = kPinRoot);

  const std::string& root() const { return root_; }

  /// Returns an O_PATH descriptor of the root in the mount namespace that contains the pins; -1:
  /// missing.
  int directory() const { return directory_.get(); }

  /// Returns all files in the directories of these kinds, sorted by name, then kind. `with_times`
  /// also reads PinFile::created, which needs CAP_SYS_ADMIN.
  Result<std::vector<PinFile>> list(const Kernel& kernel, KindSet kinds = KindSet::all(),
                                    bool with_times = false) const;

  /// Refines the states from list(): detects `elsewhere` among stale pins, and `dead` among live
  /// ones. If a pin is stale, this reads the mounts of all mount namespaces, which can take as long
  /// as a census. Skips mount namespaces that the caller may not read. Errors: as take_census();
  /// the mounts of a namespace are too many to read.
  Status examine(const Kernel& kernel, std::vector<PinFile>& pins) const;

  /// Returns whether PID 1 also has the pin mounted, or does not see its file. False means that the
  /// file is stale there: the caller's mounts do not propagate. True if the mounts of PID 1 are not
  /// readable.
  bool shows_to_init(const Kernel& kernel, const PinFile& pin) const;

  /// Returns whether a file with this name exists, for any kind, or was about to be created.
  bool has(const std::string& name) const;

  /// Returns the kinds for which a file with this name exists, in any state.
  KindSet kinds(const std::string& name) const;

  /// Opens the namespaces of this name, one per kind. Errors: no such pin; a file is not a
  /// namespace of its kind; another user than root or the caller can write to the directory; the
  /// pin is incomplete, because it is being created or removed.
  Result<std::vector<Namespace>> find(const Kernel& kernel, const std::string& name) const;

  /// Opens the namespace of a file from list().
  Result<Namespace> open_pin(const Kernel& kernel, const PinFile& pin) const;

 private:
  friend class PinHolder;
  PinStore() = default;

  std::string root_;
  OwnedFd directory_;
  std::optional<std::string> mountinfo_;  // pins of an ordinary user: that of the holder; none: the
                                          // caller's
};

/// Returns the user of a pin in state `elsewhere`, for messages: "PID 42, container web".
NSX_API std::string user_of(const Kernel& kernel, const PinFile& pin);

/// Pins namespaces below a root under one name, all or none. If this process is killed meanwhile,
/// find() reports the pin as incomplete, and nsx-pin gc removes it. `complete`, if given, is called
/// when all pins exist; if it fails, they are removed. Errors: the pin exists; the name has hidden
/// characters.
NSX_API Status add_pins(const Kernel& kernel, const std::string& root, const std::string& name,
                        std::span<const Namespace> namespaces,
                        const std::function<Status()>& complete = {});

/// Pins the result of `make`, like add_pins(). `make` is called when no pin of this name exists for
/// these kinds. Until it has been pinned, or `make` has failed, other processes that add or remove
/// the name are blocked. The span must stay valid until this function returns.
NSX_API Status add_made_pins(const Kernel& kernel, const std::string& root, const std::string& name,
                             KindSet kinds,
                             const std::function<Result<std::span<const Namespace>>()>& make,
                             const std::function<Status()>& complete = {});

/// Removes all files with this name, and the namespaces mounted on them, in all mount namespaces.
/// Mounts that are hidden from the caller are reached from a new mount namespace in a child.
/// Removes only namespace mounts and empty regular files. Errors: no such pin; another type of
/// file; something could not be removed.
NSX_API Status remove_pins(const Kernel& kernel, const std::string& root, const std::string& name);

/// Returns the PID of the init that remove_pins() would kill, together with all processes in its
/// pid namespace. None: the name has no pid namespace, another name keeps it alive, or its PID 1
/// was not started by nsx.
NSX_API std::optional<pid_t> init_to_end(const Kernel& kernel, const PinStore& store,
                                         const std::string& name);

/// Pins all namespaces of `from` under the name `to`, then removes `from`. At any time, at least
/// one of the names is complete.
NSX_API Status rename_pins(const Kernel& kernel, const std::string& root, const std::string& from,
                           const std::string& to);

/// The process that keeps the pins of an ordinary user. It holds a user namespace in which the user
/// is root, and a mount namespace in which the pins are mounted, below the user's own directory.
///
/// It is identified by a lock on a file in that directory (F_GETLK in fcntl(2)), which ends with
/// the process: a process that gets the same PID later is never mistaken for it.
class NSX_API PinHolder {
 public:
  /// Returns the holder of this root, if it is running.
  static Result<std::optional<PinHolder>> find(const Kernel& kernel, const std::string& root);

  /// Returns the holder of this root, and starts it if necessary. Errors: no permission to create a
  /// user namespace.
  static Result<PinHolder> find_or_start(const Kernel& kernel, const std::string& root);

  pid_t pid() const { return process_.pid(); }

  /// Opens the pins from outside.
  Result<PinStore> store() const;

  /// Moves the calling process, which must be single-threaded, into both namespaces (setns(2)),
  /// where it may add and remove pins.
  Status join(const Kernel& kernel) const;

  /// Ends the holder if nothing is pinned and no pin is being added.
  Status end_if_unused(const Kernel& kernel);

 private:
  PinHolder(std::string root, Process process, OwnedFd lock)
      : root_(std::move(root)), process_(std::move(process)), lock_(std::move(lock)) {}

  std::string root_;
  Process process_;
  OwnedFd lock_;  // shared by all users of the holder
};

}  // namespace nsx
