#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>

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

 private:
  Process() = default;
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
};

NSX_API std::optional<ProcessStat> parse_process_stat(std::string_view text);

/// The command line of a process, for a person: the arguments of /proc/PID/cmdline with blanks
/// between, or the name in /proc/PID/comm where there is none (kernel threads, zombies). May hold
/// any byte but NUL. Empty if the process is gone.
NSX_API std::string read_command_line(const Kernel& kernel, pid_t pid);

}  // namespace nsx
