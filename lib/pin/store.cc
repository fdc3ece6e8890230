#include "pin/store.hh"

#include <algorithm>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <nsx/pin.hh>

#include "pin/directory.hh"
#include "pin/journal.hh"

namespace nsx {

namespace {

std::string directory_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

/// Makes the file, which must not be there, and binds the namespace to it.
Status make_and_bind(Kind kind, int fd, const std::string& path) {
  for (;;) {
    const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
    if (!file) {
      const int code = errno;
      return fail(std::string("pin the ") + name(kind) + " namespace on", path, code,
                  code == EEXIST ? "there is a pin of this name" : "");
    }
    auto bound = bind_namespace(kind, fd, path);
    if (bound) return {};
    // `ip netns del` takes no lock, and may have removed it already.
    if (bound.error().code == ENOENT) continue;
    ::unlink(path.c_str());
    return error_of(bound);
  }
}

/// What make_pin() has made, in a directory that only root can change.
Status unmount_and_remove(const std::string& path) {
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) return fail("unmount", path);
  if (::unlink(path.c_str()) != 0) return fail("remove", path);
  return {};
}

/// Others see it in messages and lists, and some of them write it to a terminal as it is.
Status check_new_name(const std::string& name) {
  if (auto ok = check_pin_name(name); !ok) return ok;
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::none_of(name.begin(), name.end(), is_control)) return {};
  return refuse("use as the name of a pin", '\'' + name + '\'', "it has control characters");
}

Status pin_all(const std::string& root, const std::string& name,
               std::span<const Namespace> namespaces, const std::function<Status()>& complete) {
  std::vector<MadePin> made;
  Status done;
  for (const Namespace& ns : namespaces) {
    auto pin = make_pin(ns.kind(), ns.fd(), pin_path(ns.kind(), name, root));
    if (!pin) {
      done = error_of(pin);
      break;
    }
    made.push_back(std::move(*pin));
  }
  if (done && complete) done = complete();
  if (done) return done;
  for (; !made.empty(); made.pop_back()) {
    // The first failure is the one to tell.
    [[maybe_unused]] const auto withdrawn = withdraw_pin(made.back());
  }
  return done;
}

}  // namespace

Result<MadePin> make_pin(Kind kind, int fd, const std::string& path) {
  auto directory = PinDirectory::prepare(directory_of(path), kind);
  if (!directory) return error_of(directory);
  if (auto done = make_and_bind(kind, fd, path); !done) {
    directory->withdraw();
    return error_of(done);
  }
  return MadePin{kind, path, directory->made_directory, directory->made_mount};
}

Status withdraw_pin(const MadePin& pin) {
  auto directory = PinDirectory::lock(directory_of(pin.path));
  if (!directory) return error_of(directory);
  if (auto done = unmount_and_remove(pin.path); !done) return done;
  directory->made_directory = pin.made_directory;
  directory->made_mount = pin.made_mount;
  directory->withdraw();
  return {};
}

Status add_pins(const Kernel& kernel, const std::string& root, const std::string& name,
                std::span<const Namespace> namespaces, const std::function<Status()>& complete) {
  if (auto ok = check_new_name(name); !ok) return ok;
  // One file needs no journal, if there is nothing else to do. But there may be one.
  if (namespaces.size() == 1 && !complete) {
    const OwnedFd directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return fail("open the directory for pins", root);
    if (Journal::look(directory.get(), name) == Journal::State::none) {
      return pin_all(root, name, namespaces, complete);
    }
  }
  auto journal = Journal::begin(root, name);
  if (!journal) return error_of(journal);
  if (journal->was_abandoned) {
    if (auto done = remove_all_files(kernel, root, name); !done) return done;
  }
  auto done = pin_all(root, name, namespaces, complete);
  auto ended = journal->end();
  return done ? ended : done;
}

}  // namespace nsx
