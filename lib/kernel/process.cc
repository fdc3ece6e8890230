// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <nsx/process.hh>

#include "kernel/abi.hh"
#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Being its user is sufficient unless the process is root's or has additional capabilities.
std::string trace_hint() {
  return hint_for_capability(CAP_SYS_PTRACE,
                             "the right to trace that process (as its user, or CAP_SYS_PTRACE)",
                             Over::another);
}

std::string pid_subject(pid_t pid) {
  return "PID " + std::to_string(pid);
}

OwnedFd open_pidfd(pid_t pid) {
  OwnedFd process(abi::pidfd_open(pid, 0));
  if (process || errno == ESRCH) return process;
  // A number in /proc can be that of a thread other than the leader.
  return OwnedFd(abi::pidfd_open(pid, abi::kPidfdThread));
}

/// Returns whether the process still has its PID, possibly as a zombie.
bool is_there(int pidfd) {
  return abi::pidfd_send_signal(pidfd, 0) == 0 || errno == EPERM;
}

/// Returns the second number of a line in /proc/PID/status: real, effective, saved and file system
/// id.
std::optional<std::uint32_t> effective_id(std::string_view status, std::string_view heading) {
  const std::size_t at = status.find(heading);
  if (at == std::string_view::npos) return std::nullopt;
  status.remove_prefix(at + heading.size());
  next_field(status, '\t');
  return parse_number<std::uint32_t>(next_field(status, '\t'));
}

/// Returns the numbers in the line "Groups:" of /proc/PID/status.
std::vector<gid_t> supplementary_groups(std::string_view status) {
  constexpr std::string_view kHeading = "\nGroups:\t";
  std::vector<gid_t> groups;
  const std::size_t at = status.find(kHeading);
  if (at == std::string_view::npos) return groups;
  status.remove_prefix(at + kHeading.size());
  for (std::string_view line = next_field(status, '\n'); !line.empty();) {
    if (const auto group = parse_number<gid_t>(next_field(line, ' '))) groups.push_back(*group);
  }
  return groups;
}

/// Returns whether a user namespace is this one or an ancestor of it. Namespaces that are not
/// visible are ancestors of the caller's own.
bool is_or_is_above(const Kernel& kernel, const Namespace& user, const Namespace& below) {
  if (user.same_as(below)) return true;
  for (auto parent = below.parent(kernel); parent; parent = parent->parent(kernel)) {
    if (parent->same_as(user)) return true;
  }
  return false;
}

/// unshare(2) changes the user namespace a moment after the other namespaces, so two reads can
/// agree and still be wrong. A namespace of a process must be owned by its user namespace or an
/// ancestor.
Status check_owner(const Kernel& kernel, const Namespace& ns, const Namespace& user,
                   const std::string& subject) {
  auto owner = ns.owner(kernel);
  if (!owner && owner.error().code == EPERM) return {};
  if (!owner) return error_of(owner);
  if (is_or_is_above(kernel, *owner, user)) return {};
  return refuse(std::string("enter the ") + name(ns.kind()) + " namespace of", subject,
                "it belongs to a user namespace that the process is not in",
                "try again, or leave out the user namespace");
}

}  // namespace

Result<Process> Process::open(const Kernel& kernel, pid_t pid) {
  const auto gone = [&] { return fail("find", pid_subject(pid), ESRCH); };
  if (pid <= 0)
    return problem("invalid PID '{}'", std::to_string(pid), "expected a number above 0");

  Process process;
  process.pid_ = pid;
  if (kernel.numbers_are_ours()) process.pidfd_ = open_pidfd(pid);

  auto directory = open_at(kernel.proc(), std::to_string(pid).c_str(), O_PATH | O_DIRECTORY);
  if (!directory) return gone();
  process.directory_ = std::move(*directory);

  // The process is alive now, so the directory that was opened before belongs to it.
  if (process.pidfd_ && !is_there(process.pidfd_.get())) return gone();
  return process;
}

Result<Namespace> Process::open_namespace(const Kernel& kernel, Kind kind) const {
  const std::string operation = std::string("open the ") + name(kind) + " namespace of";
  OwnedFd fd;
  if (pidfd_ && kernel.has(Feature::pidfd_namespaces)) {
    fd = OwnedFd(::ioctl(pidfd_.get(), info(kind).pidfd_request, 0));
  } else {
    const std::string link = std::string("ns/") + name(kind);
    fd = OwnedFd(::openat(directory_.get(), link.c_str(), O_RDONLY | O_CLOEXEC));
  }
  if (!fd) {
    switch (errno) {
      case EACCES:
      case EPERM:
        return fail(operation, pid_subject(pid_), errno, trace_hint());
      case ENOENT:
        // The directory ns/ is gone, or the process is a zombie, which only keeps its pid and user
        // namespace.
        return fail(operation, pid_subject(pid_), ESRCH,
                    "if the process still runs, this kernel lacks the kind: ls /proc/self/ns");
      default:
        return fail(operation, pid_subject(pid_));
    }
  }
  return Namespace::from_fd(kernel, std::move(fd));
}

