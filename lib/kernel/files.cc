#include "kernel/files.hh"

#include <climits>
#include <fcntl.h>
#include <unistd.h>

namespace nsx {

Result<OwnedFd> open_at(int dir, const char* path, int flags) {
  OwnedFd fd(::openat(dir, path, flags | O_CLOEXEC));
  if (!fd) return fail("open", path);
  return fd;
}

Result<std::string> read_file_at(int dir, const char* path) {
  auto file = open_at(dir, path, O_RDONLY);
  if (!file) return error_of(file);
  std::string text;
  std::size_t used = 0;
  for (;;) {
    if (text.size() - used < 1024) text.resize(text.size() * 2 + 4096);
    const ssize_t n = ::read(file->get(), text.data() + used, text.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("read", path);
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  text.resize(used);
  return text;
}

Status write_file_at(int dir, const char* path, const std::string& text) {
  auto file = open_at(dir, path, O_WRONLY);
  if (!file) return error_of(file);
  if (::write(file->get(), text.data(), text.size()) < 0) return fail("write", path);
  return {};
}

Result<std::string> read_link_at(int dir, const char* path) {
  char target[PATH_MAX];
  const ssize_t n = ::readlinkat(dir, path, target, sizeof target);
  if (n < 0) return fail("read the link", path);
  return std::string(target, static_cast<std::size_t>(n));
}

}  // namespace nsx
