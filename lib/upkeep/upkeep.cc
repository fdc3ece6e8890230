// SPDX-License-Identifier: MIT
#include "upkeep/upkeep.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "pin/store.hh"
#include "try.hh"

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

namespace {

constexpr const char* kWatch = "watch";

/// Returns the time left until then, for poll(2).
int milliseconds_until(PinHistory::Time then) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(then - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));
}

}  // namespace

Result<PinWatch> PinWatch::start(const Kernel& kernel, std::string root, bool is_users) {
  PinWatch watch(std::move(root), is_users);
  watch.inotify_ = OwnedFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.inotify_) return fail(kWatch, watch.root_);
  std::set<PinHistory::Key> removed;
  TRY(watch.settle(kernel, removed));
  watch.history_.emplace(watch.pins_);
  return watch;
}

/// Watches the existing directories. A directory that was mounted over another is a new one.
Status PinWatch::watch_directories() {
  std::map<int, std::optional<Kind>> watches;
  const auto add = [&](int directory, std::optional<Kind> kind) -> Status {
    constexpr std::uint32_t kWhat =
        IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR;
    const int watch = ::inotify_add_watch(inotify_.get(), path_of_fd(directory).c_str(), kWhat);
    if (watch < 0) return fail(kWatch, kind ? pin_directory(*kind, root_) : root_);
    watches.emplace(watch, kind);
    return {};
  };
  const auto root = TRY(open_root(root_));
  TRY(add(root.get(), std::nullopt));
  for (const Kind kind : KindSet::all()) {
    const auto directory = open_kind_directory({root.get(), root_}, kind);
    if (!directory) continue;
    TRY(add(directory->get(), kind));
  }
  if (const OwnedFd journals = Journal::open_directory(root.get())) {
    TRY(add(journals.get(), std::nullopt));
  }
  for (const auto& [watch, kind] : watches_) {
    // Fails if the directory is gone, and its watch as well.
    if (!watches.contains(watch)) ::inotify_rm_watch(inotify_.get(), watch);
  }
  watches_ = std::move(watches);
  return {};
}

/// Reads all events and records the removed files.
Status PinWatch::drain(std::set<PinHistory::Key>& removed) const {
  alignas(inotify_event) std::array<char, 16384> bytes;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return {};
    if (size < 0) return fail(kWatch, root_);
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, bytes.data() + at, sizeof event);
      const char* name = bytes.data() + at + sizeof event;
      at += sizeof event + event.len;
      const auto watch = watches_.find(event.wd);
      if (watch == watches_.end() || !watch->second || event.len == 0) continue;
      if ((event.mask & (IN_DELETE | IN_MOVED_FROM)) != 0) removed.emplace(name, *watch->second);
    }
  }
}

/// Opens the mountinfo of the process with the mounts, if that has changed. Must come before
/// listing the pins, so that later mounts are reported as events.
Status PinWatch::look_at_holder(const Kernel& kernel) {
  pid_t now = 0;
  if (is_users_) {
    auto holder = TRY(PinHolder::find(kernel, root_));
    if (holder) now = holder->pid();
  }
  if (mountinfo_ && now == holder_) return {};
  const std::string whose = now != 0 ? std::to_string(now) : "self";
  OwnedFd end(now != 0 ? abi::pidfd_open(now, 0) : -1);
  OwnedFd mountinfo(::openat(kernel.proc(), (whose + "/mountinfo").c_str(), O_RDONLY | O_CLOEXEC));
  if (!mountinfo || (now != 0 && !end)) {
    // It has exited; look for a new one.
    if (now != 0 && (errno == ENOENT || errno == ESRCH)) return look_at_holder(kernel);
    return fail(kWatch, "the mounts of " + (now != 0 ? "PID " + whose : "this process"));
  }
  holder_ = now;
  holder_end_ = std::move(end);
  mountinfo_ = std::move(mountinfo);
  return {};
}

Result<PinStore> PinWatch::open_store(const Kernel& kernel) {
  TRY(look_at_holder(kernel));
  if (holder_ == 0) return PinStore::open(kernel, root_);
  auto holder = TRY(PinHolder::find(kernel, root_));
  if (holder && holder->pid() == holder_) return holder->store();
  return PinStore::open(kernel, root_);
}

/// Lists the pins. Repeats until no event is pending for a change that the list may already
/// contain.
Status PinWatch::settle(const Kernel& kernel, std::set<PinHistory::Key>& removed) {
  // If changes never stop, accept a list that is slightly out of date.
  for (int attempt = 0; attempt < 50; ++attempt) {
    TRY(watch_directories());
    TRY(drain(removed));
    auto store = open_store(kernel);
    // The holder may exit between two calls.
    if (!store && is_users_ && attempt < 10) continue;
    if (!store) return error_of(store);
    pins_ = TRY(store->list(kernel));
    pollfd more{inotify_.get(), POLLIN, 0};
    if (::poll(&more, 1, 0) == 0) return {};
  }
  return {};
}

