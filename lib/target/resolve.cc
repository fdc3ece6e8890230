// What the text of a target means.

#include <algorithm>
#include <array>
#include <unistd.h>

#include "kernel/text.hh"
#include "target/search.hh"

namespace nsx {

namespace {

constexpr const char* kWhere =
    "looked in the pins below /run, the cgroups with systemd's units, and the state and cgroups "
    "of containers";

struct Prefix {
  const char* text;
  Matches (*find)(const SearchPlace&, const std::string&);
};

constexpr std::array kPrefixes{
    Prefix{"pin:", find_pin},
    Prefix{"container:", find_container},
    Prefix{"unit:", find_unit},
    Prefix{"cgroup:", find_cgroup},
};

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<Target> by_pid(const Kernel& kernel, std::string_view digits) {
  const auto pid = parse_number<pid_t>(digits);
  if (!pid) {
    return refuse("find", "PID " + std::string(digits), "that is more than any PID",
                  "the ID of a container is written container:ID");
  }
  auto process = Process::open(kernel, *pid);
  if (!process) return error_of(process);
  Target target;
  target.name = "PID " + std::to_string(*pid);
  target.process = std::move(*process);
  return target;
}

Result<Target> by_pid_and_inode(const Kernel& kernel, std::string_view pid,
                                std::string_view inode) {
  auto target = by_pid(kernel, pid);
  if (!target) return target;
  auto found = target->process->pidfd_inode();
  if (!found) return error_of(found);
  if (parse_number<std::uint64_t>(inode) != *found) {
    return refuse("find", target->name + " with the pidfd inode " + std::string(inode),
                  "the process that has this PID now is another one",
                  "its inode is " + std::to_string(*found));
  }
  return target;
}

Result<Target> by_namespace_number(const Kernel& kernel, const std::string& digits) {
  const auto number = parse_number<std::uint64_t>(digits);
  if (!number) {
    return refuse("find", "ns:" + digits, "not the number of a namespace",
                  "an inode number or a 64-bit id, as nsx-ls(1) shows them");
  }
  auto ns = find_namespace(kernel, *number);
  if (!ns) return error_of(ns);
  Target target;
  target.name = std::string(name(ns->kind())) + " namespace " + digits;
  target.namespaces.push_back({std::move(*ns), target.name});
  return target;
}

/// Drops each match whose process an earlier one has.
void forget_same(std::vector<Match>& matches) {
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const auto& kept = matches[i].target.process;
    if (!kept) continue;
    const auto is_same = [&](const Match& later) {
      return later.target.process && later.target.process->pid() == kept->pid();
    };
    matches.erase(std::remove_if(matches.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                 matches.end(), is_same),
                  matches.end());
  }
}

/// The one that was found; `subject` is what was asked for.
Result<Target> choose(Matches matches, const std::string& subject, const char* where) {
  auto& found = matches.found;
  forget_same(found);
  if (found.size() == 1) return std::move(found.front().target);
  if (found.empty()) {
    if (!matches.unusable.empty()) return tl::unexpected(std::move(matches.unusable.front()));
    std::string hint = where;
    if (!hint.empty() && !matches.hint.empty()) hint += "; ";
    return refuse("find", subject, "there is nothing of that name", hint + matches.hint);
  }
  std::string list;
  for (const Match& match : found) {
    if (!list.empty()) list += ", ";
    list += match.label;
    // A name can be that of several; the PID tells them apart.
    const auto same = [&](const Match& other) { return other.label == match.label; };
    const auto& process = match.target.process;
    if (process && std::count_if(found.begin(), found.end(), same) > 1) {
      list += " (PID " + std::to_string(process->pid()) + ')';
    }
  }
  return refuse("choose", subject, "several have that name", list);
}

SearchPlace place_of(const Kernel& kernel, const TargetOptions& options) {
  SearchPlace place{kernel, options.root == "/" ? "" : options.root};
  const uid_t uid = ::geteuid();
  if (uid == 0) return place;
  place.runtime_directory =
      place.root + (options.runtime_directory.empty() ? "/run/user/" + std::to_string(uid)
                                                      : options.runtime_directory);
  return place;
}

Result<Target> by_word(const SearchPlace& place, const std::string& word) {
  Matches all;
  for (const Prefix& prefix : kPrefixes) {
    Matches some = prefix.find(place, word);
    std::move(some.found.begin(), some.found.end(), std::back_inserter(all.found));
    std::move(some.unusable.begin(), some.unusable.end(), std::back_inserter(all.unusable));
    if (!some.hint.empty()) all.hint = std::move(some.hint);
  }
  return choose(std::move(all), '\'' + word + '\'', kWhere);
}

}  // namespace

Result<Target> resolve_target(const Kernel& kernel, const std::string& text,
                              const TargetOptions& options) {
  const SearchPlace place = place_of(kernel, options);
  if (text.empty()) return refuse("find", "a target", "its name is empty");
  if (is_digits(text)) return by_pid(kernel, text);

  const std::size_t colon = text.find(':');
  if (colon != std::string::npos) {
    const std::string before = text.substr(0, colon);
    const std::string after = text.substr(colon + 1);
    if (is_digits(before) && is_digits(after)) return by_pid_and_inode(kernel, before, after);
    if (before == "ns") return by_namespace_number(kernel, after);
  }
  for (const Prefix& prefix : kPrefixes) {
    if (text.starts_with(prefix.text)) {
      const std::string name = text.substr(std::string_view(prefix.text).size());
      return choose(prefix.find(place, name), text, "");
    }
  }
  return by_word(place, text);
}

std::vector<TargetName> list_targets(const Kernel& kernel, const TargetOptions& options) {
  const SearchPlace place = place_of(kernel, options);
  std::vector<TargetName> names;
  for (auto* const list : {list_pins, list_containers, list_cgroups}) {
    auto some = list(place);
    std::move(some.begin(), some.end(), std::back_inserter(names));
  }
  std::sort(names.begin(), names.end(), [](const TargetName& a, const TargetName& b) {
    return std::tie(a.prefix, a.name) < std::tie(b.prefix, b.name);
  });
  return names;
}

}  // namespace nsx
