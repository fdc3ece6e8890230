// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/magic.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kFollow = "follow the path";
/// The limit of the kernel (path_resolution(7)).
constexpr int kMaxLinks = 40;

class Walk {
 public:
  explicit Walk(const std::string& path) : path_(path), rest_(path) {}

  Result<OwnedFd> go() {
    if (path_.empty()) return fail(kFollow, path_, ENOENT);
    TRY(start(path_.starts_with('/') ? "/" : "."));
    while (const auto name = next_name()) {
      TRY(step(*name));
    }
    if (path_.ends_with('/') && !is_directory()) return fail(kFollow, path_, ENOTDIR);
    if (is_directory()) {
      TRY(check_closed());
    }
    return std::move(here_);
  }

 private:
  bool is_directory() const { return S_ISDIR(status_.st_mode); }

  std::optional<std::string> next_name() {
    while (!rest_.empty()) {
      std::string_view after = rest_;
      std::string name(next_field(after, '/'));
      rest_ = std::string(after);
      if (!name.empty() && name != ".") return name;
    }
    return std::nullopt;
  }

  Status start(const char* top) {
    OwnedFd fd(::open(top, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fstat(fd.get(), &status_) != 0) return fail(kFollow, top);
    if (*top == '/') {
      top_owner_ = status_.st_uid;
      shown_ = "/";
    } else {
      struct stat st {};
      if (::stat("/", &st) != 0) return fail(kFollow, "/");
      top_owner_ = st.st_uid;
      shown_ = ".";
    }
    here_ = std::move(fd);
    return check_owner(status_, shown_, false);
  }

  Status step(const std::string& name) {
    if (!is_directory()) return fail(kFollow, path_, ENOTDIR);
    TRY(check_closed());
    const bool was_sticky = (status_.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    const dev_t device = status_.st_dev;
    OwnedFd next(::openat(here_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return fail(kFollow, path_);
    struct stat st {};
    if (::fstat(next.get(), &st) != 0) return fail(kFollow, path_);
    std::string shown = shown_ == "/" ? shown_ + name : shown_ + '/' + name;
    const bool is_mount = st.st_dev != device;
    if (!is_mount || !is_namespace(next.get())) {
      TRY(check_owner(st, shown, was_sticky && name != ".."));
    }
    if (is_mount) {
      TRY(check_file_system(next.get(), shown));
    }
    if (S_ISLNK(st.st_mode)) return follow(next.get());
    here_ = std::move(next);
    status_ = st;
    shown_ = std::move(shown);
    return {};
  }

  Status follow(int link) {
    if (++links_ > kMaxLinks) return fail(kFollow, path_, ELOOP);
    auto target = read_link_at(link, "");
    if (!target) return fail(kFollow, path_, target.error().code);
    const bool is_absolute = target->starts_with('/');
    rest_ = *target + '/' + rest_;
    return is_absolute ? start("/") : Status{};
  }

  /// A namespace file belongs to root of the initial user namespace, who is not mapped in most
  /// others.
  static bool is_namespace(int fd) {
    struct statfs fs {};
    return ::fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC;
  }

  Status check_owner(const struct stat& st, const std::string& shown, bool in_sticky) const {
    if (is_trusted_owner(st.st_uid)) return {};
    if (st.st_uid == top_owner_ && !in_sticky) return {};
    return refuse(kFollow, path_,
                  "UID " + std::to_string(st.st_uid) + " owns " + shown + " and could redirect it",
                  "choose a path that only root or you can change");
  }

  /// Checks that only trusted users can replace their entries in the current directory of the walk.
  Status check_closed() const {
    if ((status_.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (status_.st_mode & S_ISVTX) != 0) return {};
    return refuse(kFollow, path_, shown_ + " is writable by other users", "chmod go-w " + shown_);
  }

  Status check_file_system(int fd, const std::string& shown) const {
    struct statfs fs {};
    if (::fstatfs(fd, &fs) != 0) return fail(kFollow, path_);
    if (fs.f_type != FUSE_SUPER_MAGIC) return {};
    return refuse(kFollow, path_,
                  shown + " is on FUSE, where the server reports any owner it likes",
                  "choose a path on another file system");
  }

  const std::string& path_;
  std::string rest_;
  OwnedFd here_;
  struct stat status_ {};
  std::string shown_;
  uid_t top_owner_ = 0;
  int links_ = 0;
};

}  // namespace

Result<OwnedFd> open_trusted(const std::string& path) {
  return Walk(path).go();
}

bool is_trusted_owner(uid_t owner) {
  return owner == 0 || owner == ::geteuid();
}

std::string path_of_fd(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace nsx
