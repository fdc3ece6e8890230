// SPDX-License-Identifier: MIT
#include <cerrno>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "transfer/sides.hh"

namespace nsx::transfer_part {

namespace {

constexpr int kAttempts = 10;
constexpr mode_t kPrivate = 0600;

/// Returns whether open(2) failed because the file system has no files without a name.
bool lacks_unnamed_files(int code) {
  return code == EOPNOTSUPP || code == EISDIR || code == EINVAL;
}

}  // namespace

std::string hidden_name() {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";
  std::array<unsigned char, 16> random{};
  // As few bytes as these are never cut short (getrandom(2)), and without them the name is taken at
  // worst.
  [[maybe_unused]] const ssize_t n = ::getrandom(random.data(), random.size(), 0);
  std::string name = ".nsx-";
  for (const unsigned char byte : random)
    name += kLetters[byte % kLetters.size()];
  return name;
}

int rename_or_remove(int directory, const std::string& hidden, const std::string& name) {
  if (::renameat(directory, hidden.c_str(), directory, name.c_str()) == 0) return 0;
  const int code = errno;
  ::unlinkat(directory, hidden.c_str(), 0);
  return code;
}

int link_as(int file, int directory, const std::string& name) {
  const std::string path = path_of_fd(file);
  const auto link = [&](const std::string& as) {
    const int done = ::linkat(AT_FDCWD, path.c_str(), directory, as.c_str(), AT_SYMLINK_FOLLOW);
    return done == 0 ? 0 : errno;
  };
  int code = link(name);
  for (int i = 0; code == EEXIST && i < kAttempts; ++i) {
    const std::string hidden = hidden_name();
    code = link(hidden);
    if (code != 0) continue;
    code = rename_or_remove(directory, hidden, name);
    // Renaming does nothing if both are the same file.
    if (code == 0) ::unlinkat(directory, hidden.c_str(), 0);
    return code;
  }
  return code;
}

Result<NewFile> NewFile::create(int directory) {
  OwnedFd unnamed(::openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kPrivate));
  if (unnamed) return NewFile(directory, std::move(unnamed));
  if (!lacks_unnamed_files(errno)) return fail("create", "a file");

  NewFile file(directory, OwnedFd());
  for (int i = 0; i < kAttempts; ++i) {
    std::string name = hidden_name();
    file.fd_ = OwnedFd(::openat(directory, name.c_str(),
                                O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kPrivate));
    if (file.fd_) {
      file.hidden_ = std::move(name);
      return file;
    }
    if (errno != EEXIST) break;
  }
  return fail("create", "a file");
}

NewFile::NewFile(NewFile&& other) noexcept
    : directory_(other.directory_),
      fd_(std::move(other.fd_)),
      hidden_(std::exchange(other.hidden_, {})) {}

NewFile::~NewFile() {
  if (!hidden_.empty()) ::unlinkat(directory_, hidden_.c_str(), 0);
}

int NewFile::place(const std::string& name) {
  if (hidden_.empty()) return link_as(fd(), directory_, name);
  // The destructor removes it if this fails.
  if (::renameat(directory_, hidden_.c_str(), directory_, name.c_str()) != 0) return errno;
  hidden_.clear();
  return 0;
}

}  // namespace nsx::transfer_part
