// SPDX-License-Identifier: MIT
#pragma once
// Names of users and containers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unordered_map>

#include <nsx/enter.hh>
#include <nsx/result.hh>
#include <nsx/target.hh>

#include "common/options.hh"

namespace nsx::cli {

// Users and groups on the command line, by name or number. A name is looked up once it is known
// whether the program will have the files of the target or those of this machine.

/// The users and groups to look up.
struct UserOptions {
  std::optional<UserWords> as;  ///< --as
  std::string uid = {};         ///< the name in --setuid; empty if it is a number or not given
  std::string gid = {};         ///< the name in --setgid, likewise
  bool of_host = false;         ///< look up names on this machine, whatever is entered
  std::string host_hint = {};   ///< hint of the error for a name that is unknown on this machine
};

inline constexpr Option kAs =
    value(kNoLetter, "as", {"USER[:GROUP]"},
          "run as this user: sets UID, GID, groups, HOME, USER, LOGNAME and SHELL",
          parse_into<parse_user_words, &UserOptions::as>);

/// Parses the argument of --setuid or --setgid: stores a number in `id`, or a name in `name`.
/// `what` is "UID" or "GID"; `others` completes the message "expected a number".
Status take_id(const char* text, const char* what, std::optional<std::uint32_t>& id,
               std::string& name, const char* others = " or a name");

/// Checks that --as is not combined with an option that sets or keeps the same ids.
Status check_users(const CommandLine& line);

/// Returns whether the look-up may need EnterFacts::files.
bool needs_files(const UserOptions& options);

/// Looks up the given users and groups, and stores them in the request.
Status look_up_users(const UserOptions& options, const EnterFacts& facts, EnterRequest& request);

/// Parses a numeric id. `what` is "UID" or "GID".
Result<std::uint32_t> parse_id(std::string_view text, const char* what);

/// Returns the number of a user or group, given as a number or as a name in the user database of
/// this machine.
Result<std::uint32_t> parse_user(const char* text);
Result<std::uint32_t> parse_group(const char* text);

// The names that container runtimes give to their containers.

/// Shortens a container ID of 64 hexadecimal digits to the first 12, as `docker ps` does. Any other
/// name is returned unchanged.
std::string short_container_id(const std::string& name);

/// The containers that were running when this object was created.
class ContainerNames {
 public:
  ContainerNames(const Kernel& kernel, const TargetOptions& options);

  /// The names of the containers, by the PID of their first process.
  const std::unordered_map<pid_t, std::string>& first_processes() const { return by_pid_; }

  /// Returns the name of the outermost container whose cgroup is `path` or an ancestor of it, or
  /// null if no container has one. Nested containers are reported as the outer one. `path` is as in
  /// /proc/PID/cgroup.
  const std::string* of_cgroup(const std::string& path) const;

 private:
  std::unordered_map<pid_t, std::string> by_pid_;
  std::unordered_map<std::string, std::string> by_cgroup_;
};

}  // namespace nsx::cli
