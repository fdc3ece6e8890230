// SPDX-License-Identifier: MIT
#pragma once
// Handles of processes: opened once, so that a reused PID cannot be mistaken.
//
//   const auto process = nsx::Process::open(kernel, ::getppid());
//   if (!process) return;
//   const auto net = process->open_namespace(kernel, nsx::Kind::net);

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/namespace.hh>

namespace nsx {

/// A handle of a process. All its properties are accessed through the handle, so that another
/// process with the same PID is never mistaken for it (pidfd_open(2)).
class NSX_API Process {
 public:
  /// Opens the process, or thread, with this number in the proc mount. Errors: ESRCH, it does not
  /// exist.
  static Result<Process> open(const Kernel& kernel, pid_t pid);

  pid_t pid() const { return pid_; }

  /// Opens the namespace of this kind that the process is in. Errors: EACCES, no permission to
  /// trace the process (PTRACE_MODE_READ in ptrace(2)).
  Result<Namespace> open_namespace(const Kernel& kernel, Kind kind) const;

  /// Checks that namespaces that were opened one after another belong together: the process is
  /// still in all of them, and if a user namespace is among them, it or an ancestor owns the
  /// others. Call it after everything else of the process has been read. Errors: the process has
  /// changed its namespaces, or is changing them; it has exited.
  Status confirm_namespaces(const Kernel& kernel,
                            const std::vector<const Namespace*>& opened) const;

  /// Open the root and the current directory as O_PATH descriptors. Need permission to trace the
  /// process.
  Result<OwnedFd> open_root() const;
  Result<OwnedFd> open_working_directory() const;

  /// Reads a whole file of /proc/PID, such as "uid_map". Errors: EFBIG, it is longer than 1 MiB (16
  /// MiB for "mountinfo").
  Result<std::string> read(const char* file) const;

  /// Returns the initial environment of the process (NAME=VALUE), unless it has overwritten that
  /// memory. Needs permission to trace the process. Forks. Errors: EFBIG, it is longer than 8 MiB;
  /// ETIMEDOUT, the process has blocked the read for 2 seconds.
  Result<std::vector<std::string>> read_environment() const;

  /// The effective ids and the supplementary groups, in the caller's user namespace.
  struct Ids {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups = {};
  };
  Result<Ids> read_ids() const;

  /// Opens the net namespace of a socket, given its descriptor number in the process. Needs
  /// permission to trace the process (PTRACE_MODE_ATTACH), and CAP_NET_ADMIN over that namespace.
  Result<Namespace> open_socket_namespace(const Kernel& kernel, int number) const;

  /// Returns the inode number of its pidfd, which is unique until reboot. Errors: the kernel is
  /// older than Linux 6.9.
  Result<std::uint64_t> pidfd_inode() const;

  /// Sends it a signal (pidfd_send_signal(2)). Errors: ESRCH, it has exited.
  Status send_signal(int signal) const;

  /// Waits at most this many milliseconds, or without a limit if -1, until the process has exited.
  /// Returns whether it has.
  bool wait_for_end(int milliseconds) const;

 private:
  Process() = default;
  Result<std::string> read_environment_text() const;
  Result<std::string> read_environment_in_time() const;
  bool has_memory() const;  // an exiting process loses its memory before it becomes a zombie
  Result<OwnedFd> open_directory(const char* link, const char* what) const;

  pid_t pid_ = 0;
  OwnedFd directory_;  // /proc/PID: becomes invalid with the process, and is never another's
  OwnedFd pidfd_;      // empty if the proc mount belongs to another pid namespace
};

/// The fields of /proc/PID/stat (proc(5)) that nsx uses.
struct ProcessStat {
  pid_t pid = 0;
  std::string_view command;  ///< at most 15 bytes of any value; refers to the parsed text
  char state = '?';          ///< R, S, D, Z (zombie) ...
  pid_t parent = 0;
  std::uint64_t start_time = 0;  ///< in clock ticks since boot; 0: the text is too short
};

NSX_API std::optional<ProcessStat> parse_process_stat(std::string_view text);

/// Returns whether the process is alive: neither a zombie nor dead.
NSX_API bool is_alive(const ProcessStat& stat);

/// The same for a text of /proc/PID/stat; false if it is malformed.
NSX_API bool is_alive(std::string_view stat_text);

/// Returns the command lines of processes for display, one per PID: the arguments in
/// /proc/PID/cmdline separated by spaces, or the name in /proc/PID/comm if there are none (kernel
/// threads, zombies). They may contain any byte except NUL. A line is empty if the process has
/// exited.
///
/// Lines longer than 4 KiB are truncated and end with an ellipsis (U+2026). If a process blocks the
/// read for 2 seconds, its line is its name with an ellipsis; after the second such process, the
/// same applies to all others. Uses a thread.
NSX_API std::vector<std::string> read_command_lines(const Kernel& kernel,
                                                    std::span<const pid_t> pids);

/// Returns the command line of one process. For several, read_command_lines() is faster.
NSX_API std::string read_command_line(const Kernel& kernel, pid_t pid);

}  // namespace nsx