Result<OwnedFd> Process::open_directory(const char* link, const char* what) const {
  OwnedFd fd(::openat(directory_.get(), link, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (fd) return fd;
  const bool denied = errno == EACCES || errno == EPERM;
  const int code = errno == ENOENT ? ESRCH : errno;
  return fail(std::string("open the ") + what + " of", pid_subject(pid_), code,
              denied ? trace_hint() : "");
}

bool Process::has_memory() const {
  const auto text = read_file_at(directory_.get(), "status");
  return text && text->find("\nVmSize:") != std::string::npos;
}

Result<OwnedFd> Process::open_root() const {
  return open_directory("root", "root directory");
}

Result<OwnedFd> Process::open_working_directory() const {
  return open_directory("cwd", "working directory");
}

Result<std::string> Process::read(const char* file) const {
  const bool is_mountinfo = std::string_view(file) == "mountinfo";
  auto text = read_file_at(directory_.get(), file, is_mountinfo ? kMaxMountinfo : kMaxProcessFile);
  if (text) return text;
  return fail(std::string("read ") + file + " of", pid_subject(pid_), text.error().code,
              text.error().hint());
}

Result<std::string> Process::read_environment_text() const {
  std::string text;
  for (std::size_t size = std::size_t{64} << 10; size <= kMaxEnvironment; size *= 2) {
    auto file = TRY(open_at(directory_.get(), "environ", O_RDONLY));
    // In one call: between two reads, the process can exit or execute another program, and the rest
    // would be missing.
    text.resize(size);
    const ssize_t n = ::read(file.get(), text.data(), size);
    if (n < 0) return fail("read", "environ");
    if (static_cast<std::size_t>(n) == size) continue;
    text.resize(static_cast<std::size_t>(n));
    if (text.empty() && !has_memory()) return fail("read", "environ", ESRCH);
    return text;
  }
  return fail("read", "environ", EFBIG);
}

/// Uses a child, because the process can hold its memory lock for as long as it likes (see
/// command_line.cc). Not a thread, because the caller may be about to join a user namespace, which
/// must be single-threaded.
Result<std::string> Process::read_environment_in_time() const {
  const auto answer = text_in_time([this] {
    auto text = read_environment_text();
    return text ? 'T' + std::move(*text) : 'E' + std::to_string(text.error().code);
  });
  if (!answer) return fail("read", "environ", ETIMEDOUT);
  if (answer->starts_with('T')) return answer->substr(1);
  return fail("read", "environ", parse_number<int>(answer->substr(1)).value_or(EIO));
}

Result<std::vector<std::string>> Process::read_environment() const {
  const auto text = read_environment_in_time();
  if (!text) {
    constexpr const char* kRead = "read the environment of";
    const int code = text.error().code;
    if (code == ESRCH || code == ENOENT) {
      return fail(kRead, pid_subject(pid_), ESRCH);
    }
    const bool denied = code == EACCES || code == EPERM;
    const std::string hint = denied              ? trace_hint()
                             : code == EFBIG     ? too_long_hint(kMaxEnvironment)
                             : code == ETIMEDOUT ? "try again: it holds the lock of its memory"
                                                 : "";
    return fail(kRead, pid_subject(pid_), code, hint);
  }

  std::vector<std::string> entries;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view entry = next_field(rest, '\0');
    if (entry.find('=', 1) != std::string_view::npos) entries.emplace_back(entry);
  }
  return entries;
}

Result<Process::Ids> Process::read_ids() const {
  const auto text = read_file_at(directory_.get(), "status");
  if (!text) {
    const int code = text.error().code == ENOENT ? ESRCH : text.error().code;
    return fail("read the ids of", pid_subject(pid_), code);
  }
  const auto uid = effective_id(*text, "\nUid:\t");
  const auto gid = effective_id(*text, "\nGid:\t");
  if (!uid || !gid) return refuse("read the ids of", pid_subject(pid_), "its status lacks them");
  return Ids{*uid, *gid, supplementary_groups(*text)};
}

Result<Namespace> Process::open_socket_namespace(const Kernel& kernel, int number) const {
  const std::string subject = "descriptor " + std::to_string(number) + " of " + pid_subject(pid_);
  if (!pidfd_) {
    return refuse("duplicate", subject, "the proc mount belongs to another PID namespace");
  }
  const OwnedFd copy(abi::pidfd_getfd(pidfd_.get(), number));
  if (!copy) {
    return fail("duplicate", subject, errno,
                errno == EPERM ? "needs the right to attach to that process as a debugger" : "");
  }
  OwnedFd ns(::ioctl(copy.get(), SIOCGSKNS));
  if (ns) return Namespace::from_fd(kernel, std::move(ns));
  const int code = errno;
  struct stat st {};
  if (::fstat(copy.get(), &st) == 0 && !S_ISSOCK(st.st_mode)) {
    return refuse("use {} as a socket", subject, "it is not a socket");
  }
  return fail("open the net namespace of", subject, code,
              code == EPERM ? "needs CAP_NET_ADMIN in the user namespace that owns it" : "");
}

Result<std::uint64_t> Process::pidfd_inode() const {
  constexpr const char* kAsk = "get the pidfd's inode number of";
  struct statfs fs {};
  struct stat st {};
  if (!pidfd_)
    return refuse(kAsk, pid_subject(pid_), "the proc mount belongs to another PID namespace");
  if (::fstatfs(pidfd_.get(), &fs) != 0 || ::fstat(pidfd_.get(), &st) != 0) {
    return fail(kAsk, pid_subject(pid_));
  }
  // In older kernels, all pidfds have the same inode.
  if (static_cast<std::uint64_t>(fs.f_type) != abi::kPidfdFileSystem) {
    return refuse(kAsk, pid_subject(pid_), "it needs Linux 6.9");
  }
  return st.st_ino;
}

Status Process::send_signal(int signal) const {
  const std::string subject = "PID " + std::to_string(pid_);
  if (!pidfd_)
    return refuse("send a signal to", subject, "its number belongs to another PID namespace");
  if (abi::pidfd_send_signal(pidfd_.get(), signal) == 0) return {};
  return fail("send a signal to", subject);
}

bool Process::wait_for_end(int milliseconds) const {
  if (!pidfd_) return false;
  pollfd ends{pidfd_.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&ends, 1, milliseconds);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  // "PID (command) S PPID ...": the command may contain ") ", so search from the end.
  const std::size_t open = text.find(" (");
  const std::size_t close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) {
    return std::nullopt;
  }
  ProcessStat stat;
  const auto pid = parse_number<pid_t>(text.substr(0, open));
  stat.command = text.substr(open + 2, close - open - 2);
  std::string_view rest = text.substr(close + 2);
  const std::string_view state = next_field(rest, ' ');
  const auto parent = parse_number<pid_t>(next_field(rest, ' '));
  if (!pid || state.size() != 1 || !parent) return std::nullopt;
  stat.pid = *pid;
  stat.state = state[0];
  stat.parent = *parent;
  // Start time is field 22; `rest` starts with field 5.
  for (int field = 5; field < 22; ++field)
    next_field(rest, ' ');
  stat.start_time = parse_number<std::uint64_t>(next_field(rest, ' ')).value_or(0);
  return stat;
}

bool is_alive(const ProcessStat& stat) {
  return stat.state != 'Z' && stat.state != 'X';
}

bool is_alive(std::string_view stat_text) {
  const auto stat = parse_process_stat(stat_text);
  return stat && is_alive(*stat);
}

// Checks that the opened namespaces belong together. If a process creates a user namespace and a
// mount namespace between two reads, one could be from before the change and the other from after
// it. The rights over the one would then apply to the files of the other.
Status Process::confirm_namespaces(const Kernel& kernel,
                                   const std::vector<const Namespace*>& opened) const {
  const std::string subject = "PID " + std::to_string(pid_);
  const Namespace* user = nullptr;
  for (const Namespace* ns : opened) {
    if (ns->kind() == Kind::user) user = ns;
    auto now = TRY(open_namespace(kernel, ns->kind()));
    if (now.same_as(*ns)) continue;
    return refuse("enter", subject, "it changed its namespaces meanwhile", "try again");
  }
  if (user == nullptr) return {};
  for (const Namespace* ns : opened) {
    if (ns == user) continue;
    TRY(check_owner(kernel, *ns, *user, subject));
  }
  return {};
}

}  // namespace nsx
