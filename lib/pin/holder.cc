// SPDX-License-Identifier: MIT
// The process that keeps an unprivileged user's pins alive.

#include <array>
#include <csignal>
#include <fcntl.h>
#include <linux/openat2.h>
#include <optional>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <nsx/pin.hh>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/spawn.hh"
#include "pin/store.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kName = "nsx-pin-holder";
constexpr const char* kStart = "start the holder of your pins";

std::string lock_path(const std::string& root) {
  return root + '/' + kName;
}

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// Returns the PID of the process with the lock, or 0.
Result<pid_t> owner_of_lock(int fd, const std::string& path) {
  struct flock lock = whole_file();
  if (::fcntl(fd, F_GETLK, &lock) != 0) return fail("query the lock of", path);
  if (lock.l_type == F_UNLCK) return 0;
  if (lock.l_pid > 0) return lock.l_pid;
  return refuse("find the holder of your pins in", path, "it is in another PID namespace");
}

tl::unexpected<Error> cannot(const char* operation, int code = errno) {
  return fail(operation, "for the holder of your pins", code,
              "unprivileged pins need user namespaces: check sysctl user.max_user_namespaces and "
              "kernel.unprivileged_userns_clone");
}

Status write_id_map(const char* file, const std::string& text) {
  auto written = write_file_at(AT_FDCWD, file, text);
  if (written) return {};
  return cannot("map your ids in a new user namespace", written.error().code);
}

/// Turns this process into the holder and returns its lock. None: another process has the lock.
Result<std::optional<OwnedFd>> become_holder(const Channel& starter, int root, uid_t uid,
                                             gid_t gid) {
  ::setsid();
  // unshare(2) keeps the working directory in the new mount namespace.
  if (::fchdir(root) != 0) return cannot("enter the directory");
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return cannot("make a user namespace");
  TRY(write_id_map("/proc/self/setgroups", "deny"));
  TRY(write_id_map("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1\n"));
  TRY(write_id_map("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1\n"));
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return cannot("make a mount namespace");
  }
  OwnedFd lock(::open(kName, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!lock) return cannot("open the lock");
  // Closes all other descriptors of the file: closing them later would release the lock (fcntl(2)).
  stay_behind(kName, {starter.fd(), lock.get()});
  // The user's own processes need access to its namespaces from the moment the lock is visible.
  ::prctl(PR_SET_DUMPABLE, 1);
  struct flock whole = whole_file();
  if (::fcntl(lock.get(), F_SETLK, &whole) != 0) {
    if (errno == EACCES || errno == EAGAIN) return std::nullopt;
    return cannot("lock");
  }
  return lock;
}

/// The main function of the holder.
int hold(Channel& starter, int root, uid_t uid, gid_t gid) {
  const auto lock = become_holder(starter, root, uid, gid);
  [[maybe_unused]] const auto sent =
      starter.send_status(lock ? Status{} : tl::unexpected(lock.error()));
  if (!lock || !*lock) return 1;
  starter.close();
  for (;;)
    ::pause();
}

/// Starts a holder. Also succeeds if another process was faster; its holder is found instead.
Status start(int root) {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  auto holder = spawn({.has_channel = true, .detached = true},
                      [&](Channel& starter) { return hold(starter, root, uid, gid); });
  if (!holder) return fail(kStart, "", holder.error().code);
  auto ready = holder->channel().receive_status();
  const bool has_answer = TRY(std::move(ready));
  if (!has_answer) return refuse(kStart, "", "it has exited");
  return {};
}

/// Opens a directory that must belong to the user.
Result<OwnedFd> open_own(const std::string& path) {
  constexpr const char* kUse = "use the directory for your pins";
  auto root = open_root(path);
  if (!root) {
    root.error().set_what(std::string("cannot ") + kUse);
    return root;
  }
  struct stat st {};
  if (::fstat(root->get(), &st) != 0) return fail(kUse, path);
  if (st.st_uid == ::geteuid()) return root;
  return refuse(kUse, path, "it is not yours", "set XDG_RUNTIME_DIR to a directory of your own");
}