/// Returns whether there are events.
Result<bool> PinWatch::poll(std::optional<PinHistory::Time> deadline) {
  std::array<pollfd, 3> all{pollfd{inotify_.get(), POLLIN, 0}, pollfd{mountinfo_.get(), POLLPRI, 0},
                            pollfd{holder_end_.get(), POLLIN, 0}};
  const int ready = ::poll(all.data(), all.size(), deadline ? milliseconds_until(*deadline) : -1);
  if (ready < 0 && errno != EINTR) return fail(kWatch, root_);
  // There will be no more events about its mounts.
  if (ready > 0 && all[2].revents != 0) {
    mountinfo_ = OwnedFd();
    holder_end_ = OwnedFd();
  }
  return ready > 0;
}

Result<std::vector<PinEvent>> PinWatch::wait(const Kernel& kernel,
                                             std::optional<PinHistory::Time> deadline) {
  for (;;) {
    const auto due = history_->next_due();
    TRY(poll(due && deadline ? std::min(*due, *deadline) : due ? due : deadline));
    std::set<PinHistory::Key> removed;
    const std::vector<PinFile> before = pins_;
    TRY(settle(kernel, removed));
    auto events = history_->update(pins_, removed, std::chrono::steady_clock::now());
    const bool changed = !std::equal(before.begin(), before.end(), pins_.begin(), pins_.end(),
                                     [](const PinFile& a, const PinFile& b) {
                                       return a.name == b.name && a.kind == b.kind &&
                                              a.state == b.state && a.inode == b.inode;
                                     });
    if (!events.empty() || changed) return events;
    if (deadline && std::chrono::steady_clock::now() >= *deadline) return events;
  }
}

const char* name(PinEvent::What what) {
  switch (what) {
    case PinEvent::What::added:
      return "add";
    case PinEvent::What::removed:
      return "del";
    case PinEvent::What::stale:
      break;
  }
  return "stale";
}

PinHistory::PinHistory(const std::vector<PinFile>& pins) {
  for (const PinFile& pin : pins) {
    // A pin that is being made will be reported as added.
    if (pin.state == PinState::half) continue;
    known_[{pin.name, pin.kind}] = {
        .pin = pin, .is_live = pin.state == PinState::live, .is_told = true, .due = {}};
  }
}

std::vector<PinEvent> PinHistory::update(const std::vector<PinFile>& pins,
                                         const std::set<Key>& removed, Time now) {
  std::map<Key, const PinFile*> there;
  for (const PinFile& pin : pins)
    there[{pin.name, pin.kind}] = &pin;

  std::vector<PinEvent> events;
  for (auto it = known_.begin(); it != known_.end();) {
    const auto& [key, known] = *it;
    const auto found = there.find(key);
    const bool is_another = found != there.end() && known.is_live && known.pin.inode != 0 &&
                            found->second->inode != 0 && found->second->inode != known.pin.inode;
    if (found != there.end() && !is_another && !removed.contains(key)) {
      ++it;
      continue;
    }
    if (known.is_told) events.push_back({PinEvent::What::removed, known.pin});
    it = known_.erase(it);
  }
  for (const auto& [key, pin] : there)
    look(known_[key], *pin, now, events);
  return events;
}

void PinHistory::look(Known& known, const PinFile& pin, Time now, std::vector<PinEvent>& events) {
  // Keep the namespace that was reported, for the event of its removal.
  if (known.pin.inode == 0 || pin.inode != 0) known.pin = pin;
  switch (pin.state) {
    case PinState::half:
      known.due.reset();
      return;
    case PinState::live:
    // These states only occur in examined lists.
    case PinState::dead:
    case PinState::elsewhere:
      known.due.reset();
      if (!known.is_live) events.push_back({PinEvent::What::added, pin});
      known.is_live = known.is_told = true;
      return;
    case PinState::stale:
    case PinState::shadowed:
      break;
  }
  if (known.is_told && !known.is_live) return;
  if (!known.due) known.due = now + kGrace;
  if (now < *known.due) return;
  known.due.reset();
  known.is_live = false;
  known.is_told = true;
  PinFile told = known.pin;
  told.state = pin.state;
  events.push_back({PinEvent::What::stale, std::move(told)});
}

std::optional<PinHistory::Time> PinHistory::next_due() const {
  std::optional<Time> next;
  for (const auto& [key, known] : known_) {
    if (known.due && (!next || *known.due < *next)) next = known.due;
  }
  return next;
}

}  // namespace nsx
