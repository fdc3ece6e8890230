// SPDX-License-Identifier: MIT
#include "kernel/files.hh"

#include <algorithm>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/fd.hh>

#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Some file systems do not return the type with the name.
bool is_directory(int dir, const char* name) {
  struct stat st {};
  return ::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/// Calls take(directory descriptor, name, d_type) for each name, which is NUL-terminated.
template <class Take>
Status for_each_name(int dir, const char* path, Take take) {
  auto fd = open_at(dir, path, O_RDONLY | O_DIRECTORY);
  if (!fd) return fail("list", path, fd.error().code);
  // fdopendir(3) takes ownership of the descriptor, so it gets a copy.
  const int copy = ::fcntl(fd->get(), F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(copy < 0 ? nullptr : ::fdopendir(copy),
                                                      ::closedir);
  if (!directory) return fail("list", path);

  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") take(fd->get(), name, entry->d_type);
    errno = 0;
  }
  if (errno != 0) return fail("list", path);
  return {};
}

}  // namespace

Result<OwnedFd> open_at(int dir, const char* path, int flags) {
  OwnedFd fd(::openat(dir, path, flags | O_CLOEXEC));
  if (!fd) return fail("open", path);
  return fd;
}

Result<FileStart> read_start_at(int dir, const char* path, std::size_t limit) {
  auto file = TRY(open_at(dir, path, O_RDONLY));
  // One byte more than the limit tells whether the file is longer.
  const std::size_t most = limit + 1;
  std::string text;
  std::size_t used = 0;
  while (used < most) {
    if (text.size() - used < 1024) text.resize(std::min(text.size() * 2 + 4096, most));
    const ssize_t n = ::read(file.get(), text.data() + used, text.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("read", path);
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  text.resize(std::min(used, limit));
  return FileStart{std::move(text), used > limit};
}

Result<std::string> read_file_at(int dir, const char* path, std::size_t limit) {
  auto start = TRY(read_start_at(dir, path, limit));
  if (start.is_cut) return fail("read", path, EFBIG, too_long_hint(limit));
  return std::move(start.text);
}

Result<std::size_t> read_once_at(int dir, const char* path, std::span<char> buffer) {
  auto file = TRY(open_at(dir, path, O_RDONLY));
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return fail("read", path);
  }
}

std::string too_long_hint(std::size_t limit) {
  return "at most " + std::to_string(limit >> 20) + " MiB of it is read";
}

Status write_file_at(int dir, const char* path, const std::string& text) {
  auto file = TRY(open_at(dir, path, O_WRONLY));
  if (::write(file.get(), text.data(), text.size()) < 0) return fail("write", path);
  return {};
}

Result<std::string> read_link_at(int dir, const char* path) {
  char target[PATH_MAX];
  const ssize_t n = ::readlinkat(dir, path, target, sizeof target);
  if (n < 0) return fail("read the link", path);
  return std::string(target, static_cast<std::size_t>(n));
}

Result<std::string> read_path_of(int proc, int fd) {
  return read_link_at(proc, ("self/fd/" + std::to_string(fd)).c_str());
}

bool is_of_type(int fd, mode_t type) {
  struct statx st {};
  constexpr int kFlags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  return ::statx(fd, "", kFlags, STATX_TYPE, &st) == 0 && (st.stx_mode & S_IFMT) == type;
}

Result<std::vector<std::string>> list_names_at(int dir, const char* path) {
  std::vector<std::string> names;
  TRY(for_each_name(dir, path,
                    [&](int, std::string_view name, unsigned char) { names.emplace_back(name); }));
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> list_directories_at(int dir, const char* path) {
  std::vector<std::string> names;
  TRY(for_each_name(dir, path, [&](int here, std::string_view name, unsigned char type) {
    if (type == DT_DIR || (type == DT_UNKNOWN && is_directory(here, name.data()))) {
      names.emplace_back(name);
    }
  }));
  std::sort(names.begin(), names.end());
  return names;
}

Status for_each_pid_at(int dir, const char* path, const std::function<void(pid_t)>& take) {
  return for_each_name(dir, path, [&](int, std::string_view name, unsigned char) {
    if (const auto pid = parse_number<pid_t>(name)) take(*pid);
  });
}

Result<std::vector<pid_t>> list_pids_at(int dir, const char* path) {
  std::vector<pid_t> pids;
  TRY(for_each_pid_at(dir, path, [&](pid_t pid) { pids.push_back(pid); }));
  std::sort(pids.begin(), pids.end());
  return pids;
}

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

OwnedFd::~OwnedFd() {
  // Nothing is written through these descriptors, so an error of close(2) is of no use to a caller.
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace nsx
