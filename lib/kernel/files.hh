// SPDX-License-Identifier: MIT
#pragma once
// Reading small files, links and directories relative to a directory descriptor.

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

// Limits in bytes for each type of file. A process controls the length of some of its files in
// /proc, and must not cost a reader more memory and time than other processes.

/// Command lines, for display only. With PR_SET_MM_MAP they can be as long as the address space.
inline constexpr std::size_t kMaxCommandLine = std::size_t{4} << 10;
/// Other files of a process. The longest is status, whose 65,536 groups (NGROUPS_MAX) take 0.7 MiB.
inline constexpr std::size_t kMaxProcessFile = std::size_t{1} << 20;
/// Environments. execve(2) accepts at most 6 MiB of arguments and environment.
inline constexpr std::size_t kMaxEnvironment = std::size_t{8} << 20;
/// mountinfo of another process: 40,000 mounts with 400 bytes each.
inline constexpr std::size_t kMaxMountinfo = std::size_t{16} << 20;
/// All other files. cgroup.procs with 4,194,304 processes, the maximum in Linux, has 32 MiB.
inline constexpr std::size_t kMaxFile = std::size_t{64} << 20;

/// The beginning of a file.
struct FileStart {
  std::string text;
  bool is_cut = false;  ///< the file is longer
};

/// Reads at most `limit` bytes of a file below `dir`. For files in proc(5), whose size is unknown.
Result<FileStart> read_start_at(int dir, const char* path, std::size_t limit);

/// Reads a whole file below `dir`. Errors: EFBIG, it is longer than `limit`; the hint contains the
/// limit.
Result<std::string> read_file_at(int dir, const char* path, std::size_t limit = kMaxFile);

/// Returns the hint for EFBIG with the limit, which must be in whole MiB.
std::string too_long_hint(std::size_t limit);

/// Writes `text` to a file below `dir` with a single write(2), as required by proc(5).
Status write_file_at(int dir, const char* path, const std::string& text);

/// Returns the target of a symbolic link below `dir`.
Result<std::string> read_link_at(int dir, const char* path);

/// Returns the names in the directory `path` below `dir`, sorted, without "." and "..".
Result<std::vector<std::string>> list_names_at(int dir, const char* path);

/// The same, but only subdirectories, without following links.
Result<std::vector<std::string>> list_directories_at(int dir, const char* path);

/// Calls take(number) for each numeric name while the directory is being read.
Status for_each_pid_at(int dir, const char* path, const std::function<void(pid_t)>& take);

/// Returns the numeric names, ascending: processes in proc(5), threads in /proc/PID/task.
Result<std::vector<pid_t>> list_pids_at(int dir, const char* path);

}  // namespace nsx
