// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <nsx/enter.hh>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"
#include "plan/facts.hh"
#include "plan/hints.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr std::size_t kMost = std::size_t{1} << 20;
constexpr const char* kPasswd = "/etc/passwd";
constexpr const char* kGroup = "/etc/group";

/// Parses an id. (uid_t) -1 means "unchanged" to the kernel and is not an id.
std::optional<std::uint32_t> parse_id(std::string_view text) {
  const auto id = parse_number<std::uint32_t>(text);
  return id && *id != ~std::uint32_t{0} ? id : std::nullopt;
}

/// Returns whether a word is meant as a number: no name starts like one (useradd(8)).
bool is_numeric(std::string_view word) {
  return word.find_first_of("0123456789+-") == 0;
}

/// Returns whether a line is a comment, or refers to NIS (nsswitch.conf(5)).
bool is_no_entry(std::string_view line) {
  return line.empty() || line.find_first_of("#+-") == 0;
}

struct GroupEntry {
  std::string_view name;
  gid_t gid = 0;
  std::string_view members;
};

std::optional<GroupEntry> next_group_entry(std::string_view& text) {
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    if (is_no_entry(line)) continue;
    GroupEntry entry;
    entry.name = next_field(line, ':');
    next_field(line, ':');
    const auto gid = parse_id(next_field(line, ':'));
    if (!gid || entry.name.empty()) continue;
    entry.gid = *gid;
    entry.members = line;
    return entry;
  }
  return std::nullopt;
}

bool has_member(const GroupEntry& group, std::string_view user) {
  for (std::string_view rest = group.members; !rest.empty();) {
    if (next_field(rest, ',') == user) return true;
  }
  return false;
}

/// Finds the entry of a name or a UID. A number is never a name: an entry named 1000 may have UID
/// 0.
std::optional<PasswdEntry> find_entry(const UserDatabase& database, const std::string& user) {
  const auto uid = parse_id(user);
  std::string_view text = database.passwd;
  while (const auto entry = next_passwd_entry(text)) {
    if (uid ? entry->uid == *uid : entry->name == user) return entry;
  }
  return std::nullopt;
}

tl::unexpected<Error> not_found(const char* what, const std::string& name, const char* file,
                                const std::string& of, const std::vector<std::string_view>& names) {
  const auto near = nearest(names, name);
  const std::string where = std::string(file) + " of " + of;
  return problem(std::string("no ") + what + " named '{}' in " + where +
                     (near ? " (did you mean '" + std::string(*near) + "'?)" : ""),
                 name, "", near ? "" : "give a number, which needs no entry");
}

tl::unexpected<Error> no_user(const UserDatabase& database, const std::string& name) {
  std::vector<std::string_view> names;
  std::string_view text = database.passwd;
  while (const auto entry = next_passwd_entry(text))
    names.push_back(entry->name);
  return not_found("user", name, kPasswd, database.of, names);
}

/// Returns whether a file is a regular file on an ordinary file system. Reading some of the files
/// that the kernel generates consumes their content for all readers.
bool is_plain_file(int file) {
  struct stat st {};
  struct statfs fs {};
  if (::fstat(file, &st) != 0 || !S_ISREG(st.st_mode) || ::fstatfs(file, &fs) != 0) return false;
  switch (static_cast<unsigned long>(fs.f_type)) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case TRACEFS_MAGIC:
    case DEBUGFS_MAGIC:
      return false;
    default:
      return true;
  }
}

/// Reads a file of the database. A missing file counts as empty.
Result<std::string> read_database(int files, const char* path, const std::string& of) {
  auto text = read_inside(files, path);
  if (text) return text;
  if (text.error().code == ENOENT) return std::string();
  text.error().set_subject(path + (" of " + of));
  return text;
}

}  // namespace

std::optional<PasswdEntry> next_passwd_entry(std::string_view& text) {
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    if (is_no_entry(line)) continue;
    PasswdEntry entry;
    entry.name = next_field(line, ':');
    next_field(line, ':');
    const auto uid = parse_id(next_field(line, ':'));
    const auto gid = parse_id(next_field(line, ':'));
    if (!uid || !gid || entry.name.empty()) continue;
    entry.uid = *uid;
    entry.gid = *gid;
    next_field(line, ':');
    entry.home = next_field(line, ':');
    entry.shell = next_field(line, ':');
    return entry;
  }
  return std::nullopt;
}

std::string passwd_with_names_only(std::string_view text) {
  std::string names;
  while (const auto entry = next_passwd_entry(text)) {
    names.append(entry->name).append(":x:").append(std::to_string(entry->uid));
    names.append(":").append(std::to_string(entry->gid)).append("::/:/usr/sbin/nologin\n");
  }
  return names;
}

std::string group_with_names_only(std::string_view text) {
  std::string names;
  while (const auto entry = next_group_entry(text))
    names.append(entry->name).append(":x:").append(std::to_string(entry->gid)).append(":\n");
  return names;
}

