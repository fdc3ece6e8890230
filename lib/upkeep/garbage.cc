// SPDX-License-Identifier: MIT
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pin/store.hh"
#include "try.hh"
#include "upkeep/upkeep.hh"

namespace nsx {

namespace {

/// The minimum age of a leftover file in seconds: `ip netns add` creates the file before its
/// namespace, without keeping the lock.
constexpr std::int64_t kGrace = 1;

/// Waits until a new file is old enough to have its namespace.
void wait_for_grace(int file) {
  struct stat st {};
  if (::fstat(file, &st) != 0) return;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t age =
      (now.tv_sec - st.st_ctim.tv_sec) * 1'000'000'000 + (now.tv_nsec - st.st_ctim.tv_nsec);
  const std::int64_t left = kGrace * 1'000'000'000 - age;
  if (age < 0 || left <= 0) return;
  const timespec rest{left / 1'000'000'000, left % 1'000'000'000};
  ::nanosleep(&rest, nullptr);
}

/// Whether this is the leftover of a pin: an empty file in the directory itself. Other files do not
/// belong to nsx.
bool is_leftover(const Result<std::optional<PinEntry>>& entry) {
  return entry && *entry && !(*entry)->is_mount && (*entry)->is_empty_file;
}

/// Whether this is a leftover, after waiting until it is old enough.
bool is_old_leftover(const PinRoot& root, const PinFile& pin) {
  const auto directory = open_kind_directory(root, pin.kind);
  if (!directory) return false;
  const auto entry = look_at_entry(directory->get(), pin.name, pin.path);
  if (!is_leftover(entry)) return false;
  wait_for_grace((*entry)->fd.get());
  return true;
}

/// Checks again under the lock, and removes the file.
Result<bool> remove_stale(const PinRoot& root, const PinFile& pin) {
  const auto locked = TRY(PinDirectory::lock(root, pin.kind));
  if (!is_leftover(look_at_entry(locked.fd(), pin.name, pin.path))) return false;
  if (::unlinkat(locked.fd(), pin.name.c_str(), 0) == 0) return true;
  // EBUSY: a namespace has just been mounted on it.
  if (errno == ENOENT || errno == EBUSY) return false;
  return fail("remove", pin.path);
}

/// Returns stale pins that are not mounted anywhere and not about to be, and dead ones.
Result<std::vector<PinFile>> find_useless(const Kernel& kernel, const PinStore& store,
                                          std::vector<PinFile> pins) {
  const auto is_stale = [&](const PinFile& pin) {
    return pin.state == PinState::stale && is_old_leftover(root_of(store), pin);
  };
  std::erase_if(pins, [&](const PinFile& pin) {
    const bool may_be_dead = pin.state == PinState::live && pin.kind == Kind::pid;
    return !may_be_dead && !is_stale(pin);
  });
  // Not earlier, as the namespace of a new pin may have been mounted in the meantime, here or
  // elsewhere.
  TRY(store.examine(kernel, pins));
  std::erase_if(pins,
                [&](const PinFile& pin) { return pin.state != PinState::dead && !is_stale(pin); });
  return pins;
}

/// Removes one of these. Returns whether it still existed.
Result<bool> remove_useless(const PinRoot& root, const PinFile& pin) {
  if (pin.state == PinState::stale) return remove_stale(root, pin);
  auto done = remove_file(pin.kind, root, pin.name);
  return done ? Result<bool>(true) : error_of(done);
}

}  // namespace

Result<std::vector<PinFile>> collect_pin_garbage(const Kernel& kernel, const std::string& root,
                                                 bool dry_run) {
  std::vector<PinFile> garbage;
  auto store = PinStore::open(kernel, root);
  if (!store || store->directory() < 0)
    return store ? garbage : Result<std::vector<PinFile>>(error_of(store));
  auto pins = TRY(store->list(kernel));

  for (const std::string& name : Journal::names(store->directory())) {
    if (Journal::look(store->directory(), name) != Journal::State::abandoned) continue;
    std::vector<PinFile> half;
    for (const PinFile& pin : pins) {
      if (pin.name == name) half.push_back(pin);
    }
    if (!dry_run) {
      auto journal = TRY(Journal::begin(root_of(*store), name));
      if (journal.was_abandoned) {
        TRY(remove_all_files(kernel, *store, name));
      }
      TRY(journal.end());
    }
    garbage.insert(garbage.end(), half.begin(), half.end());
  }
  auto useless = TRY(find_useless(kernel, *store, std::move(pins)));
  for (PinFile& pin : useless) {
    if (!dry_run) {
      auto removed = TRY(remove_useless(root_of(*store), pin));
      if (!removed) continue;
    }
    garbage.push_back(std::move(pin));
  }
  return garbage;
}

}  // namespace nsx
