// The process that keeps the pins of an ordinary user.

#include <array>
#include <csignal>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsx/pin.hh>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/leave.hh"
#include "pin/journal.hh"

namespace nsx {

namespace {

constexpr const char* kName = "nsx-pin-holder";
constexpr const char* kStart = "start the holder of your pins";
constexpr const char* kLock = "lock";

std::string lock_path(const std::string& root) {
  return root + '/' + kName;
}

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// The PID of the process that has the lock, or 0.
Result<pid_t> owner_of_lock(int fd, const std::string& path) {
  struct flock lock = whole_file();
  if (::fcntl(fd, F_GETLK, &lock) != 0) return fail("ask who has the lock of", path);
  if (lock.l_type == F_UNLCK) return 0;
  if (lock.l_pid > 0) return lock.l_pid;
  return refuse("find the holder of your pins", path, "it is in another pid namespace");
}

/// What the holder reports when it is ready, or not: an errno and what failed.
struct Report {
  int code = 0;
  std::array<char, 60> operation{};
};

[[noreturn]] void give_up(int pipe, const char* operation) {
  Report report;
  report.code = errno;
  std::string_view(operation).copy(report.operation.data(), report.operation.size() - 1);
  [[maybe_unused]] const auto n = ::write(pipe, &report, sizeof report);
  abi::end_process(1);
}

void write_or_give_up(int pipe, const char* file, const std::string& text) {
  auto written = write_file_at(AT_FDCWD, file, text);
  if (written) return;
  errno = written.error().code;
  give_up(pipe, "map your ids in a new user namespace");
}

/// The life of the holder.
[[noreturn]] void hold(int pipe, const std::string& path, uid_t uid, gid_t gid) {
  ::setsid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) give_up(pipe, "make a user namespace");
  write_or_give_up(pipe, "/proc/self/setgroups", "deny");
  write_or_give_up(pipe, "/proc/self/uid_map", "0 " + std::to_string(uid) + " 1\n");
  write_or_give_up(pipe, "/proc/self/gid_map", "0 " + std::to_string(gid) + " 1\n");
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    give_up(pipe, "make a mount namespace");
  }
  const OwnedFd lock(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!lock) give_up(pipe, "open the lock");
  // Closes all other descriptors of the file, which later would take the lock away (fcntl(2)).
  stay_behind(kName, {pipe, lock.get()});
  // The user's own processes must reach its namespaces, from when the lock shows it to them.
  ::prctl(PR_SET_DUMPABLE, 1);
  struct flock whole = whole_file();
  // Another was quicker: that one is found then.
  if (::fcntl(lock.get(), F_SETLK, &whole) != 0) give_up(pipe, kLock);
  const Report ready;
  [[maybe_unused]] const auto n = ::write(pipe, &ready, sizeof ready);
  ::close(pipe);
  for (;;)
    ::pause();
}

/// Starts one; success also if another is there already.
Status start(const std::string& root) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail("make", "a pipe");
  const OwnedFd output(ends[0]);
  OwnedFd input(ends[1]);
  const std::string path = lock_path(root);
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  const pid_t between = ::fork();
  if (between < 0) return fail(kStart, "");
  if (between == 0) {
    if (::fork() != 0) abi::end_process(0);
    hold(input.get(), path, uid, gid);
  }
  input = OwnedFd();
  while (::waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  Report report;
  if (::read(output.get(), &report, sizeof report) != static_cast<ssize_t>(sizeof report)) {
    return refuse(kStart, "", "it has ended");
  }
  const std::string_view operation = report.operation.data();
  if (report.code == 0 || operation == kLock) return {};
  return fail(std::string(operation), "for the holder of your pins", report.code,
              "an ordinary user's pins need a user namespace (sysctl user.max_user_namespaces, "
              "kernel.unprivileged_userns_clone)");
}

/// Opens the file whose lock tells who the holder is, in a directory that must be the user's own.
Result<OwnedFd> open_lock(const std::string& root, bool make) {
  struct stat st {};
  if (::stat(root.c_str(), &st) != 0) return fail("use the directory for your pins", root);
  if (st.st_uid != ::geteuid()) {
    return refuse("use the directory for your pins", root, "it is not yours",
                  "set XDG_RUNTIME_DIR");
  }
  const std::string path = lock_path(root);
  const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0);
  OwnedFd fd(::open(path.c_str(), flags, 0600));
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
  auto lock = open_lock(root, false);
  if (!lock) {
    if (lock.error().code == ENOENT) return std::optional<PinHolder>{};
    return error_of(lock);
  }
  const std::string path = lock_path(root);
  for (;;) {
    const auto pid = owner_of_lock(lock->get(), path);
    if (!pid) return tl::unexpected(pid.error());
    if (*pid == 0) return std::optional<PinHolder>{};
    auto process = Process::open(kernel, *pid);
    const auto again = owner_of_lock(lock->get(), path);
    // It had the lock after it was opened: so it is the one, however its number came about.
    if (process && again && *again == *pid) {
      return std::optional<PinHolder>(PinHolder(root, std::move(*process), std::move(*lock)));
    }
    if (again && *again == *pid) return error_of(process);
  }
}

Result<PinHolder> PinHolder::find_or_start(const Kernel& kernel, const std::string& root) {
  for (;;) {
    auto lock = open_lock(root, true);
    if (!lock) return error_of(lock);
    auto found = find(kernel, root);
    if (!found) return error_of(found);
    if (*found) return std::move(**found);
    if (auto started = start(root); !started) return error_of(started);
  }
}

Result<PinStore> PinHolder::store() const {
  auto top = process_.open_root();
  if (!top) return error_of(top);
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  PinStore store;
  store.directory_ = OwnedFd(
      static_cast<int>(::syscall(SYS_openat2, top->get(), root_.c_str(), &how, sizeof how)));
  if (!store.directory_) return fail("open the directory for your pins", root_);
  store.root_ = root_;
  auto mountinfo = process_.read("mountinfo");
  if (!mountinfo) return error_of(mountinfo);
  store.mountinfo_ = std::move(*mountinfo);
  return store;
}

Status PinHolder::join(const Kernel& kernel) const {
  constexpr const char* kJoin = "join the namespaces of the holder of your pins";
  auto user = process_.open_namespace(kernel, Kind::user);
  if (!user) return error_of(user);
  auto mnt = process_.open_namespace(kernel, Kind::mnt);
  if (!mnt) return error_of(mnt);
  std::array<char, 4096> here{};
  const bool knows_here = ::getcwd(here.data(), here.size()) != nullptr;
  if (::setns(user->fd(), CLONE_NEWUSER) != 0) return fail(kJoin, "");
  if (::setns(mnt->fd(), CLONE_NEWNS) != 0) return fail(kJoin, "");
  // It has led to the root.
  if (knows_here && ::chdir(here.data()) != 0) return fail("go back to", here.data());
  return {};
}

Status PinHolder::end_if_unused(const Kernel& kernel) {
  // Whoever is about to add a pin has it shared.
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) return {};
  auto store = PinStore::open(kernel, root_);
  if (!store) return error_of(store);
  auto pins = store->list(kernel);
  if (!pins) return error_of(pins);
  if (!pins->empty() || !Journal::names(store->directory()).empty()) return {};
  if (auto sent = process_.send_signal(SIGKILL); !sent && sent.error().code != ESRCH) return sent;
  process_.wait_for_end(-1);
  ::unlink(lock_path(root_).c_str());
  return {};
}

}  // namespace nsx
