// SPDX-License-Identifier: MIT
#include "common/arguments.hh"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <strings.h>

#include "common/names.hh"
#include "common/options.hh"
#include "common/report.hh"
#include "common/value.hh"
#include "try.hh"

namespace nsx::cli {

namespace {

constexpr const char* kKindNames = "cgroup, ipc, mnt, net, pid, time, user or uts";

std::optional<Kind> kind_by_any_name(std::string_view word) {
  if (word == "mount") return Kind::mnt;
  if (word == "network") return Kind::net;
  return kind_by_name(word);
}

}  // namespace

Result<KindSet> parse_kinds(std::string_view list) {
  KindSet kinds;
  for (const std::string_view word : split_list(list)) {
    const auto kind = kind_by_any_name(word);
    if (!kind) {
      return problem("unknown namespace type '{}'", word, std::string("expected ") + kKindNames);
    }
    kinds.insert(*kind);
  }
  return kinds;
}

Status add_kinds(KindSet& kinds, const char* list) {
  kinds.insert(TRY(parse_kinds(list)));
  return {};
}

namespace {

std::string without_sig(std::string_view text) {
  std::string name(text);
  return ::strncasecmp(name.c_str(), "SIG", 3) == 0 ? name.substr(3) : name;
}

/// Parses the offset in "+3" or "-3"; none if it leads beyond the real-time signals.
std::optional<int> parse_distance(std::string_view text, char sign) {
  if (text.empty()) return 0;
  const auto distance = text.front() == sign ? parse_number<int>(text.substr(1)) : std::nullopt;
  if (!distance || *distance < 0 || *distance > SIGRTMAX - SIGRTMIN) return std::nullopt;
  return distance;
}

/// Parses "RTMIN", "RTMIN+3", "RTMAX" or "RTMAX-1", excluding the real-time signals that the C
/// library reserves.
std::optional<int> parse_realtime(const std::string& name) {
  if (::strncasecmp(name.c_str(), "RTMIN", 5) == 0) {
    const auto distance = parse_distance(name.substr(5), '+');
    if (distance) return SIGRTMIN + *distance;
  }
  if (::strncasecmp(name.c_str(), "RTMAX", 5) == 0) {
    const auto distance = parse_distance(name.substr(5), '-');
    if (distance) return SIGRTMAX - *distance;
  }
  return std::nullopt;
}

std::optional<int> find_signal(std::string_view text) {
  if (const auto number = parse_number<int>(text)) return number;
  const std::string name = without_sig(text);
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* abbreviation = ::sigabbrev_np(signal);
    if (abbreviation != nullptr && ::strcasecmp(abbreviation, name.c_str()) == 0) return signal;
  }
  return parse_realtime(name);
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  const auto signal = find_signal(text);
  if (signal && *signal > 0 && *signal <= SIGRTMAX) return *signal;
  return problem("invalid signal '{}'", text, "expected a name like TERM or a number");
}

Result<std::vector<int>> parse_signals(std::string_view list) {
  std::vector<int> signals;
  for (const std::string_view word : split_list(list))
    signals.push_back(TRY(parse_signal(word)));
  return signals;
}

std::string signal_name(int signal) {
  const char* abbreviation = ::sigabbrev_np(signal);
  return abbreviation != nullptr ? abbreviation : std::to_string(signal);
}

namespace {

/// Parses three numbers separated by `separator`; returns none if `text` is anything else.
std::optional<std::array<std::uint32_t, 3>> parse_three(std::string_view text, char separator) {
  std::array<std::uint32_t, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t end = i + 1 < numbers.size() ? text.find(separator) : text.size();
    if (end == std::string_view::npos) return std::nullopt;
    const auto number = parse_number<std::uint32_t>(text.substr(0, end));
    if (!number) return std::nullopt;
    numbers[i] = *number;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return numbers;
}

using Source = IdMapRequest::Block::Source;

void map_both(CreateRequest& request, IdMapRequest::Own own) {
  request.users.own = request.groups.own = own;
}

void add_to_both(CreateRequest& request, Source source) {
  for (IdMapRequest* ids : {&request.users, &request.groups})
    ids->blocks.push_back({source, {}});
}

}  // namespace

Result<CreateRequest::Propagation> parse_propagation(std::string_view mode) {
  using Propagation = CreateRequest::Propagation;
  if (mode == "private") return Propagation::private_;
  if (mode == "shared") return Propagation::shared;
  if (mode == "slave") return Propagation::slave;
  if (mode == "unchanged") return Propagation::unchanged;
  return problem("invalid argument '{}' for --propagation", mode,
                 "expected private, shared, slave or unchanged");
}

Result<IdMapRequest::Block> parse_block(std::string_view map) {
  if (map == "auto") return IdMapRequest::Block{Source::auto_, {}};
  if (map == "subids") return IdMapRequest::Block{Source::subids, {}};
  if (map == "all") return IdMapRequest::Block{Source::all, {}};
  if (const auto ids = parse_three(map, ':')) {
    return IdMapRequest::Block{Source::range, {(*ids)[0], (*ids)[1], (*ids)[2]}};
  }
  if (const auto ids = parse_three(map, ',')) {
    return IdMapRequest::Block{Source::range, {(*ids)[1], (*ids)[0], (*ids)[2]}};
  }
  return problem("invalid ID map '{}'", map, "expected INSIDE:OUTSIDE:COUNT, auto, subids or all");
}

Result<CreateRequest::Owner> parse_owner(std::string_view owner) {
  const std::size_t colon = owner.find(':');
  if (colon == std::string_view::npos) {
    return problem("invalid owner '{}'", owner, "expected UID:GID");
  }
  auto uid = TRY(parse_id(owner.substr(0, colon), "UID"));
  auto gid = TRY(parse_id(owner.substr(colon + 1), "GID"));
  return CreateRequest::Owner{uid, gid};
}

Result<bool> parse_setgroups(std::string_view word) {
  if (word == "allow") return true;
  if (word == "deny") return false;
  return problem("invalid argument '{}' for --setgroups", word, "expected allow or deny");
}

Result<std::int64_t> parse_offset(std::string_view seconds) {
  const bool plus = seconds.starts_with('+') && !seconds.starts_with("+-");
  if (const auto number = parse_number<std::int64_t>(seconds.substr(plus ? 1 : 0))) return *number;
  return problem("invalid offset '{}'", seconds, "expected a whole number of seconds");
}

Result<std::string> parse_hostname(std::string_view name) {
  // sethostname(2)
  if (name.size() <= 64) return std::string(name);
  return problem("invalid hostname '{}'", name, "it is longer than 64 bytes");
}

std::vector<std::string> choose_variables(const char* const* environment, std::string_view names) {
  const std::vector<std::string_view> wanted = split_list(names);
  const auto is_wanted = [&](std::string_view name) {
    return !name.empty() && std::ranges::find(wanted, name) != wanted.end();
  };
  std::vector<std::string> chosen;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    if (is_wanted(entry.substr(0, entry.find('=')))) chosen.emplace_back(entry);
  }
  return chosen;
}

void map_root_user(CreateRequest& request) {
  map_both(request, {0});
}

void map_current_user(CreateRequest& request) {
  map_both(request, {});
}

Status map_user(CreateRequest& request, const char* user) {
  request.users.own = IdMapRequest::Own{TRY(parse_user(user))};
  return {};
}

Status map_group(CreateRequest& request, const char* group) {
  request.groups.own = IdMapRequest::Own{TRY(parse_group(group))};
  return {};
}

Status map_users(CreateRequest& request, const char* map) {
  request.users.blocks.push_back(TRY(parse_block(map)));
  return {};
}

Status map_groups(CreateRequest& request, const char* map) {
  request.groups.blocks.push_back(TRY(parse_block(map)));
  return {};
}

void map_auto(CreateRequest& request) {
  add_to_both(request, Source::auto_);
}

void map_subids(CreateRequest& request) {
  add_to_both(request, Source::subids);
}

}  // namespace nsx::cli
