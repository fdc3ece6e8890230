// SPDX-License-Identifier: MIT
#include "transfer/destination.hh"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

#include "try.hh"

namespace nsx::transfer_part {

namespace {

class Resolver {
 public:
  Resolver(const Side& side, const Copy& copy, Type type) : side_(side), copy_(copy), type_(type) {}

  Result<Destination> resolve() {
    const std::string& path = copy_.destination;
    auto existing = open(path, O_PATH);
    if (!existing) {
      if (existing.error().code != ENOENT || demands_directory()) return failed(existing.error());
      return new_name(false);
    }
    struct stat st {};
    if (::fstat(existing->get(), &st) != 0) return failed(errno);
    if (S_ISDIR(st.st_mode)) return in_directory(std::move(*existing));
    if (type_ == Type::directory) return failed(ENOTDIR);
    auto place = TRY(new_name(true));
    // In the way that a link's owner expects, what it leads to is written. Other files are
    // replaced.
    if (is_link(place) && (type_ == Type::file || type_ == Type::stream)) {
      place.in_place = std::move(*existing);
    }
    return place;
  }

 private:
  bool demands_directory() const { return copy_.destination.ends_with('/'); }

  Result<OwnedFd> open(const std::string& path, int flags) const {
    return open_named(side_, path, flags);
  }

  tl::unexpected<Error> failed(int code) const { return fail("write {}", copy_.destination, code); }
  tl::unexpected<Error> failed(const Error& error) const {
    return fail("write {}", copy_.destination, error.code, error.hint());
  }
  tl::unexpected<Error> failed(const char* reason) const {
    return refuse("write {}", copy_.destination, reason);
  }

  Result<Destination> in_directory(OwnedFd directory) const {
    if (type_ == Type::stream) return failed(EISDIR);
    if (is_on_kernel_file_system(directory.get())) return failed(kKernelFiles);
    Destination place{.directory = std::move(directory), .path = copy_.destination};
    const std::string_view name = last_component(copy_.source);
    if (!is_entry_name(name)) {
      if (type_ != Type::directory) return failed(EISDIR);
      place.merges = true;
      return place;
    }
    place.name = name;
    if (!place.path.ends_with('/')) place.path += '/';
    place.path += name;
    return place;
  }

  /// Opens the parent. `exists`: the destination does, possibly through a link.
  Result<Destination> new_name(bool exists) const {
    std::string_view path = copy_.destination;
    const std::string_view name = last_component(path);
    if (!is_entry_name(name)) return failed(ENOENT);
    path.remove_suffix(path.size() - static_cast<std::size_t>(name.data() - path.data()));
    auto directory = open(path.empty() ? "." : std::string(path), O_PATH | O_DIRECTORY);
    if (!directory) return failed(directory.error());
    if (is_on_kernel_file_system(directory->get())) return failed(kKernelFiles);
    Destination place{std::move(*directory), std::string(name), copy_.destination};
    if (!exists && is_link(place)) return failed("it is a symbolic link to a missing file");
    return place;
  }

  static bool is_link(const Destination& place) {
    struct stat st {};
    return ::fstatat(place.directory.get(), place.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISLNK(st.st_mode);
  }

  const Side& side_;
  const Copy& copy_;
  Type type_;
};

}  // namespace

Result<Destination> find_destination(const Side& side, const Copy& copy, Type type) {
  return Resolver(side, copy, type).resolve();
}

}  // namespace nsx::transfer_part