Result<std::string> read_inside(int files, const std::string& path) {
  // O_PATH first: opening it for reading could arm a watchdog, rewind a tape, or wait for the
  // writer of a FIFO.
  const auto file = TRY(
      open_answering(files, path, O_PATH, PathFrom::user, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
  // FUSE may delay every call, so a child reads the file. The first byte of its reply is the type
  // of the result.
  constexpr char kText = 'T';
  constexpr char kErrno = 'E';
  constexpr char kSpecial = 'S';
  auto text = text_in_time([&]() -> std::string {
    if (!is_plain_file(file.get())) return {kSpecial};
    const OwnedFd open(::open(path_of_fd(file.get()).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    std::string read(kMost + 2, kText);
    std::size_t size = 1;
    ssize_t n = open ? 0 : -1;
    while (open && size < read.size() &&
           (n = ::read(open.get(), &read[size], read.size() - size)) > 0)
      size += static_cast<std::size_t>(n);
    if (n < 0) return kErrno + std::to_string(errno);
    read.resize(size);
    return read;
  });
  if (!text || text->empty()) {
    return fail("read", path, ETIMEDOUT, "check its file system, which does not answer");
  }
  const char found = text->front();
  text->erase(0, 1);
  if (found == kSpecial) return refuse("read", path, "not a regular file");
  if (found != kText) return fail("read", path, parse_number<int>(*text).value_or(EIO));
  if (text->size() > kMost) return fail("read", path, EFBIG, too_long_hint(kMost));
  return std::move(*text);
}

std::vector<std::string> User::variables() const {
  const std::string value = name.empty() ? "" : '=' + name;
  return {"HOME=" + home, "SHELL=" + shell, "USER" + value, "LOGNAME" + value};
}

Result<UserWords> parse_user_words(const std::string& text) {
  const std::size_t colon = text.find(':');
  UserWords words{text.substr(0, colon)};
  if (colon != std::string::npos) words.group = text.substr(colon + 1);
  const auto is_bad = [](const std::string& word) {
    return word.empty() || word.find_first_of(":/\n") != std::string::npos ||
           (is_numeric(word) && !parse_id(word));
  };
  if (is_bad(words.user) || (colon != std::string::npos && is_bad(words.group))) {
    return problem("invalid user '{}'", text,
                   "expected USER or USER:GROUP, each a name or a number from 0 to 4294967294");
  }
  return words;
}

Result<User> find_user(const UserDatabase& database, const UserWords& words) {
  User user;
  if (const auto entry = find_entry(database, words.user)) {
    user.uid = entry->uid;
    user.gid = entry->gid;
    user.name = entry->name;
    if (!entry->home.empty()) user.home = entry->home;
    if (!entry->shell.empty()) user.shell = entry->shell;
  } else if (const auto uid = parse_id(words.user)) {
    user.uid = *uid;
  } else {
    return no_user(database, words.user);
  }
  if (!words.group.empty()) {
    auto gid = TRY(find_gid(database, words.group));
    user.gid = gid;
    user.groups = {gid};
    return user;
  }
  user.groups = {user.gid};
  if (user.name.empty()) return user;
  std::string_view text = database.group;
  while (const auto entry = next_group_entry(text)) {
    const bool is_known =
        std::find(user.groups.begin(), user.groups.end(), entry->gid) != user.groups.end();
    if (!is_known && has_member(*entry, user.name)) user.groups.push_back(entry->gid);
  }
  return user;
}

Result<uid_t> find_uid(const UserDatabase& database, const std::string& user) {
  if (const auto uid = parse_id(user)) return *uid;
  if (const auto entry = find_entry(database, user)) return entry->uid;
  return no_user(database, user);
}

Result<gid_t> find_gid(const UserDatabase& database, const std::string& group) {
  if (const auto gid = parse_id(group)) return *gid;
  std::vector<std::string_view> names;
  std::string_view text = database.group;
  while (const auto entry = next_group_entry(text)) {
    if (entry->name == group) return entry->gid;
    names.push_back(entry->name);
  }
  return not_found("group", group, kGroup, database.of, names);
}

Result<UserDatabase> read_user_database(const EnterFacts& facts) {
  UserDatabase database;
  database.of = whose_files(facts);
  if (facts.files < 0) {
    std::string hint = "use numbers, which need no lookup: --setuid=UID --setgid=GID";
    for (const auto& [capability, name] :
         {std::pair{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"}, std::pair{CAP_SYS_CHROOT, "CAP_SYS_CHROOT"}}) {
      if (has_capability(capability)) continue;
      hint = hint_for_capability(capability, name, Over::another);
      break;
    }
    return refuse("look up users in the files of", database.of,
                  "its root directory cannot be opened from outside", std::move(hint));
  }
  auto passwd = TRY(read_database(facts.files, kPasswd, database.of));
  auto group = TRY(read_database(facts.files, kGroup, database.of));
  database.passwd = std::move(passwd);
  database.group = std::move(group);
  return database;
}

}  // namespace nsx
