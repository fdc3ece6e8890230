// SPDX-License-Identifier: MIT
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "transfer/sides.hh"
#include "try.hh"

namespace nsx::transfer_part {

namespace {

/// The most names that are read from one directory. More only come from a file system that invents
/// them.
constexpr std::size_t kMaxNames = std::size_t{1} << 22;

constexpr std::string_view kCapability = "security.capability";

// Devices are never opened, but a file could be one that waits, for a lease.
constexpr int kToRead = O_RDONLY | O_NONBLOCK | O_NOCTTY;

/// Returns why a type of file is not copied, or null.
const char* special_type(mode_t mode) {
  if (S_ISSOCK(mode)) return "socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "device";
  return nullptr;
}

class Reader {
 public:
  Reader(const Channel& channel, const Side& side, const Copy& copy, const TransferEvents& events)
      : channel_(channel), side_(side), copy_(copy), events_(events), path_(copy.source) {}

  Ending read() {
    Status status = read_all();
    return {std::move(status), is_others_};
  }

 private:
  bool is_put() const { return copy_.direction == Copy::Direction::put; }

  tl::unexpected<Error> failed(int code = errno) const { return fail("copy {}", path_, code); }
  tl::unexpected<Error> failed(const char* reason) const {
    return refuse("copy {}", path_, reason);
  }

  template <class Message>
  Status send_and_wait(const Message& message) {
    TRY(send(channel_, message));
    auto answer = receive_answer(channel_, events_);
    is_others_ = !answer;
    return answer;
  }

  Status note(const std::string& text) {
    // The events of a child are messages, too.
    events_.note(text);
    return {};
  }

  Status read_all() {
    if (is_put() && copy_.source == kStandardStream) {
      Entry entry{.type = Type::stream, .content = OwnedFd(::fcntl(0, F_DUPFD_CLOEXEC, 3))};
      if (!entry.content) return failed();
      TRY(send_and_wait(entry));
    } else {
      auto named = open_named(side_, copy_.source, O_PATH);
      if (!named) return fail("copy {}", path_, named.error().code, named.error().hint());
      TRY(read_named(*named));
    }
    return send_and_wait(EndOfTree{});
  }

  /// Reads what the source names, after any links.
  Status read_named(const OwnedFd& file) {
    struct stat st {};
    if (::fstat(file.get(), &st) != 0) return failed();
    if (const char* special = special_type(st.st_mode)) {
      return failed((std::string("it is a ") + special).c_str());
    }
    if (S_ISREG(st.st_mode)) {
      auto content = open_answering(file.get(), path_of_fd(file.get()), kToRead, PathFrom::user);
      if (!content) return fail("copy {}", path_, content.error().code, content.error().hint());
      return send_file("", st, std::move(*content));
    }
    // On the host it is often that of a process substitution.
    if (S_ISFIFO(st.st_mode) && is_put()) {
      Entry entry{.type = Type::stream, .content = reopen(file.get(), O_RDONLY)};
      if (!entry.content) return failed();
      return send_and_wait(entry);
    }
    return read_node("", file, st, 0);
  }

  static Entry entry_of(Type type, const std::string& name, const struct stat& st) {
    return {.type = type,
            .name = name,
            .mode = st.st_mode & 07777U,
            .uid = st.st_uid,
            .gid = st.st_gid,
            .modified = st.st_mtim};
  }

  Status read_node(const std::string& name, const OwnedFd& file, const struct stat& st,
                   std::size_t depth) {
    if (S_ISDIR(st.st_mode)) return read_directory(name, file, st, depth);
    if (S_ISREG(st.st_mode)) {
      OwnedFd content = reopen(file.get(), kToRead);
      if (!content) return failed();
      return send_file(name, st, std::move(content));
    }
    if (S_ISFIFO(st.st_mode)) return send_and_wait(entry_of(Type::fifo, name, st));
    if (S_ISLNK(st.st_mode)) {
      Entry entry = entry_of(Type::link, name, st);
      entry.link.resize(PATH_MAX);
      const ssize_t n = ::readlinkat(file.get(), "", entry.link.data(), entry.link.size());
      if (n < 0) return failed();
      entry.link.resize(static_cast<std::size_t>(n));
      return send_and_wait(entry);
    }
    return note("skipped " + path_ + ", a " + (S_ISSOCK(st.st_mode) ? "socket" : "device"));
  }

