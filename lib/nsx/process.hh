#pragma once

#include <cstdint>
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

  /// The root and current directory, O_PATH descriptors. Needs the right to trace the process.
  Result<OwnedFd> open_root() const;
  Result<OwnedFd> open_working_directory() const;

  /// The whole of a file of /proc/PID: "uid_map", "cmdline".
  Result<std::string> read(const char* file) const;

  /// The environment that it started with, NAME=VALUE, as far as it has not changed that memory.
  /// Needs the right to trace the process.
  Result<std::vector<std::string>> read_environment() const;

  /// Its effective ids, as the caller's user namespace counts them.
  struct Ids {
    uid_t uid = 0;
    gid_t gid = 0;
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

/// The command line of a process, for a person: the arguments of /proc/PID/cmdline with blanks
/// between, or the name in /proc/PID/comm where there is none (kernel threads, zombies). May hold
/// any byte but NUL. Empty if the process is gone.
NSX_API std::string read_command_line(const Kernel& kernel, pid_t pid);

}  // namespace nsx
