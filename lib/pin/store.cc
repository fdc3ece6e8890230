// SPDX-License-Identifier: MIT
#include "pin/store.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/pin.hh>

#include "kernel/files.hh"
#include "try.hh"

namespace nsx {

namespace {

/// The parts of "/run/netns/blue": "/run" and "blue".
struct PathParts {
  std::string root;
  std::string name;
};

PathParts parts_of(const std::string& path) {
  const std::size_t last = path.rfind('/');
  const std::string directory = path.substr(0, last);
  return {directory.substr(0, directory.rfind('/')), path.substr(last + 1)};
}

tl::unexpected<Error> already_pinned(Kind kind, const std::string& path) {
  return fail(std::string("pin the ") + nsx::name(kind) + " namespace on", path, EEXIST,
              "choose another name, or run 'nsx-pin rm " + parts_of(path).name + "'");
}

/// Creates the file, which must not exist, and binds the namespace to it.
Status make_and_bind(Kind kind, int fd, int directory, const std::string& name,
                     const std::string& path) {
  for (;;) {
    const OwnedFd file(
        ::openat(directory, name.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0));
    if (!file) {
      if (errno == EEXIST) return already_pinned(kind, path);
      return fail(std::string("pin the ") + nsx::name(kind) + " namespace on", path);
    }
    auto bound = attempt([&] { return bind_to_file(kind, fd, file.get(), path); });
    if (bound) return {};
    // `ip netns del` takes no lock and may have removed it already.
    if (bound.error().code == ENOENT) continue;
    ::unlinkat(directory, name.c_str(), 0);
    return error_of(bound);
  }
}

/// Removes what make_and_bind() created.
Status unmount_and_remove(int directory, const std::string& name, const std::string& path) {
  TRY(unmount_namespaces(directory, name, path));
  if (::unlinkat(directory, name.c_str(), 0) != 0) return fail("remove", path);
  return {};
}

/// Checks a new name. Others see it in messages and lists, and some tools write it to a terminal
/// without escaping.
Status check_new_name(const std::string& name) {
  TRY(check_pin_name(name));
  for (std::string_view rest = name; !rest.empty();) {
    const Character character = first_character(rest);
    if (character.code && is_hidden(*character.code)) {
      return problem("invalid pin name '{}'", name, "it contains control or invisible characters");
    }
    rest.remove_prefix(character.length);
  }
  return {};
}

Result<MadePin> pin_one(const PinRoot& root, Kind kind, int fd, const std::string& name) {
  const std::string path = pin_path(kind, name, root.path);
  auto directory = TRY(PinDirectory::prepare(root, kind));
  auto done = attempt([&]() -> Result<MadePin> {
    // Allocated before the pin, which would be lost if memory ran out afterwards.
    MadePin pin{kind, path, directory.made_directory, directory.made_mount};
    TRY(make_and_bind(kind, fd, directory.fd(), name, path));
    return pin;
  });
  if (!done) directory.withdraw();
  return done;
}

Status withdraw_one(const PinRoot& root, const MadePin& pin) {
  auto directory = TRY(PinDirectory::lock(root, pin.kind));
  TRY(unmount_and_remove(directory.fd(), parts_of(pin.path).name, pin.path));
  directory.made_directory = pin.made_directory;
  directory.made_mount = pin.made_mount;
  directory.withdraw();
  return {};
}

void withdraw_all(const PinRoot& root, std::vector<MadePin>& made) {
  for (; !made.empty(); made.pop_back()) {
    // The first error is the one to report.
    [[maybe_unused]] const auto withdrawn =
        attempt([&] { return withdraw_one(root, made.back()); });
  }
}

/// Pins all or none. On success, `made` is the input of withdraw_all().
Status pin_all(const PinRoot& root, const std::string& name, std::span<const Namespace> namespaces,
               const std::function<Status()>& complete, std::vector<MadePin>& made) {
  made.reserve(namespaces.size());
  Status done;
  for (const Namespace& ns : namespaces) {
    auto pin = attempt([&] { return pin_one(root, ns.kind(), ns.fd(), name); });
    if (!pin) {
      done = error_of(pin);
      break;
    }
    made.push_back(std::move(*pin));
  }
  if (done && complete) done = attempt(complete);
  if (!done) withdraw_all(root, made);
  return done;
}

/// Creates namespaces and pins them under a journal, which shows others that the name is being
/// changed. Fails before creating any if one of `kinds` is already pinned.
Status pin_under_journal(const Kernel& kernel, const PinStore& store, const std::string& name,
                         KindSet kinds,
                         const std::function<Result<std::span<const Namespace>>()>& make,
                         const std::function<Status()>& complete) {
  const PinRoot root = root_of(store);
  auto journal = TRY(Journal::begin(root, name));
  if (journal.was_abandoned) {
    TRY(remove_all_files(kernel, store, name));
  }
  std::vector<MadePin> made;
  auto done = attempt([&]() -> Status {
    const KindSet taken = store.kinds(name);
    for (const Kind kind : kinds) {
      if (taken.contains(kind)) return already_pinned(kind, pin_path(kind, name, root.path));
    }
    auto namespaces = TRY(make());
    return pin_all(root, name, namespaces, complete, made);
  });
  auto ended = journal.end();
  // While the journal exists, others do not take the files for pins.
  if (done && !ended) withdraw_all(root, made);
  return done ? ended : done;
}

constexpr const char* kDirectory = "nsx-pin";

bool lock(int fd) {
  int failed = 0;
  do {
    failed = ::flock(fd, LOCK_EX);
  } while (failed != 0 && errno == EINTR);
  return failed == 0;
}

/// Whether the file still has its name: it may have been removed while this process waited.
bool is_linked(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 && st.st_nlink > 0;
}

}  // namespace

Result<PinStore> open_to_change(const Kernel& kernel, const std::string& root) {
  auto store = PinStore::open(kernel, root);
  if (store && store->directory() < 0) return fail("use the directory for pins", root, ENOENT);
  return store;
}

Result<MadePin> make_pin(Kind kind, int fd, const std::string& path) {
  const PathParts parts = parts_of(path);
  const auto root = TRY(open_root(parts.root));
  return pin_one({root.get(), parts.root}, kind, fd, parts.name);
}

Status withdraw_pin(const MadePin& pin) {
  const PathParts parts = parts_of(pin.path);
  const auto root = TRY(open_root(parts.root));
  return withdraw_one({root.get(), parts.root}, pin);
}

Status add_pins(const Kernel& kernel, const std::string& root, const std::string& name,
                std::span<const Namespace> namespaces, const std::function<Status()>& complete) {
  TRY(check_new_name(name));
  auto store = TRY(open_to_change(kernel, root));
  std::vector<MadePin> made;
  // A single file needs no journal if nothing else is to be done and no journal exists.
  if (namespaces.size() == 1 && !complete &&
      Journal::look(store.directory(), name) == Journal::State::none) {
    return pin_all(root_of(store), name, namespaces, complete, made);
  }
  auto make = [&]() -> Result<std::span<const Namespace>> { return namespaces; };
  return pin_under_journal(kernel, store, name, {}, make, complete);
}

Status add_made_pins(const Kernel& kernel, const std::string& root, const std::string& name,
                     KindSet kinds, const std::function<Result<std::span<const Namespace>>()>& make,
                     const std::function<Status()>& complete) {
  TRY(check_new_name(name));
  auto store = TRY(open_to_change(kernel, root));
  return pin_under_journal(kernel, store, name, kinds, make, complete);
}

Result<Journal> Journal::begin(const PinRoot& root, const std::string& name) {
  Journal journal;
  journal.root_ = root.fd;
  journal.name_ = name;
  journal.path_ = root.path + '/' + kDirectory + '/' + name;
  bool made_directory = false;
  if (auto ok = journal.lock_file(root.path + '/' + kDirectory, made_directory); !ok) {
    if (made_directory) ::unlinkat(root.fd, kDirectory, AT_REMOVEDIR);
    return error_of(ok);
  }
  return journal;
}

Status Journal::lock_file(const std::string& directory, bool& made_directory) {
  constexpr const char* kNote = "record the change of pins in";
  for (;;) {
    // Created again each time, as the last user removes the directory.
    made_directory = ::mkdirat(root_, kDirectory, 0755) == 0;
    if (!made_directory && errno != EEXIST) return fail(kNote, directory);
    directory_ = open_directory(root_);
    if (!directory_ && errno == ENOENT) continue;
    if (!directory_) return fail(kNote, directory);
    TRY(check_owner(directory_.get(), directory));
    constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const int dir = directory_.get();
    OwnedFd fd(::openat(dir, name_.c_str(), kFlags | O_EXCL, 0600));
    const bool is_new = static_cast<bool>(fd);
    if (!fd && errno == EEXIST) fd = OwnedFd(::openat(dir, name_.c_str(), kFlags, 0600));
    if (!fd && errno == ENOENT) continue;
    if (!fd) return fail(kNote, path_);
    if (!lock(fd.get())) {
      auto failure = fail("lock", path_);
      // Processes that wait for its lock notice that it is gone.
      if (is_new) ::unlinkat(dir, name_.c_str(), 0);
      return failure;
    }
    if (!is_linked(fd.get())) continue;
    was_abandoned = !is_new;
    lock_ = std::move(fd);
    return {};
  }
}

Status Journal::end() {
  if (::unlinkat(directory_.get(), name_.c_str(), 0) != 0) return fail("remove", path_);
  ::unlinkat(root_, kDirectory, AT_REMOVEDIR);
  lock_ = OwnedFd();
  return {};
}

Journal::State Journal::look(int root, const std::string& name) {
  const OwnedFd directory = open_directory(root);
  if (!directory) return errno == ENOENT || errno == ENOTDIR ? State::none : State::busy;
  const OwnedFd fd(
      ::openat(directory.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  // A journal without read permission belongs to another user, who is working on it.
  if (!fd) return errno == ENOENT ? State::none : State::busy;
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) != 0) return State::busy;
  return is_linked(fd.get()) ? State::abandoned : State::none;
}

OwnedFd Journal::open_directory(int root) {
  return OwnedFd(::openat(root, kDirectory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::vector<std::string> Journal::names(int root) {
  const OwnedFd directory = open_directory(root);
  if (!directory) return {};
  auto names = list_names_at(directory.get(), ".");
  return names ? std::move(*names) : std::vector<std::string>{};
}

}  // namespace nsx