  Status send_file(const std::string& name, const struct stat& st, OwnedFd content) {
    Entry entry = entry_of(Type::file, name, st);
    if (st.st_nlink > 1) entry.same_file = identity_of(st);
    entry.attributes = TRY(attributes_of(content.get()));
    entry.content = std::move(content);
    return send_and_wait(entry);
  }

  Status read_directory(const std::string& name, const OwnedFd& file, const struct stat& st,
                        std::size_t depth) {
    if (depth >= kMaxDepth) return failed(kTooDeep);
    const OwnedFd directory(::openat(file.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return failed();
    // /proc and /sys of a root directory are not its files.
    if (depth > 0 && st.st_dev != above_ && is_on_kernel_file_system(directory.get())) {
      return note("skipped " + path_ + ", which is a file system of the kernel");
    }
    Entry entry = entry_of(Type::directory, name, st);
    entry.same_file = identity_of(st);
    entry.attributes = TRY(attributes_of(directory.get()));
    TRY(send_and_wait(entry));
    const auto names = TRY(names_in(directory.get()));
    const std::size_t length = path_.size();
    const dev_t above = std::exchange(above_, st.st_dev);
    for (const std::string& each : names) {
      if (!path_.ends_with('/')) path_ += '/';
      path_ += each;
      TRY(read_entry(directory.get(), each, depth + 1));
      path_.resize(length);
    }
    above_ = above;
    return send_and_wait(EndOfDirectory{});
  }

  Status read_entry(int directory, const std::string& name, std::size_t depth) {
    const OwnedFd file(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    // Removed since the directory was read.
    if (!file && errno == ENOENT) return {};
    struct stat st {};
    if (!file || ::fstat(file.get(), &st) != 0) return failed();
    return read_node(name, file, st, depth);
  }

  Result<std::vector<std::string>> names_in(int directory) const {
    const int copy = ::fcntl(directory, F_DUPFD_CLOEXEC, 0);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(copy < 0 ? nullptr : ::fdopendir(copy),
                                                     ::closedir);
    if (!stream) {
      auto error = failed();
      if (copy >= 0) ::close(copy);
      return error;
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      // A file system may invent names that lead elsewhere.
      if (is_entry_name(entry->d_name)) names.emplace_back(entry->d_name);
      if (names.size() > kMaxNames) return failed(EFBIG);
      errno = 0;
    }
    if (errno != 0) return failed();
    return names;
  }

  /// Reads the attributes that may be copied. A file system without any has none.
  Result<std::vector<Attribute>> attributes_of(int file) const {
    std::vector<Attribute> attributes;
    std::string list(XATTR_LIST_MAX, '\0');
    const ssize_t length = ::flistxattr(file, list.data(), list.size());
    if (length <= 0) return attributes;
    list.resize(static_cast<std::size_t>(length));
    std::string value(XATTR_SIZE_MAX, '\0');
    std::size_t size = 0;
    for (std::size_t at = 0; at < list.size();) {
      const std::string name = list.c_str() + at;
      at += name.size() + 1;
      if (!name.starts_with("user.") && !(is_put() && name == kCapability)) continue;
      const ssize_t n = ::fgetxattr(file, name.c_str(), value.data(), value.size());
      if (n < 0) continue;  // removed, or not for this user
      attributes.push_back({name, value.substr(0, static_cast<std::size_t>(n))});
      size += name.size() + static_cast<std::size_t>(n);
      if (size > kMaxAttributes) return failed("it has more than 1 MiB of extended attributes");
    }
    return attributes;
  }

  const Channel& channel_;
  const Side& side_;
  const Copy& copy_;
  const TransferEvents& events_;
  std::string path_;  ///< of the present entry, for messages
  dev_t above_ = 0;   ///< the file system of the directory above
  bool is_others_ = false;
};

}  // namespace

Ending read_source(const Channel& channel, const Side& side, const Copy& copy,
                   const TransferEvents& events) {
  return Reader(channel, side, copy, events).read();
}

}  // namespace nsx::transfer_part
