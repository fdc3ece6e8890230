// SPDX-License-Identifier: MIT
#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsx/pin.hh>
#include <nsx/process.hh>

#include "kernel/abi.hh"
#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/spawn.hh"
#include "pin/store.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr int kDetach = MNT_DETACH | UMOUNT_NOFOLLOW;
constexpr const char* kRemove = "remove";

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// The main function of a child that removes a file with a mount on it that is not reachable,
/// because the directory is mounted twice, one above the other. In its own mount namespace it
/// unmounts these until the file is a plain one, and removes it. The kernel then removes the mounts
/// on the file in all other mount namespaces. Returns an errno.
int remove_in_own_mount_namespace(int root, const std::string& directory, int opened,
                                  const std::string& name) {
  struct stat before {};
  // unshare(2) keeps the working directory in the new mount namespace, but no other descriptors.
  if (::fstat(opened, &before) != 0 || ::fchdir(root) != 0) return errno;
  if (::unshare(CLONE_NEWNS) != 0) return errno;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  for (;;) {
    const OwnedFd here(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat now {};
    if (!here || ::fstat(here.get(), &now) != 0) return errno;
    // Below another file system, it would be another file.
    if (!is_same_file(before, now)) return EBUSY;
    const std::string path = path_of_fd(here.get());
    std::string entry = path + '/';
    entry += name;
    while (::umount2(entry.c_str(), kDetach) == 0) {
    }
    if (errno == ENOENT) return 0;
    if (errno != EINVAL) return errno;
    struct stat file {};
    if (::fstatat(here.get(), name.c_str(), &file, AT_SYMLINK_NOFOLLOW) != 0) return errno;
    if (!S_ISREG(file.st_mode) || file.st_size != 0) return EEXIST;
    if (::unlinkat(here.get(), name.c_str(), 0) == 0) return 0;
    if (errno != EBUSY) return errno;
    if (::umount2(path.c_str(), MNT_DETACH) != 0) return EBUSY;
  }
}

Status remove_hidden(const PinRoot& root, Kind kind, int directory, const std::string& name) {
  const std::string path = pin_path(kind, name, root.path);
  auto child = spawn({}, [&](const Channel&) {
    return remove_in_own_mount_namespace(root.fd, directory_name(kind), directory, name);
  });
  if (!child) return fail("fork to remove", path, child.error().code);
  const int status = child->wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : EBUSY;
  if (code != EBUSY) return fail(kRemove, path, code);
  return refuse(kRemove, path, "a mount on it cannot be unmounted from here");
}

/// Checks that files can be removed from the directories of these kinds, before removing any.
Status check_writable(const PinRoot& root, KindSet kinds) {
  for (const Kind kind : kinds) {
    const auto directory = open_kind_directory(root, kind);
    if (!directory || ::faccessat(directory->get(), ".", W_OK, AT_EACCESS) == 0) continue;
    const int code = errno;
    return fail(kRemove, "pins in " + pin_directory(kind, root.path), code,
                code == EACCES ? hint_for_capability(CAP_DAC_OVERRIDE,
                                                     "write permission there or CAP_DAC_OVERRIDE",
                                                     Over::another)
                               : "");
  }
  return {};
}

/// Whether a process is PID 1 in its own PID namespace, by the last number in the line "NSpid:".
bool is_first(std::string_view status) {
  constexpr std::string_view kLine = "\nNSpid:";
  const std::size_t at = status.find(kLine);
  if (at == std::string_view::npos) return false;
  std::string_view line = status.substr(at + kLine.size());
  line = line.substr(0, line.find('\n'));
  return line.ends_with("\t1");
}

bool is_in(const Kernel& kernel, const Process& process, const Namespace& pid) {
  const auto its = process.open_namespace(kernel, Kind::pid);
  return its && its->same_as(pid);
}

/// Whether a process has the name of an init that nsx left in a PID namespace.
bool looks_left(const Process& process) {
  const auto comm = process.read("comm");
  return comm && *comm == std::string(kLeftInit) + '\n';
}

/// Returns PID 1 of a PID namespace, if it is visible. From Linux 6.11 on, the kernel reports its
/// PID; before, this searches all processes. Errors: the search failed.
Result<std::optional<Process>> find_init(const Kernel& kernel, const Namespace& pid) {
  const int number = ::ioctl(pid.fd(), abi::kNsGetPidFromPidns, 1);
  if (number > 0) {
    auto process = Process::open(kernel, number);
    const bool is_still = process && ::ioctl(pid.fd(), abi::kNsGetPidFromPidns, 1) == number;
    if (!is_still) return std::optional<Process>{};
    return std::optional<Process>(std::move(*process));
  }
  if (errno == ESRCH) return std::optional<Process>{};
  auto pids = TRY(list_pids_at(kernel.proc(), "."));
  for (const pid_t each : pids) {
    auto process = Process::open(kernel, each);
    const auto status = process ? process->read("status") : Result<std::string>(std::string());
    if (status && is_first(*status) && is_in(kernel, *process, pid)) {
      return std::optional<Process>(std::move(*process));
    }
  }
  return std::optional<Process>{};
}

/// Returns PID 1 of a PID namespace if nsx left it there.
std::optional<Process> find_left_init(const Kernel& kernel, const Namespace& pid) {
  auto init = find_init(kernel, pid);
  if (!init || !*init || !looks_left(**init)) return std::nullopt;
  return std::move(*init);
}

bool has_other_name(const Kernel& kernel, const PinStore& store, const std::string& name,
                    const Namespace& pid) {
  const auto pins = store.list(kernel, {Kind::pid});
  if (!pins) return false;
  return std::any_of(pins->begin(), pins->end(), [&](const PinFile& pin) {
    return pin.name != name && pin.inode == pid.identity().inode && pin.state == PinState::live;
  });
}

}  // namespace