/// Opens the file whose lock identifies the holder.
Result<OwnedFd> open_lock(int root, const std::string& path, bool make) {
  const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0);
  OwnedFd fd(::openat(root, kName, flags, 0600));
  if (!fd) return fail("open", path);
  int failed = 0;
  do {
    failed = ::flock(fd.get(), LOCK_SH);
  } while (failed != 0 && errno == EINTR);
  if (failed != 0) return fail("lock", path);
  return fd;
}

}  // namespace

Result<std::optional<PinHolder>> PinHolder::find(const Kernel& kernel, const std::string& root) {
  const auto directory = open_own(root);
  if (!directory && directory.error().code == ENOENT) return std::optional<PinHolder>{};
  if (!directory) return tl::unexpected(directory.error());
  const std::string path = lock_path(root);
  auto lock = open_lock(directory->get(), path, false);
  if (!lock) {
    if (lock.error().code == ENOENT) return std::optional<PinHolder>{};
    return error_of(lock);
  }
  for (;;) {
    const auto pid = TRY(owner_of_lock(lock->get(), path));
    if (pid == 0) return std::optional<PinHolder>{};
    auto process = Process::open(kernel, pid);
    const auto again = owner_of_lock(lock->get(), path);
    // It had the lock after it was opened, so it is the holder even if its PID was reused before.
    if (process && again && *again == pid) {
      return std::optional<PinHolder>(PinHolder(root, std::move(*process), std::move(*lock)));
    }
    if (again && *again == pid) return error_of(process);
  }
}

Result<PinHolder> PinHolder::find_or_start(const Kernel& kernel, const std::string& root) {
  const auto directory = TRY(open_own(root));
  const auto look = [&]() -> Result<std::optional<PinHolder>> {
    const auto lock = TRY(open_lock(directory.get(), lock_path(root), true));
    auto found = find(kernel, root);
    if (!found || *found) return found;
    TRY(start(directory.get()));
    return std::optional<PinHolder>{};
  };
  for (;;) {
    auto found = attempt(look);
    if (found && !*found) continue;
    if (found) return std::move(**found);
    // A holder may have been started that nothing uses.
    const auto end = [&]() -> Status {
      auto started = find(kernel, root);
      return started && *started ? (*started)->end_if_unused(kernel) : Status{};
    };
    [[maybe_unused]] const auto ended = attempt(end);
    return error_of(found);
  }
}

Result<PinStore> PinHolder::store() const {
  auto top = TRY(process_.open_root());
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  PinStore store;
  store.directory_ =
      OwnedFd(static_cast<int>(::syscall(SYS_openat2, top.get(), root_.c_str(), &how, sizeof how)));
  if (!store.directory_) return fail("open the directory for your pins", root_);
  store.root_ = root_;
  store.mountinfo_ = TRY(process_.read("mountinfo"));
  return store;
}

Status PinHolder::join(const Kernel& kernel) const {
  constexpr const char* kJoin = "join the namespaces of the holder of your pins";
  auto user = TRY(process_.open_namespace(kernel, Kind::user));
  auto mnt = TRY(process_.open_namespace(kernel, Kind::mnt));
  std::array<char, 4096> here{};
  const bool knows_here = ::getcwd(here.data(), here.size()) != nullptr;
  if (::setns(user.fd(), CLONE_NEWUSER) != 0) return fail(kJoin, "");
  if (::setns(mnt.fd(), CLONE_NEWNS) != 0) return fail(kJoin, "");
  // setns(2) has changed the working directory to the root.
  if (knows_here && ::chdir(here.data()) != 0) return fail("return to", here.data());
  return {};
}

Status PinHolder::end_if_unused(const Kernel& kernel) {
  // A process that is about to add a pin holds a shared lock.
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) return {};
  auto store = TRY(PinStore::open(kernel, root_));
  auto pins = TRY(store.list(kernel));
  if (!pins.empty() || !Journal::names(store.directory()).empty()) return {};
  if (auto sent = process_.send_signal(SIGKILL); !sent && sent.error().code != ESRCH) return sent;
  process_.wait_for_end(-1);
  if (::unlinkat(store.directory(), kName, 0) != 0 && errno != ENOENT) {
    return fail("remove", lock_path(root_));
  }
  return {};
}

}  // namespace nsx
