// SPDX-License-Identifier: MIT
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

#include "transfer/destination.hh"
#include "transfer/sides.hh"
#include "try.hh"

namespace nsx::transfer_part {

namespace {

constexpr mode_t kPrivate = 0700;
constexpr mode_t kUsualMode = 0666;

class Writer {
 public:
  Writer(const Channel& channel, const Channel& caller, const Side& side, const Copy& copy,
         const OwnerMaps& owners, const TransferEvents& events)
      : channel_(channel),
        side_(side),
        copy_(copy),
        owners_(owners),
        events_(events),
        properties_(copy, owners, events),
        watch_(caller, events),
        path_(copy.destination),
        // The modes of the source count.
        umask_(::umask(0)) {}

  Writer(Writer&&) = delete;
  Writer& operator=(Writer&&) = delete;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { ::umask(umask_); }

  Ending write() {
    Status status = write_all();
    return {std::move(status), is_others_};
  }

 private:
  /// A directory that is being filled.
  struct Level {
    OwnedFd directory;
    std::string name;            ///< in the directory above
    std::size_t length;          ///< of path_ without it
    std::optional<Entry> entry;  ///< its properties; none: it existed before
  };

  /// A file with several names that was made.
  struct Made {
    std::vector<std::string> path;  ///< from the first level
    dev_t device;
    ino_t inode;
  };

  tl::unexpected<Error> failed(int code = errno) const { return fail("write {}", path_, code); }
  tl::unexpected<Error> failed(const char* reason) const {
    return refuse("write {}", path_, reason);
  }

  Status write_all() {
    using What = Received::What;
    for (;;) {
      auto received = TRY(receive(channel_));
      if (received.what == What::note) {
        events_.note(received.text);
        continue;
      }
      if (received.what == What::failure) {
        is_others_ = true;
        return tl::unexpected(std::move(received.error));
      }
      const bool is_end = received.what == What::end_of_tree;
      Status status = is_end                         ? end_tree()
                      : received.what == What::entry ? take(std::move(received.entry))
                                                     : end_directory();
      TRY(channel_.send_status(status));
      if (!status || is_end) return status;
    }
  }

  // --- The order of the entries ------------------------------------------------------------------

  Status take(Entry entry) {
    if (copy_.direction == Copy::Direction::get && copy_.destination == kStandardStream) {
      return write_to_stdout(entry);
    }
    if (has_begun_ == entry.name.empty()) return failed(EPROTO);
    if (!has_begun_) {
      has_begun_ = true;
      return take_named(std::move(entry));
    }
    if (levels_.empty()) return failed(EPROTO);
    const int directory = levels_.back().directory.get();
    const std::string name = entry.name;
    const std::size_t length = path_.size();
    append_to_path(name);
    TRY(take_in(directory, name, length, std::move(entry)));
    return {};
  }

  /// Takes the entry that the source names.
  Status take_named(Entry entry) {
    auto place = TRY(find_destination(side_, copy_, entry.type));
    path_ = place.path;
    const std::size_t length = path_.size();
    if (place.in_place) return write_in_place(place.in_place, entry.content.get(), entry.type);
    if (place.merges) {
      levels_.push_back({std::move(place.directory), "", length, std::nullopt});
      return {};
    }
    top_ = std::move(place.directory);
    return take_in(top_.get(), place.name, length, std::move(entry));
  }

  Status take_in(int directory, const std::string& name, std::size_t length, Entry entry) {
    switch (entry.type) {
      case Type::directory:
        return begin_directory(directory, name, length, std::move(entry));
      case Type::file:
      case Type::stream:
        TRY(write_file(directory, name, entry));
        break;
      case Type::link:
      case Type::fifo:
        TRY(write_special(directory, name, entry));
        break;
    }
    path_.resize(length);
    return {};
  }

  void append_to_path(const std::string& name) {
    if (!path_.ends_with('/')) path_ += '/';
    path_ += name;
  }

  Status end_tree() const {
    if (!has_begun_ || !levels_.empty()) return failed(EPROTO);
    return {};
  }

  Status write_to_stdout(const Entry& entry) {
    has_begun_ = true;
    if (entry.type != Type::file) return failed("the source is not a regular file");
    auto done = copy_stream(entry.content.get(), STDOUT_FILENO, watch_, "standard output");
    // A reader that has exited may have read everything it wanted.
    if (!done && done.error().code == EPIPE) return {};
    return done;
  }

  // --- Directories -------------------------------------------------------------------------------

