// SPDX-License-Identifier: MIT
#pragma once
// Users and groups on the command line, by name or number. A name is looked up when it is known
// whose files the program will have: those of the target or this machine's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nsx/enter.hh>
#include <nsx/result.hh>

#include "common/options.hh"

namespace nsx::cli {

/// What has to be looked up.
struct UserOptions {
  std::optional<UserWords> as;  ///< --as
  std::string uid = {};         ///< the name in --setuid; empty: a number or none is given
  std::string gid = {};         ///< likewise, --setgid
  bool of_host = false;         ///< names are those of this machine, whatever is entered
  std::string host_hint = {};   ///< for a name that this machine does not have
};

inline constexpr Option kAs =
    value(kNoLetter, "as", {"USER[:GROUP]"},
          "run as this user: sets UID, GID, groups, HOME, USER, LOGNAME and SHELL",
          parse_into<parse_user_words, &UserOptions::as>);

/// Takes the argument of --setuid or --setgid: a number into `id`, a name into `name`. `what` is
/// UID or GID; `others` is what else the tool takes, for the message.
Status take_id(const char* text, const char* what, std::optional<std::uint32_t>& id,
               std::string& name, const char* others = " or a name");

/// Whether --as is given together with an option that sets or keeps the same ids.
Status check_users(const CommandLine& line);

/// Whether EnterFacts::files may be needed for the look-up.
bool needs_files(const UserOptions& options);

/// Looks up what was named, and puts it into the request.
Status look_up_users(const UserOptions& options, const EnterFacts& facts, EnterRequest& request);

/// The number of an id; `what` is UID or GID.
Result<std::uint32_t> parse_id(std::string_view text, const char* what);

/// The number of a user or group, given so or by name. Looks into the user database.
Result<std::uint32_t> parse_user(const char* text);
Result<std::uint32_t> parse_group(const char* text);

}  // namespace nsx::cli
