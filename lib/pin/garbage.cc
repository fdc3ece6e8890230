#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/pin.hh>

#include "pin/directory.hh"
#include "pin/journal.hh"
#include "pin/store.hh"

namespace nsx {

namespace {

/// How old a file must be, in seconds, to be taken for left behind: `ip netns add` makes it before
/// the namespace is there, without keeping the lock.
constexpr std::int64_t kGrace = 1;

/// Waits until what has just been made would have its namespace.
void wait_for_grace(const PinFile& pin) {
  struct stat st {};
  if (::lstat(pin.path.c_str(), &st) != 0) return;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t age =
      (now.tv_sec - st.st_ctim.tv_sec) * 1'000'000'000 + (now.tv_nsec - st.st_ctim.tv_nsec);
  const std::int64_t left = kGrace * 1'000'000'000 - age;
  if (age < 0 || left <= 0) return;
  const timespec rest{left / 1'000'000'000, left % 1'000'000'000};
  ::nanosleep(&rest, nullptr);
}

/// What a pin leaves behind: an empty file, or a link that leads nowhere. Other things are not
/// ours.
bool is_leftover(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) return false;
  if (S_ISLNK(st.st_mode)) return ::stat(path.c_str(), &st) != 0 && errno == ENOENT;
  return S_ISREG(st.st_mode) && st.st_size == 0;
}

/// Looks again under the lock, and removes it then.
Result<bool> remove_stale(const Kernel& kernel, const PinFile& pin, const std::string& directory) {
  wait_for_grace(pin);
  auto locked = PinDirectory::lock(directory);
  if (!locked) return error_of(locked);
  auto ok = PinDirectory::check_owner(locked->fd(), directory);
  if (!ok) return error_of(ok);
  if (Namespace::open_file(kernel, pin.path) || !is_leftover(pin.path)) return false;
  if (::unlink(pin.path.c_str()) == 0) return true;
  // EBUSY: somebody has just mounted one.
  if (errno == ENOENT || errno == EBUSY) return false;
  return fail("remove", pin.path);
}

}  // namespace

Result<std::vector<PinFile>> collect_pin_garbage(const Kernel& kernel, const std::string& root,
                                                 bool dry_run) {
  std::vector<PinFile> garbage;
  auto store = PinStore::open(kernel, root);
  if (!store || store->directory() < 0)
    return store ? garbage : Result<std::vector<PinFile>>(error_of(store));
  auto pins = store->list(kernel);
  if (!pins) return error_of(pins);

  for (const std::string& name : Journal::names(store->directory())) {
    if (Journal::look(store->directory(), name) != Journal::State::abandoned) continue;
    std::vector<PinFile> half;
    for (const PinFile& pin : *pins) {
      if (pin.name == name) half.push_back(pin);
    }
    if (!dry_run) {
      auto journal = Journal::begin(root, name);
      if (!journal) return error_of(journal);
      if (journal->was_abandoned) {
        if (auto done = remove_all_files(kernel, root, name); !done) return error_of(done);
      }
      if (auto ended = journal->end(); !ended) return error_of(ended);
    }
    garbage.insert(garbage.end(), half.begin(), half.end());
  }
  for (PinFile& pin : *pins) {
    if (pin.state != PinState::stale || !is_leftover(pin.path)) continue;
    if (!dry_run) {
      auto removed = remove_stale(kernel, pin, pin_directory(pin.kind, root));
      if (!removed) return error_of(removed);
      if (!*removed) continue;
    }
    garbage.push_back(std::move(pin));
  }
  return garbage;
}

}  // namespace nsx
