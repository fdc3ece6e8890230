#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>

#include <nsx/pin_watch.hh>

#include "kernel/abi.hh"
#include "pin/journal.hh"

namespace nsx {

namespace {

constexpr const char* kWatch = "watch";

/// The time left until then, for poll(2).
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
  if (auto done = watch.settle(kernel, removed); !done) return error_of(done);
  watch.history_.emplace(watch.pins_);
  return watch;
}

/// Those that are there; a directory that was mounted over one is another.
Status PinWatch::watch_directories() {
  std::map<int, std::optional<Kind>> watches;
  const auto add = [&](const std::string& path, std::optional<Kind> kind) {
    constexpr std::uint32_t kWhat =
        IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR;
    const int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), kWhat);
    if (watch >= 0) watches.emplace(watch, kind);
    return watch >= 0;
  };
  if (!add(root_, std::nullopt)) return fail(kWatch, root_);
  const auto add_if_there = [&](const std::string& path, std::optional<Kind> kind) -> Status {
    if (add(path, kind) || errno == ENOENT || errno == ENOTDIR) return {};
    return fail(kWatch, path);
  };
  for (const Kind kind : KindSet::all()) {
    if (auto done = add_if_there(pin_directory(kind, root_), kind); !done) return done;
  }
  if (auto done = add_if_there(Journal::directory(root_), std::nullopt); !done) return done;
  for (const auto& [watch, kind] : watches_) {
    // Fails where the directory is gone, and the watch with it.
    if (!watches.contains(watch)) ::inotify_rm_watch(inotify_.get(), watch);
  }
  watches_ = std::move(watches);
  return {};
}

/// Takes all events; notes those of files that are gone.
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

/// Opens the mountinfo of whoever has the mounts, if that changes. Before the pins are listed: what
/// is mounted later is an event.
Status PinWatch::look_at_holder(const Kernel& kernel) {
  pid_t now = 0;
  if (is_users_) {
    auto holder = PinHolder::find(kernel, root_);
    if (!holder) return error_of(holder);
    if (*holder) now = (*holder)->pid();
  }
  if (mountinfo_ && now == holder_) return {};
  const std::string whose = now != 0 ? std::to_string(now) : "self";
  OwnedFd end(now != 0 ? abi::pidfd_open(now, 0) : -1);
  OwnedFd mountinfo(::openat(kernel.proc(), (whose + "/mountinfo").c_str(), O_RDONLY | O_CLOEXEC));
  if (!mountinfo || (now != 0 && !end)) {
    // It has ended: to be looked for again.
    if (now != 0 && (errno == ENOENT || errno == ESRCH)) return look_at_holder(kernel);
    return fail(kWatch, "the mounts of " + (now != 0 ? "PID " + whose : "this process"));
  }
  holder_ = now;
  holder_end_ = std::move(end);
  mountinfo_ = std::move(mountinfo);
  return {};
}

Result<PinStore> PinWatch::open_store(const Kernel& kernel) {
  if (auto done = look_at_holder(kernel); !done) return error_of(done);
  if (holder_ == 0) return PinStore::open(kernel, root_);
  auto holder = PinHolder::find(kernel, root_);
  if (!holder) return error_of(holder);
  if (*holder && (*holder)->pid() == holder_) return (*holder)->store();
  return PinStore::open(kernel, root_);
}

/// Lists the pins, so that there is no event of a file that the list may know of already.
Status PinWatch::settle(const Kernel& kernel, std::set<PinHistory::Key>& removed) {
  // Where changes never end, a list that is a bit older than they are will do.
  for (int attempt = 0; attempt < 50; ++attempt) {
    if (auto done = watch_directories(); !done) return done;
    if (auto done = drain(removed); !done) return done;
    auto store = open_store(kernel);
    // The holder may end between two looks at it.
    if (!store && is_users_ && attempt < 10) continue;
    if (!store) return error_of(store);
    auto pins = store->list(kernel);
    if (!pins) return error_of(pins);
    pins_ = std::move(*pins);
    pollfd more{inotify_.get(), POLLIN, 0};
    if (::poll(&more, 1, 0) == 0) return {};
  }
  return {};
}

/// Whether anything has come.
Result<bool> PinWatch::poll(std::optional<PinHistory::Time> deadline) {
  std::array<pollfd, 3> all{pollfd{inotify_.get(), POLLIN, 0}, pollfd{mountinfo_.get(), POLLPRI, 0},
                            pollfd{holder_end_.get(), POLLIN, 0}};
  const int ready = ::poll(all.data(), all.size(), deadline ? milliseconds_until(*deadline) : -1);
  if (ready < 0 && errno != EINTR) return fail(kWatch, root_);
  // Of its mounts there will be no more events.
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
    auto woken = poll(due && deadline ? std::min(*due, *deadline) : due ? due : deadline);
    if (!woken) return error_of(woken);
    std::set<PinHistory::Key> removed;
    const std::vector<PinFile> before = pins_;
    if (auto done = settle(kernel, removed); !done) return error_of(done);
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

}  // namespace nsx
