// SPDX-License-Identifier: MIT
#pragma once
// Entries of a tree as the reading process sends them to the writing one.

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/result.hh>

#include "kernel/spawn.hh"
#include "transfer/transfer.hh"

namespace nsx::transfer_part {

/// Deeper nesting only occurs in hostile trees. Each level costs a descriptor in both processes, of
/// which there are 1024 by default.
inline constexpr std::size_t kMaxDepth = 400;
inline constexpr const char* kTooDeep = "more than 400 directories are nested";

/// The most bytes of extended attributes that a file may have.
inline constexpr std::size_t kMaxAttributes = std::size_t{1} << 20;

enum class Type : char {
  file = 'f',
  directory = 'd',
  link = 'l',
  fifo = 'p',
  stream = 's',  ///< bytes of unknown origin, such as standard input, without properties
};

struct Attribute {
  std::string name;  ///< "user.comment"
  std::string value;

  bool operator==(const Attribute&) const = default;
};

/// A file, or the beginning of a directory, whose entries follow.
struct Entry {
  Type type = Type::file;
  std::string name = {};  ///< in the directory; empty: it is the source itself
  mode_t mode = 0;        ///< permission bits
  uid_t uid = 0;
  gid_t gid = 0;
  timespec modified{};
  std::string link = {};  ///< the text of a symbolic link
  /// Equal for hard links to the same file; empty: the only one. Of a directory: its identity.
  std::string same_file = {};
  std::vector<Attribute> attributes = {};
  OwnedFd content = {};  ///< of a file or stream, open for reading
};

/// Returns the identity of a file, for Entry::same_file.
inline std::string identity_of(const struct stat& st) {
  return std::to_string(st.st_dev) + ':' + std::to_string(st.st_ino);
}

/// Returns whether a name can be that of an entry in a directory: not empty, "." or "..", without a
/// slash, and at most 255 bytes long.
bool is_entry_name(std::string_view name);

// Messages of the reading process. Each Entry, EndOfDirectory and EndOfTree is answered by a status
// (Channel::send_status), before which notes and progress may come.

struct EndOfDirectory {};
struct EndOfTree {};
struct Note {
  std::string text;
};
struct Progress {
  std::uint64_t bytes = 0;
};

Status send(const Channel& channel, const Entry& entry);
Status send(const Channel& channel, EndOfDirectory end);
Status send(const Channel& channel, EndOfTree end);
Status send(const Channel& channel, const Note& note);
Status send(const Channel& channel, Progress progress);

/// A received message. `failure` is that of the reading process.
struct Received {
  enum class What : std::uint8_t { entry, end_of_directory, end_of_tree, note, failure };
  What what = What::failure;
  Entry entry = {};
  std::string text = {};
  Error error = {};
};

/// Waits for the next message of the reading process, and validates it. Errors: it is malformed;
/// the other process has died.
Result<Received> receive(const Channel& channel);

/// Waits for the answer of the writing process, and passes on notes and progress until then.
/// Errors: that of the writing process; it has died.
Status receive_answer(const Channel& channel, const TransferEvents& events);

// Owners.

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;

  bool operator==(const Owner&) const = default;
};

/// Returns the owner of a copy. From the target, an id becomes its number inside, and is kept if it
/// has none. Into the target, an id becomes the id with this number inside or, if that is not
/// mapped, root's. None: the copy belongs to its writer.
std::optional<Owner> owner_of_copy(const OwnerMaps& maps, Copy::Direction direction, Owner source);

}  // namespace nsx::transfer_part