  Status begin_directory(int above, const std::string& name, std::size_t length, Entry entry) {
    if (levels_.size() >= kMaxDepth) return failed(kTooDeep);
    if (!copy_of_top_.empty() && entry.same_file == copy_of_top_)
      return failed("the source contains the destination");
    timespec before{};
    if (::clock_gettime(CLOCK_REALTIME_COARSE, &before) != 0) return failed();
    if (::mkdirat(above, name.c_str(), kPrivate) == 0) {
      OwnedFd made(::openat(above, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!made) return failed();
      if (!is_new_directory(made.get(), before)) return failed("it was replaced meanwhile");
      struct stat st {};
      if (levels_.empty() && ::fstat(made.get(), &st) == 0) copy_of_top_ = identity_of(st);
      levels_.push_back({std::move(made), name, length, std::move(entry)});
      return {};
    }
    if (errno != EEXIST) return failed();
    OwnedFd existing(::openat(above, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!existing) return failed_to_enter(above, name, errno);
    if (is_on_kernel_file_system(existing.get())) return failed(kKernelFiles);
    levels_.push_back({std::move(existing), name, length, std::nullopt});
    return {};
  }

  tl::unexpected<Error> failed_to_enter(int above, const std::string& name, int code) const {
    struct stat st {};
    const bool is_link =
        ::fstatat(above, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
    return is_link ? failed("it is a symbolic link, and the source is a directory") : failed(code);
  }

  /// Returns whether a directory was made just now. Root of a user namespace may have put one in
  /// its place that it has no access to, and that would get the owner and mode of the source.
  bool is_new_directory(int directory, const timespec& since) const {
    if (copy_.direction == Copy::Direction::get || !owners_.uids) return true;
    struct statx st {};
    constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME;
    if (::statx(directory, "", AT_EMPTY_PATH, kWanted, &st) != 0) return false;
    if (st.stx_uid != ::geteuid()) return false;
    if ((st.stx_mask & STATX_BTIME) == 0) return true;
    return st.stx_btime.tv_sec > since.tv_sec ||
           (st.stx_btime.tv_sec == since.tv_sec &&
            st.stx_btime.tv_nsec >= static_cast<std::uint32_t>(since.tv_nsec));
  }

  Status end_directory() {
    if (levels_.empty()) return failed(EPROTO);
    Level& level = levels_.back();
    if (level.entry) {
      const int code = properties_.apply(level.directory.get(), *level.entry);
      if (code != 0) return failed(code);
    }
    path_.resize(level.length);
    levels_.pop_back();
    return {};
  }

  // --- Files -------------------------------------------------------------------------------------

  Status write_file(int directory, const std::string& name, Entry& entry) {
    if (!entry.same_file.empty() && link_to_earlier(directory, name, entry)) return {};
    if (entry.type == Type::stream) imitate_existing(directory, name, entry);
    // Such as /etc/hosts of a container. From outside of its mount namespace, replacing the file
    // would remove the mount.
    if (is_mount_point(directory, name)) {
      return write_existing(directory, name, entry, EBUSY);
    }
    auto file = NewFile::create(directory);
    if (!file) {
      const int code = file.error().code;
      const bool is_denied = code == EROFS || code == EACCES || code == EPERM;
      if (!is_denied) return failed(code);
      // The file may be writable even if its directory is not.
      return write_existing(directory, name, entry, code);
    }
    TRY(copy_content(entry.content.get(), file->fd(), entry.type));
    // The end of a pipe may be that of an interrupted program, and of the whole command.
    TRY(watch_.check());
    if (const int code = properties_.apply(file->fd(), entry); code != 0) return failed(code);
    if (const int code = file->place(name); code != 0) return failed(code);
    remember(name, entry, file->fd());
    return {};
  }

  Status copy_content(int from, int to, Type type) {
    return type == Type::stream ? copy_stream(from, to, watch_, path_)
                                : copy_file_content(from, to, watch_, path_);
  }

  static bool is_mount_point(int directory, const std::string& name) {
    struct statx st {};
    constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
    if (::statx(directory, name.c_str(), kFlags, STATX_TYPE, &st) != 0) return false;
    return (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  }

  /// Replaces the content of a regular file in a directory, without following a link. `code` is why
  /// the file itself cannot be replaced.
  Status write_existing(int directory, const std::string& name, const Entry& entry, int code) {
    const OwnedFd file(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat st {};
    if (!file || ::fstat(file.get(), &st) != 0 || !S_ISREG(st.st_mode)) return failed(code);
    return write_in_place(file, entry.content.get(), entry.type, code == EBUSY ? 0 : code);
  }

  /// Replaces the content of a file, given by an O_PATH descriptor. `code` is the error if it is
  /// not writable; 0: that of open(2).
  Status write_in_place(const OwnedFd& existing, int content, Type type, int code = 0) {
    struct stat st {};
    if (::fstat(existing.get(), &st) != 0) return failed();
    if (!S_ISREG(st.st_mode)) return failed("it is not a regular file");
    if (is_on_kernel_file_system(existing.get())) return failed(kKernelFiles);
    const OwnedFd file = reopen(existing.get(), O_WRONLY | O_NONBLOCK | O_NOCTTY);
    if (!file) return failed(code != 0 ? code : errno);
    struct stat source {};
    if (::fstat(content, &source) == 0 && source.st_dev == st.st_dev &&
        source.st_ino == st.st_ino) {
      return failed("it is the source");
    }
    if (::ftruncate(file.get(), 0) != 0) return failed();
    return copy_content(content, file.get(), type);
  }

  /// Gives bytes without properties those of the file that they replace.
  void imitate_existing(int directory, const std::string& name, Entry& entry) {
    struct stat st {};
    entry.mode = kUsualMode & ~umask_;
    if (::clock_gettime(CLOCK_REALTIME, &entry.modified) != 0) entry.modified = {0, UTIME_NOW};
    if (::fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISREG(st.st_mode)) return;
    entry.mode = st.st_mode & 0777U;
    const auto inside = owner_of_copy(owners_, Copy::Direction::get, {st.st_uid, st.st_gid});
    if (!inside) return;
    entry.uid = inside->uid;
    entry.gid = inside->gid;
  }

  /// Links a file to an earlier copy of the same file. False: there is none, or it is not possible.
  bool link_to_earlier(int directory, const std::string& name, const Entry& entry) {
    const auto made = made_.find(entry.same_file);
    if (made == made_.end() || levels_.empty()) return false;
    int above = levels_.front().directory.get();
    OwnedFd step;
    for (const std::string& each : made->second.path) {
      OwnedFd next(::openat(above, each.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (!next) return false;
      step = std::move(next);
      above = step.get();
    }
    struct stat st {};
    if (::fstat(above, &st) != 0 || !S_ISREG(st.st_mode)) return false;
    if (st.st_dev != made->second.device || st.st_ino != made->second.inode) return false;
    return link_as(above, directory, name) == 0;
  }

  void remember(const std::string& name, const Entry& entry, int file) {
    struct stat st {};
    if (entry.same_file.empty() || levels_.empty() || ::fstat(file, &st) != 0) return;
    Made made{{}, st.st_dev, st.st_ino};
    for (std::size_t i = 1; i < levels_.size(); ++i)
      made.path.push_back(levels_[i].name);
    made.path.push_back(name);
    made_.insert_or_assign(entry.same_file, std::move(made));
  }

  // --- Links and FIFOs ---------------------------------------------------------------------------

  Status write_special(int directory, const std::string& name, const Entry& entry) {
    if (is_mount_point(directory, name)) return failed(EBUSY);
    const std::string hidden = hidden_name();
    const bool is_link = entry.type == Type::link;
    const int made = is_link ? ::symlinkat(entry.link.c_str(), directory, hidden.c_str())
                             : ::mkfifoat(directory, hidden.c_str(), entry.mode & 01777U);
    if (made != 0) return failed();
    int code = set_special_properties(directory, hidden, entry);
    if (code == 0) return place_special(directory, hidden, name);
    ::unlinkat(directory, hidden.c_str(), 0);
    return failed(code);
  }

  Status place_special(int directory, const std::string& hidden, const std::string& name) const {
    const int code = rename_or_remove(directory, hidden, name);
    if (code != 0) return failed(code);
    return {};
  }

  int set_special_properties(int directory, const std::string& name, const Entry& entry) {
    const OwnedFd file(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat st {};
    if (!file || ::fstat(file.get(), &st) != 0) return errno;
    const bool is_same = entry.type == Type::link ? S_ISLNK(st.st_mode) : S_ISFIFO(st.st_mode);
    if (!is_same) return EAGAIN;  // replaced meanwhile
    const auto owner = properties_.owner_of(entry);
    if (owner && ::fchownat(file.get(), "", owner->uid, owner->gid, AT_EMPTY_PATH) != 0 &&
        !properties_.accepts_failed_owner(errno)) {
      return errno;
    }
    const timespec times[] = {{0, UTIME_OMIT}, entry.modified};
    const int done = ::utimensat(directory, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    return done == 0 ? 0 : errno;
  }

  const Channel& channel_;
  const Side& side_;
  const Copy& copy_;
  const OwnerMaps& owners_;
  const TransferEvents& events_;
  Properties properties_;
  Watch watch_;
  std::string path_;  ///< of the present entry, for messages
  mode_t umask_;
  OwnedFd top_;  ///< the directory of the named entry
  std::vector<Level> levels_;
  std::unordered_map<std::string, Made> made_;
  std::string copy_of_top_;  ///< the directory that was made for the source
  bool has_begun_ = false;
  bool is_others_ = false;
};

}  // namespace

Ending write_copy(const Channel& channel, const Channel& caller, const Side& side, const Copy& copy,
                  const OwnerMaps& owners, const TransferEvents& events) {
  return Writer(channel, caller, side, copy, owners, events).write();
}

}  // namespace nsx::transfer_part
