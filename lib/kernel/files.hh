// SPDX-License-Identifier: MIT
#pragma once
// Small files and links below a directory handle, and what a directory lists.

#include <cstddef>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/result.hh>

namespace nsx {

/// Opens `path` below `dir`, close-on-exec.
Result<OwnedFd> open_at(int dir, const char* path, int flags);

// The most that is read of each kind of file, in bytes. A process decides how long some of its
// files in /proc are, and must not cost its reader more memory and time than any other process
// does.

/// Command lines, which are read for display. PR_SET_MM_MAP makes one as long as the address space.
inline constexpr std::size_t kMaxCommandLine = std::size_t{4} << 10;
/// Other files of a process. The longest is status, with 65,536 groups (NGROUPS_MAX) in 0.7 MiB.
inline constexpr std::size_t kMaxProcessFile = std::size_t{1} << 20;
/// Environments. execve(2) accepts at most 6 MiB of arguments and environment.
inline constexpr std::size_t kMaxEnvironment = std::size_t{8} << 20;
/// mountinfo of another process: 40,000 mounts at 400 bytes each.
inline constexpr std::size_t kMaxMountinfo = std::size_t{16} << 20;
/// Everything else. cgroup.procs with 4,194,304 processes, the most that Linux has, is 32 MiB long.
inline constexpr std::size_t kMaxFile = std::size_t{64} << 20;

/// The beginning of a file.
struct FileStart {
  std::string text;
  bool is_cut = false;  ///< the file is longer
};

/// Reads at most `limit` bytes of a file below `dir`. For files of proc(5), whose size is unknown
/// before they are read.
Result<FileStart> read_start_at(int dir, const char* path, std::size_t limit);

/// Reads a whole file below `dir`. EFBIG: it is longer than `limit`; the hint names the limit.
Result<std::string> read_file_at(int dir, const char* path, std::size_t limit = kMaxFile);

/// The hint of an EFBIG: it names the limit, one of whole MiB.
std::string too_long_hint(std::size_t limit);

/// Writes `text` to a file below `dir` in one write(2), as proc(5) wants it.
Status write_file_at(int dir, const char* path, const std::string& text);

/// What a symbolic link below `dir` says.
Result<std::string> read_link_at(int dir, const char* path);

/// The names in the directory `path` below `dir`, without "." and "..", sorted.
Result<std::vector<std::string>> list_names_at(int dir, const char* path);

/// Those of the directories in it, not of links to some.
Result<std::vector<std::string>> list_directories_at(int dir, const char* path);

/// Calls take(number) for each number in it while it is being listed.
Status for_each_pid_at(int dir, const char* path, const std::function<void(pid_t)>& take);

/// The numbers in it, ascending: processes in proc(5), threads in /proc/PID/task.
Result<std::vector<pid_t>> list_pids_at(int dir, const char* path);

}  // namespace nsx
