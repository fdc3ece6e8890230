// SPDX-License-Identifier: MIT
#pragma once
// Opening and reading files: small ones, those on file systems that may not answer, and those that
// no other user can redirect.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/result.hh>

namespace nsx {

// Reading small files, links and directories relative to a directory descriptor.

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

/// Reads the start of a file below `dir` into `buffer`, with a single read(2), and returns the
/// number of bytes. That is all that fits, for the files that proc(5) composes in one piece: stat,
/// comm, cgroup, cmdline. Allocates no memory.
Result<std::size_t> read_once_at(int dir, const char* path, std::span<char> buffer);

/// Returns the hint for EFBIG with the limit, which must be in whole MiB.
std::string too_long_hint(std::size_t limit);

/// Returns the content of /proc/PID/cmdline with spaces between the arguments.
std::string with_spaces(std::string_view arguments);

/// Writes `text` to a file below `dir` with a single write(2), as required by proc(5).
Status write_file_at(int dir, const char* path, const std::string& text);

/// Returns the target of a symbolic link below `dir`.
Result<std::string> read_link_at(int dir, const char* path);

/// Returns the path that an open file has now, from the root directory of this process. `proc` is a
/// proc mount.
Result<std::string> read_path_of(int proc, int fd);

/// Returns whether an open file is of a type (S_IFDIR). Does not ask its file system, which may not
/// answer.
bool is_of_type(int fd, mode_t type);

/// Returns the names in the directory `path` below `dir`, sorted, without "." and "..".
Result<std::vector<std::string>> list_names_at(int dir, const char* path);

/// The same, but only subdirectories, without following links.
Result<std::vector<std::string>> list_directories_at(int dir, const char* path);

/// Calls take(number) for each numeric name while the directory is being read.
Status for_each_pid_at(int dir, const char* path, const std::function<void(pid_t)>& take);

/// Returns the numeric names, ascending: processes in proc(5), threads in /proc/PID/task.
Result<std::vector<pid_t>> list_pids_at(int dir, const char* path);

// Opening files below file systems that may not answer: FUSE, or network file systems whose server
// is down.
//
// A path lookup there waits for the server. Once a FUSE server has accepted the request, not even
// SIGKILL ends the wait (fuse_request_wait_answer() in the kernel). So a path is first looked up in
// the kernel's cache only, which never waits, and then in a child. A child that does not return is
// killed or, if that has no effect, abandoned.

/// The origin of a path, which determines the timeout of its file system.
enum class PathFrom : std::uint8_t {
  user,    ///< given by the caller's user: 10 s, enough for an automount
  search,  ///< found by a search, so possibly anyone's: 1 s each, 2 s per minute in total
};

/// Opens `path` below `dir`, close-on-exec. `resolve` is a set of RESOLVE_* flags of openat2(2).
/// Errors: ETIMEDOUT, the file system does not answer.
Result<OwnedFd> open_answering(int dir, const std::string& path, int flags, PathFrom from,
                               std::uint64_t resolve = 0);

/// Computes a text in a child that reads files on such file systems. None: it has not finished
/// within 2 s. The child has the caller's memory and descriptors, but a single thread.
std::optional<std::string> text_in_time(const std::function<std::string()>& work);

// Opening paths that no other user can redirect.

/// Opens `path` as an O_PATH descriptor, component by component. Rejects a path that another user
/// could redirect, now or later.
///
/// Every component, including symbolic links, must be owned by root, the caller or the owner of
/// "/", and no directory, including the last, may be writable by others. The exception is a sticky
/// directory like /tmp, if the next component is owned by root or the caller: nobody else can
/// rename it (inode(7)). FUSE is rejected, because its server can report any owner.
///
/// In a user namespace, all users without a mapping look the same, and "/" usually belongs to one
/// of them. A component owned by such a user is accepted as if it were root's, except in a sticky
/// directory unless it is a namespace file.
///
/// A relative path starts at the working directory; its ancestors are not checked.
Result<OwnedFd> open_trusted(const std::string& path);

/// Returns whether a user is trusted like the caller: root, or the caller itself.
bool is_trusted_owner(uid_t owner);

/// Returns a path to an open descriptor, for mount(2), umount2(2) and inotify_add_watch(2), which
/// accept no descriptor. Requires proc(5) on /proc.
std::string path_of_fd(int fd);

}  // namespace nsx
