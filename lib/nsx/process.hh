// SPDX-License-Identifier: MIT
#pragma once
// Processes as handles: held from the first look on, whatever becomes of their numbers.
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

/// A process, held from the first look on: everything of it is reached through handles of that one
/// process, so that another that gets its number later is never taken for it (pidfd_open(2)).
class NSX_API Process {
 public:
  /// Takes hold of the process, or thread, that has this number in the kernel's proc mount.
  static Result<Process> open(const Kernel& kernel, pid_t pid);

  pid_t pid() const { return pid_; }

  /// The namespace of this kind that the process is in.
  /// EACCES: needs the right to trace the process, PTRACE_MODE_READ of ptrace(2).
  Result<Namespace> open_namespace(const Kernel& kernel, Kind kind) const;

  /// Whether namespaces that were opened one after another are a set that the process has at one
  /// moment: it is in all of them still, and with a user namespace among them, that one or one
  /// above owns the others. To be asked when all else of the process has been read. Errors: it has
  /// changed them, or is about to; it has ended.
  Status confirm_namespaces(const Kernel& kernel,
                            const std::vector<const Namespace*>& opened) const;

  /// The root and current directory, O_PATH descriptors. Needs the right to trace the process.
  Result<OwnedFd> open_root() const;
  Result<OwnedFd> open_working_directory() const;

  /// Reads a whole file of /proc/PID, such as "uid_map". EFBIG: it is longer than 1 MiB, or 16 MiB
  /// for "mountinfo".
  Result<std::string> read(const char* file) const;

  /// The environment that it started with, NAME=VALUE, as far as it has not changed that memory.
  /// Needs the right to trace the process. EFBIG: it is longer than 8 MiB. ETIMEDOUT: the process
  /// has not let it be read for 2 seconds. Forks.
  Result<std::vector<std::string>> read_environment() const;

  /// Its effective ids and its supplementary groups, as the caller's user namespace counts them.
  struct Ids {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups = {};
  };
  Result<Ids> read_ids() const;

  /// The net namespace of the socket that the process has under this number. Needs the right to
  /// trace the process (PTRACE_MODE_ATTACH), and CAP_NET_ADMIN over that namespace.
  Result<Namespace> open_socket_namespace(const Kernel& kernel, int number) const;

  /// The inode number of its pidfd, which no other process has within a boot. Errors: before
  /// Linux 6.9 there is none.
  Result<std::uint64_t> pidfd_inode() const;

  /// Sends it a signal (pidfd_send_signal(2)). ESRCH: it has ended.
  Status send_signal(int signal) const;

  /// Waits until it has ended, for at most so many milliseconds; -1: for ever. Returns whether it
  /// has.
  bool wait_for_end(int milliseconds) const;

 private:
  Process() = default;
  Result<std::string> read_environment_text() const;
  Result<std::string> read_environment_in_time() const;
  bool has_memory() const;  // a process that ends has none before it is a zombie
  Result<OwnedFd> open_directory(const char* link, const char* what) const;

  pid_t pid_ = 0;
  OwnedFd directory_;  // /proc/PID: gone with the process, never another's
  OwnedFd pidfd_;      // none where the numbers of the proc mount are not ours
};

/// What /proc/PID/stat says of a process, of proc(5)'s fields those that nsx uses.
struct ProcessStat {
  pid_t pid = 0;
  std::string_view command;  ///< at most 15 bytes, may hold any byte; points into the parsed text
  char state = '?';          ///< R, S, D, Z (zombie) ...
  pid_t parent = 0;
  std::uint64_t start_time = 0;  ///< in clock ticks after boot; 0: the text does not reach so far
};

NSX_API std::optional<ProcessStat> parse_process_stat(std::string_view text);

/// Whether the process that this was read of lives: it is neither a zombie nor dead.
NSX_API bool is_alive(const ProcessStat& stat);

/// The same of a text as parse_process_stat() takes; one that it does not take is nobody's.
NSX_API bool is_alive(std::string_view stat_text);

/// The command lines of processes for display, one for each PID: the arguments of /proc/PID/cmdline
/// separated by spaces, or the name in /proc/PID/comm if there are none (kernel threads, zombies).
/// They may contain any byte but NUL. An ellipsis (U+2026) stands for the rest of a line that is
/// longer than 4 KiB, and follows the name alone of a process that has kept the reader waiting for
/// 2 seconds; the second such process ends the reading of others, too. Empty if the process is
/// gone. Reads them in a thread.
NSX_API std::vector<std::string> read_command_lines(const Kernel& kernel,
                                                    std::span<const pid_t> pids);

/// The command line of one process. For several, read_command_lines() is faster.
NSX_API std::string read_command_line(const Kernel& kernel, pid_t pid);

}  // namespace nsx
