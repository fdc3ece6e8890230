// SPDX-License-Identifier: MIT
#include "transfer/entry.hh"

#include <climits>

#include "kernel/text.hh"
#include "try.hh"

namespace nsx::transfer_part {

namespace {

// The first word of each message.
constexpr std::string_view kAttribute = "attribute";
constexpr std::string_view kEntry = "entry";
constexpr std::string_view kEndOfDirectory = "up";
constexpr std::string_view kEndOfTree = "end";
constexpr std::string_view kNote = "note";
constexpr std::string_view kProgress = "progress";

Status send_line(const Channel& channel, std::initializer_list<std::string> words, int fd = -1) {
  return channel.send_words({words.begin(), words.size()}, {&fd, fd >= 0 ? 1U : 0U});
}

/// Words contain no NUL, but values of attributes may.
std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += kDigits[value >> 4];
    text += kDigits[value & 15];
  }
  return text;
}

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  return std::nullopt;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = digit(text[i]);
    const auto low = digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes += static_cast<char>(*high << 4 | *low);
  }
  return bytes;
}

tl::unexpected<Error> malformed() {
  return problem("malformed message from the process that reads the files");
}

tl::unexpected<Error> died() {
  return problem("the process that works in the target has died");
}

std::optional<Type> parse_type(std::string_view text) {
  for (const Type type : {Type::file, Type::directory, Type::link, Type::fifo, Type::stream}) {
    if (text.size() == 1 && text[0] == static_cast<char>(type)) return type;
  }
  return std::nullopt;
}

bool is_regular(const OwnedFd& file) {
  struct stat st {};
  return ::fstat(file.get(), &st) == 0 && S_ISREG(st.st_mode);
}

/// Returns whether the parts of an entry fit together. The sender may have been taken over.
bool is_valid(const Entry& entry) {
  if (!entry.name.empty() && !is_entry_name(entry.name)) return false;
  if (entry.modified.tv_nsec < 0 || entry.modified.tv_nsec >= 1'000'000'000) return false;
  switch (entry.type) {
    case Type::file:
      return entry.content && is_regular(entry.content);
    case Type::stream:
      return entry.content && entry.name.empty();
    case Type::link:
      return !entry.content && !entry.link.empty() && entry.link.size() < PATH_MAX;
    case Type::directory:
    case Type::fifo:
      return !entry.content;
  }
  return false;
}

std::optional<Entry> parse_entry(WordMessage& message) {
  auto& words = message.words;
  if (words.size() != 10 || message.fds.size() > 1) return std::nullopt;
  const auto type = parse_type(words[1]);
  const auto mode = parse_number<mode_t>(words[3]);
  const auto uid = parse_number<uid_t>(words[4]);
  const auto gid = parse_number<gid_t>(words[5]);
  const auto seconds = parse_number<time_t>(words[6]);
  const auto nanoseconds = parse_number<long>(words[7]);
  if (!type || !mode || !uid || !gid || !seconds || !nanoseconds) return std::nullopt;
  Entry entry{.type = *type,
              .name = std::move(words[2]),
              .mode = *mode & 07777U,
              .uid = *uid,
              .gid = *gid,
              .modified = {*seconds, *nanoseconds},
              .link = std::move(words[8]),
              .same_file = std::move(words[9])};
  if (!message.fds.empty()) entry.content = std::move(message.fds[0]);
  if (!is_valid(entry)) return std::nullopt;
  return entry;
}

/// Adds an attribute to those of the entry that follows.
bool take_attribute(const WordMessage& message, std::vector<Attribute>& attributes,
                    std::size_t& size) {
  if (message.words.size() != 3) return false;
  auto value = from_hex(message.words[2]);
  if (!value) return false;
  size += message.words[1].size() + value->size();
  attributes.push_back({message.words[1], std::move(*value)});
  return size <= kMaxAttributes;
}

}  // namespace

bool is_entry_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= NAME_MAX &&
         name.find('/') == std::string_view::npos;
}

Status send(const Channel& channel, const Entry& entry) {
  for (const Attribute& each : entry.attributes) {
    TRY(send_line(channel, {std::string(kAttribute), each.name, to_hex(each.value)}));
  }
  return send_line(channel,
                   {std::string(kEntry), std::string(1, static_cast<char>(entry.type)), entry.name,
                    std::to_string(entry.mode), std::to_string(entry.uid),
                    std::to_string(entry.gid), std::to_string(entry.modified.tv_sec),
                    std::to_string(entry.modified.tv_nsec), entry.link, entry.same_file},
                   entry.content.get());
}

Status send(const Channel& channel, EndOfDirectory /*end*/) {
  return send_line(channel, {std::string(kEndOfDirectory)});
}

Status send(const Channel& channel, EndOfTree /*end*/) {
  return send_line(channel, {std::string(kEndOfTree)});
}

Status send(const Channel& channel, const Note& note) {
  return send_line(channel, {std::string(kNote), note.text});
}

Status send(const Channel& channel, Progress progress) {
  return send_line(channel, {std::string(kProgress), std::to_string(progress.bytes)});
}

Result<Received> receive(const Channel& channel) {
  using What = Received::What;
  std::vector<Attribute> attributes;
  std::size_t size = 0;
  for (;;) {
    auto message = TRY(channel.receive_words());
    if (!message) return died();
    if (message->words.empty()) return malformed();
    const std::string& first = message->words[0];
    if (first == kAttribute) {
      if (!take_attribute(*message, attributes, size)) return malformed();
      continue;
    }
    if (first == kEntry) {
      auto entry = parse_entry(*message);
      if (!entry) return malformed();
      entry->attributes = std::move(attributes);
      return Received{What::entry, std::move(*entry)};
    }
    if (first == kNote && message->words.size() == 2) {
      return Received{.what = What::note, .text = std::move(message->words[1])};
    }
    if (first == kEndOfDirectory) return Received{What::end_of_directory};
    if (first == kEndOfTree) return Received{What::end_of_tree};
    auto status = status_of(*message);
    if (status) return malformed();
    return Received{.what = What::failure, .error = std::move(status.error())};
  }
}

Status receive_answer(const Channel& channel, const TransferEvents& events) {
  for (;;) {
    auto message = TRY(channel.receive_words());
    if (!message) return died();
    const auto& words = message->words;
    if (words.size() == 2 && words[0] == kNote) {
      events.note(words[1]);
    } else if (words.size() == 2 && words[0] == kProgress) {
      const auto bytes = parse_number<std::uint64_t>(words[1]);
      if (bytes && events.progress) events.progress(*bytes);
    } else {
      return status_of(*message);
    }
  }
}

namespace {

std::uint32_t id_of_copy(const std::optional<IdMap>& map, Copy::Direction direction,
                         std::uint32_t id) {
  if (!map) return id;
  if (direction == Copy::Direction::get) return to_inside(*map, id).value_or(id);
  if (const auto outside = to_outside(*map, id)) return *outside;
  return to_outside(*map, 0).value_or(id);
}

}  // namespace

std::optional<Owner> owner_of_copy(const OwnerMaps& maps, Copy::Direction direction, Owner source) {
  if (!maps.keeps_owners) return std::nullopt;
  return Owner{id_of_copy(maps.uids, direction, source.uid),
               id_of_copy(maps.gids, direction, source.gid)};
}

}  // namespace nsx::transfer_part
