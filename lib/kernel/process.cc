#include <fcntl.h>
#include <sys/ioctl.h>

#include <nsx/process.hh>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

constexpr const char* kTraceHint =
    "needs the right to trace that process: be its user, or have CAP_SYS_PTRACE";

std::string pid_subject(pid_t pid) {
  return "PID " + std::to_string(pid);
}

OwnedFd open_pidfd(pid_t pid) {
  OwnedFd process(abi::pidfd_open(pid, 0));
  if (process || errno == ESRCH) return process;
  // A number of /proc can be that of a thread which does not lead its process.
  return OwnedFd(abi::pidfd_open(pid, abi::kPidfdThread));
}

/// Whether the process still has its number, be it as a zombie.
bool is_there(int pidfd) {
  return abi::pidfd_send_signal(pidfd, 0) == 0 || errno == EPERM;
}

}  // namespace

Result<Process> Process::open(const Kernel& kernel, pid_t pid) {
  const auto gone = [&] { return fail("find", pid_subject(pid), ESRCH); };
  if (pid <= 0) return refuse("find", pid_subject(pid), "a PID is a number above 0");

  Process process;
  process.pid_ = pid;
  if (kernel.numbers_are_ours()) process.pidfd_ = open_pidfd(pid);

  auto directory = open_at(kernel.proc(), std::to_string(pid).c_str(), O_PATH | O_DIRECTORY);
  if (!directory) return gone();
  process.directory_ = std::move(*directory);

  // Alive now, so the directory opened a moment ago was of the same process.
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
        return fail(operation, pid_subject(pid_), errno, kTraceHint);
      case ESRCH:
        return fail(operation, pid_subject(pid_), ESRCH, "it has ended");
      case ENOENT:
        // No directory ns/ any more, or a zombie: only its pid and user namespace are left.
        return fail(operation, pid_subject(pid_), ESRCH,
                    "it has ended, or this kernel has no such namespaces");
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
              denied ? kTraceHint : "");
}

Result<OwnedFd> Process::open_root() const {
  return open_directory("root", "root directory");
}

Result<OwnedFd> Process::open_working_directory() const {
  return open_directory("cwd", "working directory");
}

Result<std::string> Process::read(const char* file) const {
  auto text = read_file_at(directory_.get(), file);
  if (!text) return fail(std::string("read ") + file + " of", pid_subject(pid_), text.error().code);
  return text;
}

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  // "PID (command) S PPID ...": the command may hold ") ", so its end is the last one.
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
  return stat;
}

std::string read_command_line(const Kernel& kernel, pid_t pid) {
  const std::string directory = std::to_string(pid);
  auto text = read_file_at(kernel.proc(), (directory + "/cmdline").c_str());
  if (text) {
    while (!text->empty() && text->back() == '\0')
      text->pop_back();
    for (char& c : *text) {
      if (c == '\0') c = ' ';
    }
  }
  if (!text || text->empty()) {
    text = read_file_at(kernel.proc(), (directory + "/comm").c_str());
    if (!text) return {};
    if (text->ends_with('\n')) text->pop_back();
  }
  return std::move(*text);
}

}  // namespace nsx
