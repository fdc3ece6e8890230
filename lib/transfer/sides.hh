// SPDX-License-Identifier: MIT
#pragma once
// The two sides of a copy: the reader walks the source, the writer makes the copy.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>

#include <nsx/fd.hh>
#include <nsx/result.hh>

#include "kernel/spawn.hh"
#include "transfer/entry.hh"
#include "transfer/transfer.hh"

namespace nsx::transfer_part {

/// Where a side resolves paths.
struct Side {
  int root;               ///< AT_FDCWD: the caller's files
  std::uint64_t resolve;  ///< flags of openat2(2)
};

/// How a side ended.
struct Ending {
  Status status;
  bool is_others = false;  ///< the failure is that of the other side, which has reported it
};

/// Reads the source and sends it. Errors have the path of the source as their subject.
Ending read_source(const Channel& channel, const Side& side, const Copy& copy,
                   const TransferEvents& events);

/// Writes what the reader sends by a channel. Errors have the path of the copy as their subject.
/// `caller` ends with the process that waits for the copy. All signals must be blocked.
Ending write_copy(const Channel& channel, const Channel& caller, const Side& side, const Copy& copy,
                  const OwnerMaps& owners, const TransferEvents& events);

/// Opens a path that a user has named, in time. Errors: as open_answering().
Result<OwnedFd> open_named(const Side& side, const std::string& path, int flags);

/// Returns the last component of a path, without slashes after it. Empty for "/".
std::string_view last_component(std::string_view path);

/// Returns whether a directory or file is on a file system that is an interface of the kernel, such
/// as proc(5): reading or writing there has other effects than on files.
bool is_on_kernel_file_system(int fd);

/// Opens the file of an O_PATH descriptor. Requires proc(5) on /proc.
OwnedFd reopen(int fd, int flags);

// Content (content.cc).

/// Counts what is copied, and notices that the copy is to stop.
class Watch {
 public:
  Watch(const Channel& caller, const TransferEvents& events) : caller_(caller), events_(events) {}

  /// Errors: EINTR, a signal that ends this process is pending; EPIPE, the caller is gone.
  Status check() const;

  /// Waits until `fd` has input. Errors: as check().
  Status wait_for_input(int fd) const;

  void add(std::uint64_t bytes);

 private:
  const Channel& caller_;
  const TransferEvents& events_;
  std::uint64_t bytes_ = 0;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

/// Copies the content of a file to an empty regular file, with its holes, up to the size it has at
/// the beginning. Errors: the error of the failed call; `subject` is the copy.
Status copy_file_content(int from, int to, Watch& watch, const std::string& subject);

/// Copies everything up to the end of file, for what has no size or cannot seek.
Status copy_stream(int from, int to, Watch& watch, const std::string& subject);

// New files (new_file.cc).

/// A file that gets its name when it is complete. Has no name until then where the file system
/// supports that (O_TMPFILE), otherwise a hidden one, which the destructor removes.
class NewFile {
 public:
  /// Creates the file in a directory, for reading and writing. Errors: that of open(2).
  static Result<NewFile> create(int directory);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  int fd() const { return fd_.get(); }

  /// Gives it its name, and replaces a file of that name. Returns 0 or an errno value.
  int place(const std::string& name);

 private:
  NewFile(int directory, OwnedFd fd) : directory_(directory), fd_(std::move(fd)) {}

  int directory_;
  OwnedFd fd_;
  std::string hidden_;  ///< its present name; empty: none
};

/// Returns a hidden name that nobody can guess.
std::string hidden_name();

/// Links an open file as `name` in a directory, and replaces a file of that name. Returns 0 or an
/// errno value.
int link_as(int file, int directory, const std::string& name);

/// Renames `hidden` to `name` in a directory, or removes it if that fails. Returns 0 or an errno
/// value.
int rename_or_remove(int directory, const std::string& hidden, const std::string& name);

// Properties (properties.cc).

/// Sets owner, mode, extended attributes and modification time of a new file or directory.
class Properties {
 public:
  Properties(const Copy& copy, const OwnerMaps& owners, const TransferEvents& events)
      : direction_(copy.direction), owners_(owners), events_(events) {}

  /// Returns 0 or an errno value.
  int apply(int fd, const Entry& entry);

  /// Returns the owner of the copy of an entry; none: leave it as it is.
  std::optional<Owner> owner_of(const Entry& entry) const;

  /// Notes, once, that owners cannot be kept, if that is what the errno value means. Returns
  /// whether it is.
  bool accepts_failed_owner(int code);

 private:
  int set_attribute(int fd, const Attribute& attribute);

  Copy::Direction direction_;
  const OwnerMaps& owners_;
  const TransferEvents& events_;
  bool noted_owner_ = false;
  bool noted_capability_ = false;
};

}  // namespace nsx::transfer_part
