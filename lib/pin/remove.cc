#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsx/pin.hh>

#include "kernel/abi.hh"
#include "pin/directory.hh"
#include "pin/journal.hh"
#include "pin/store.hh"

namespace nsx {

namespace {

constexpr int kDetach = MNT_DETACH | UMOUNT_NOFOLLOW;
constexpr const char* kRemove = "remove";

bool is_there(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0;
}

/// Unmounts all that is mounted on a path, one above another. EINVAL: nothing is left.
int unmount_all(const char* path) {
  while (::umount2(path, kDetach) == 0) {
  }
  return errno == EINVAL || errno == ENOENT ? 0 : errno;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// The life of a child that removes a file on which something is mounted that it can't reach, as
/// the directory is mounted twice, one above the other: in a mount namespace of its own it takes
/// these mounts away, until the file is a plain one there. The kernel then takes the mounts on it
/// away in all other mount namespaces. Returns an errno.
int remove_in_own_mount_namespace(const char* directory, const char* path) {
  struct stat before {};
  if (::stat(directory, &before) != 0) return errno;
  if (::unshare(CLONE_NEWNS) != 0) return errno;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  for (;;) {
    if (const int failed = unmount_all(path)) return failed;
    if (::unlink(path) == 0) return 0;
    if (errno != EBUSY) return errno;
    // Below another file system it would be another file.
    struct stat now {};
    if (::umount2(directory, kDetach) != 0 || ::stat(directory, &now) != 0 ||
        !is_same_file(before, now)) {
      return EBUSY;
    }
  }
}

Status remove_hidden(const std::string& directory, const std::string& path) {
  const pid_t child = ::fork();
  if (child < 0) return fail("fork to remove", path);
  if (child == 0) {
    abi::end_process(remove_in_own_mount_namespace(directory.c_str(), path.c_str()));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : EBUSY;
  return fail(kRemove, path, code,
              code == EBUSY ? "something is mounted on it that cannot be unmounted from here" : "");
}

std::string hint_for_unmount(int code) {
  return code == EPERM ? "needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace: "
                         "run as root"
                       : "";
}

}  // namespace

KindSet kinds_of_files(const std::string& root, const std::string& name) {
  KindSet kinds;
  for (const Kind kind : KindSet::all()) {
    if (is_there(pin_path(kind, name, root))) kinds.insert(kind);
  }
  return kinds;
}

Status remove_file(Kind kind, const std::string& root, const std::string& name) {
  const std::string directory = pin_directory(kind, root);
  const std::string path = pin_path(kind, name, root);
  auto locked = PinDirectory::lock(directory);
  if (!locked) return error_of(locked);
  if (auto ok = PinDirectory::check_owner(locked->fd(), directory); !ok) return ok;
  struct stat st {};
  // Somebody else may have removed it: not all wait for the lock.
  if (::lstat(path.c_str(), &st) != 0) return errno == ENOENT ? Status{} : fail(kRemove, path);
  if (S_ISDIR(st.st_mode)) return fail(kRemove, path, EISDIR, "it is no pin");
  // Before the namespace is gone and its name stays.
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK, AT_EACCESS) != 0) {
    const int code = errno;
    return fail(kRemove, path, code, code == EACCES ? "run as root" : "");
  }
  if (const int code = unmount_all(path.c_str())) {
    return fail("unmount", path, code, hint_for_unmount(code));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    if (errno != EBUSY) return fail(kRemove, path);
    if (auto done = remove_hidden(directory, path); !done) return done;
  }
  if (is_there(path)) return refuse(kRemove, path, "it is there again");
  return {};
}

Status remove_all_files(const Kernel& kernel, const std::string& root, const std::string& name) {
  const KindSet kinds = kinds_of_files(root, name);
  // The others are removed all the same, so that as little as can be is left.
  Status result;
  for (const Kind kind : kinds) {
    if (kind == Kind::pid) continue;
    auto done = remove_file(kind, root, name);
    if (!done && result) result = std::move(done);
  }
  if (!kinds.contains(Kind::pid) || !result) return result;
  // Last, and after its init: whoever is killed in between leaves a file that leads to that.
  auto ns = Namespace::open_file(kernel, pin_path(Kind::pid, name, root));
  if (ns && ns->kind() == Kind::pid) {
    if (auto ended = end_left_init(kernel, root, name, *ns); !ended) return ended;
  }
  return remove_file(Kind::pid, root, name);
}

Status remove_pins(const Kernel& kernel, const std::string& root, const std::string& name) {
  if (auto ok = check_pin_name(name); !ok) return ok;
  const OwnedFd directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return fail("open the directory for pins", root);
  const auto absent = [&] {
    return refuse("remove the pin", name, "there is none of this name", "nsx-pin ls lists them");
  };
  const KindSet kinds = kinds_of_files(root, name);
  const bool has_journal = Journal::look(directory.get(), name) != Journal::State::none;
  if (kinds.empty() && !has_journal) return absent();
  const bool is_one = std::next(kinds.begin()) == KindSet::end();
  const bool has_init = kinds.contains(Kind::pid);
  if (is_one && !has_init && !has_journal) return remove_all_files(kernel, root, name);

  auto journal = Journal::begin(root, name);
  if (!journal) return error_of(journal);
  // Another may have done it while we waited.
  const bool is_gone = kinds_of_files(root, name).empty();
  Status done;
  if (!is_gone) done = remove_all_files(kernel, root, name);
  // Where some are gone the rest is no pin any more: the journal stays, for another attempt.
  if (!done && !(kinds_of_files(root, name) == kinds)) return done;
  auto ended = journal->end();
  if (!done) return done;
  if (!ended) return ended;
  if (is_gone && !journal->was_abandoned) return absent();
  return {};
}

}  // namespace nsx