Status remove_file(Kind kind, const PinRoot& root, const std::string& name) {
  const std::string path = pin_path(kind, name, root.path);
  const auto directory = TRY(PinDirectory::lock(root, kind));
  const int fd = directory.fd();
  const auto no_pin = [&] {
    return refuse(kRemove, path,
                  "it is not a pin, which is an empty regular file with a namespace mounted on it");
  };
  const auto before = TRY(look_at_entry(fd, name, path));
  // Another process may have removed it: not all of them wait for the lock.
  if (!before) return {};
  if (!before->is_mount && !before->is_empty_file) return no_pin();
  // Checked first, so that the namespace is not unmounted while its name stays.
  TRY(check_writable(root, {kind}));
  TRY(unmount_namespaces(fd, name, path));
  const auto file = TRY(look_at_entry(fd, name, path));
  if (!file) return {};
  if (!file->is_empty_file && !file->is_mount) return no_pin();
  if (::unlinkat(fd, name.c_str(), 0) != 0 && errno != ENOENT) {
    if (errno != EBUSY) return fail(kRemove, path);
    TRY(remove_hidden(root, kind, fd, name));
  }
  struct stat st {};
  if (::fstatat(fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return {};
  return refuse(kRemove, path, "it was made again in the meantime");
}

namespace {

/// Opens the PID namespace with a name, if possible.
std::optional<Namespace> open_pid_pin(const Kernel& kernel, const PinStore& store,
                                      const std::string& name) {
  auto ns = store.open_pin(
      kernel, {.kind = Kind::pid, .name = name, .path = pin_path(Kind::pid, name, store.root())});
  if (!ns) return std::nullopt;
  return std::move(*ns);
}

}  // namespace

Status remove_all_files(const Kernel& kernel, const PinStore& store, const std::string& name) {
  const PinRoot root = root_of(store);
  const KindSet kinds = store.kinds(name);
  TRY(check_writable(root, kinds));
  // Continue with the others, so that as little as possible is left.
  Status result;
  for (const Kind kind : kinds) {
    if (kind == Kind::pid) continue;
    auto done = remove_file(kind, root, name);
    if (!done && result) result = std::move(done);
  }
  if (!kinds.contains(Kind::pid) || !result) return result;
  // Last, and after its init: if this process is killed in between, the file still leads to the
  // init.
  if (const auto ns = open_pid_pin(kernel, store, name)) {
    TRY(end_left_init(kernel, store, name, *ns));
  }
  return remove_file(Kind::pid, root, name);
}

Status remove_pins(const Kernel& kernel, const std::string& root, const std::string& name) {
  TRY(check_pin_name(name));
  auto store = TRY(open_to_change(kernel, root));
  const auto absent = [&] {
    return problem("no pin named '{}'", name, {}, "run 'nsx-pin ls' to list the pins");
  };
  const KindSet kinds = store.kinds(name);
  const bool has_journal = Journal::look(store.directory(), name) != Journal::State::none;
  if (kinds.empty() && !has_journal) return absent();
  const bool is_one = std::next(kinds.begin()) == KindSet::end();
  const bool has_init = kinds.contains(Kind::pid);
  if (is_one && !has_init && !has_journal) return remove_all_files(kernel, store, name);

  auto journal = TRY(Journal::begin(root_of(store), name));
  // Another process may have removed it in the meantime.
  const bool is_gone = store.kinds(name).empty();
  Status done;
  if (!is_gone) done = attempt([&] { return remove_all_files(kernel, store, name); });
  // If only some files were removed, the rest is no longer a pin. The journal stays for another
  // attempt.
  if (!done && !(store.kinds(name) == kinds)) return done;
  auto ended = journal.end();
  if (!done) return done;
  if (!ended) return ended;
  if (is_gone && !journal.was_abandoned) return absent();
  return {};
}

Status rename_pins(const Kernel& kernel, const std::string& root, const std::string& from,
                   const std::string& to) {
  auto store = TRY(PinStore::open(kernel, root));
  auto namespaces = TRY(store.find(kernel, from));
  if (from == to) return {};
  TRY(add_pins(kernel, root, to, namespaces));
  return remove_pins(kernel, root, from);
}

bool is_dead(const Kernel& kernel, const Namespace& pid) {
  // All processes are only visible in descendants of the caller's own PID namespace.
  if (!pid.parent(kernel)) return false;
  const auto init = find_init(kernel, pid);
  if (!init) return false;
  if (!*init) return true;
  const auto stat = (*init)->read("stat");
  return !stat || !is_alive(*stat);
}

std::optional<pid_t> init_to_end(const Kernel& kernel, const PinStore& store,
                                 const std::string& name) {
  const PinFile pin{
      .kind = Kind::pid, .name = name, .path = pin_path(Kind::pid, name, store.root())};
  const auto ns = store.open_pin(kernel, pin);
  if (!ns || has_other_name(kernel, store, name, *ns)) return std::nullopt;
  const auto init = find_left_init(kernel, *ns);
  if (!init) return std::nullopt;
  return init->pid();
}

Status end_left_init(const Kernel& kernel, const PinStore& store, const std::string& name,
                     const Namespace& pid) {
  if (has_other_name(kernel, store, name, pid)) return {};
  const auto init = find_left_init(kernel, pid);
  if (!init) return {};
  if (auto sent = init->send_signal(SIGKILL); !sent && sent.error().code != ESRCH) return sent;
  init->wait_for_end(-1);
  return {};
}

}  // namespace nsx
