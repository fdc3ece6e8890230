#include "pin/journal.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/directory.hh"

namespace nsx {

namespace {

constexpr const char* kDirectory = "nsx-pin";

bool lock(int fd) {
  int failed = 0;
  do {
    failed = ::flock(fd, LOCK_EX);
  } while (failed != 0 && errno == EINTR);
  return failed == 0;
}

/// Whether the file is still the one of this path: another may have removed it while we waited.
bool is_linked(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 && st.st_nlink > 0;
}

}  // namespace

Result<Journal> Journal::begin(const std::string& root, const std::string& name) {
  constexpr const char* kNote = "note the change of pins in";
  const std::string directory = Journal::directory(root);
  Journal journal;
  journal.path_ = directory + '/' + name;
  for (;;) {
    // The last one to leave removes the directory.
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) return fail(kNote, directory);
    constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    OwnedFd fd(::open(journal.path_.c_str(), kFlags | O_EXCL, 0600));
    const bool is_new = static_cast<bool>(fd);
    if (!fd && errno == EEXIST) fd = OwnedFd(::open(journal.path_.c_str(), kFlags, 0600));
    if (!fd && errno == ENOENT) continue;
    if (!fd) return fail(kNote, journal.path_);
    if (!lock(fd.get())) return fail("lock", journal.path_);
    if (!is_linked(fd.get())) continue;
    journal.was_abandoned = !is_new;
    journal.lock_ = std::move(fd);
    return journal;
  }
}

Status Journal::end() {
  if (::unlink(path_.c_str()) != 0) return fail("remove", path_);
  ::rmdir(path_.substr(0, path_.rfind('/')).c_str());
  lock_ = OwnedFd();
  return {};
}

Journal::State Journal::look(int root, const std::string& name) {
  const std::string path = std::string(kDirectory) + '/' + name;
  const OwnedFd fd(::openat(root, path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  // One that is not for us to read is somebody's who works on it.
  if (!fd) return errno == ENOENT || errno == ENOTDIR ? State::none : State::busy;
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) != 0) return State::busy;
  return is_linked(fd.get()) ? State::abandoned : State::none;
}

std::string Journal::directory(const std::string& root) {
  return root + '/' + kDirectory;
}

std::vector<std::string> Journal::names(int root) {
  auto names = list_names_at(root, kDirectory);
  return names ? std::move(*names) : std::vector<std::string>{};
}

}  // namespace nsx
