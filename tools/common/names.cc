// SPDX-License-Identifier: MIT
#include "common/names.hh"

#include <cctype>
#include <grp.h>
#include <pwd.h>

#include "common/report.hh"
#include "common/value.hh"
#include "try.hh"

namespace nsx::cli {

namespace {

/// Returns all groups of a user, like initgroups(3).
std::vector<gid_t> groups_of(const char* name, gid_t gid) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (::getgrouplist(name, gid, groups.data(), &count) < 0) {
    // If the count has not grown, the failure has another cause.
    if (count <= static_cast<int>(groups.size())) return {gid};
    groups.resize(static_cast<std::size_t>(count));
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

/// Looks up a user like find_user(), but in the user database of this machine (nsswitch.conf(5)).
Result<User> find_user_of_host(const UserWords& words) {
  User user;
  const passwd* entry = ::getpwnam(words.user.c_str());
  if (entry == nullptr) {
    auto uid = TRY(parse_user(words.user.c_str()));
    user.uid = uid;
    entry = ::getpwuid(uid);
  }
  if (entry != nullptr) {
    user.uid = entry->pw_uid;
    user.gid = entry->pw_gid;
    user.name = entry->pw_name;
    if (*entry->pw_dir != '\0') user.home = entry->pw_dir;
    if (*entry->pw_shell != '\0') user.shell = entry->pw_shell;
  }
  if (words.group.empty()) {
    user.groups =
        user.name.empty() ? std::vector{user.gid} : groups_of(user.name.c_str(), user.gid);
    return user;
  }
  auto gid = TRY(parse_group(words.group.c_str()));
  user.gid = gid;
  user.groups = {gid};
  return user;
}

bool names_somebody(const UserOptions& options) {
  return options.as || !options.uid.empty() || !options.gid.empty();
}

template <class Found, class Place>
Status put(Result<Found> found, Place& place) {
  place = TRY(std::move(found));
  return {};
}

Status look_up_in_files(const UserOptions& options, const EnterFacts& facts,
                        EnterRequest& request) {
  const auto database = TRY(read_user_database(facts));
  if (options.as) return put(find_user(database, *options.as), request.user);
  if (!options.uid.empty()) {
    TRY(put(find_uid(database, options.uid), request.uid));
  }
  if (options.gid.empty()) return {};
  return put(find_gid(database, options.gid), request.gid);
}

Status look_up_on_host(const UserOptions& options, EnterRequest& request) {
  if (options.as) return put(find_user_of_host(*options.as), request.user);
  if (!options.uid.empty()) {
    TRY(put(parse_user(options.uid.c_str()), request.uid));
  }
  if (options.gid.empty()) return {};
  return put(parse_group(options.gid.c_str()), request.gid);
}

bool is_number(const char* text) {
  return std::isdigit(static_cast<unsigned char>(*text)) != 0;
}

/// Returns the error for an invalid UID or GID; `others` names the other accepted values.
tl::unexpected<Error> invalid_id(const char* what, std::string_view text, const char* others = "") {
  const bool is_too_large =
      !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  return problem(
      std::string("invalid ") + what + " '{}'", text,
      is_too_large ? "the largest is 4294967294" : std::string("expected a number") + others);
}

}  // namespace

Status take_id(const char* text, const char* what, std::optional<std::uint32_t>& id,
               std::string& name, const char* others) {
  name.clear();
  id = parse_number<std::uint32_t>(text);
  // For the kernel, (uid_t) -1 means "no change".
  if (id && *id != ~std::uint32_t{0}) return {};
  id.reset();
  const std::string_view word = text;
  const bool is_name = !word.empty() && word.find_first_of("0123456789+-") != 0 &&
                       word.find_first_of(":/\n") == std::string_view::npos;
  if (is_name) {
    name = word;
    return {};
  }
  return invalid_id(what, text, others);
}

Status check_users(const CommandLine& line) {
  if (!line.has("as")) return {};
  const char* other = line.has("setuid")                 ? "--setuid"
                      : line.has("setgid")               ? "--setgid"
                      : line.has("preserve-credentials") ? "--preserve-credentials"
                                                         : nullptr;
  if (other == nullptr) return {};
  return problem(std::string("--as and ") + other + " are mutually exclusive");
}

bool needs_files(const UserOptions& options) {
  return !options.of_host && names_somebody(options);
}

Status look_up_users(const UserOptions& options, const EnterFacts& facts, EnterRequest& request) {
  if (!names_somebody(options)) return {};
  if (needs_files(options) && facts.has_other_files())
    return look_up_in_files(options, facts, request);
  auto done = look_up_on_host(options, request);
  if (!done && done.error().hint().empty()) done.error().set_hint(options.host_hint);
  return done;
}

Result<std::uint32_t> parse_id(std::string_view text, const char* what) {
  const auto id = parse_number<std::uint32_t>(text);
  // For the kernel, (uid_t) -1 means "no change".
  if (id && *id != ~std::uint32_t{0}) return *id;
  return invalid_id(what, text);
}

Result<std::uint32_t> parse_user(const char* text) {
  if (is_number(text)) return parse_id(text, "UID");
  if (const passwd* user = ::getpwnam(text)) return user->pw_uid;
  return problem("no user named '{}' on this machine", text);
}

Result<std::uint32_t> parse_group(const char* text) {
  if (is_number(text)) return parse_id(text, "GID");
  if (const group* found = ::getgrnam(text)) return found->gr_gid;
  return problem("no group named '{}' on this machine", text);
}

std::string short_container_id(const std::string& name) {
  constexpr std::size_t kFull = 64;
  constexpr std::size_t kShort = 12;
  const bool is_id =
      name.size() == kFull && name.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_id ? name.substr(0, kShort) : name;
}

ContainerNames::ContainerNames(const Kernel& kernel, const TargetOptions& options) {
  for (const TargetName& target : list_targets(kernel, options, "container")) {
    if (target.pid == 0) continue;
    const std::string name = short_container_id(target.name);
    by_pid_.try_emplace(target.pid, name);
    if (!target.cgroup.empty()) by_cgroup_.try_emplace(target.cgroup, name);
  }
}

const std::string* ContainerNames::of_cgroup(const std::string& path) const {
  if (path.empty() || by_cgroup_.empty()) return nullptr;
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const auto named = by_cgroup_.find(path.substr(0, end));
    if (named != by_cgroup_.end()) return &named->second;
    if (end == std::string::npos) return nullptr;
  }
}

}  // namespace nsx::cli
