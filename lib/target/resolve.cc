// SPDX-License-Identifier: MIT
// Resolves the text of a target. Also finds pins: names that keep namespaces alive.

#include <algorithm>
#include <array>
#include <cstring>
#include <unistd.h>

#include <nsx/census.hh>
#include <nsx/pin.hh>
#include <nsx/text.hh>

#include "kernel/files.hh"
#include "kernel/text.hh"
#include "kernel/trace.hh"
#include "target/search.hh"
#include "try.hh"

namespace nsx {

namespace {

/// A target, or why there is none.
struct Choice {
  Result<Target> target;
  bool is_absent = false;  ///< nothing has the name
};

struct Prefix {
  const char* text;
  const char* what;
  Matches (*find)(const SearchPlace&, const std::string&);
};

constexpr Prefix kContainer{"container:", "container", find_container};

constexpr std::array kPrefixes{
    Prefix{"pin:", "pin", find_pin},
    kContainer,
    Prefix{"unit:", "unit", find_unit},
    Prefix{"cgroup:", "cgroup", find_cgroup},
};

/// Prefixes that other tools use for containers.
constexpr std::array kContainerWords{
    "docker:", "podman:", "nerdctl:", "runc:", "crun:", "lxc:", "machine:"};

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<Target> by_pid(const Kernel& kernel, std::string_view digits) {
  const auto pid = parse_number<pid_t>(digits);
  if (!pid) {
    return problem("invalid PID '{}'", digits, "it is larger than any PID",
                   "for a container ID, use container:" + std::string(digits));
  }
  auto process = TRY(Process::open(kernel, *pid));
  Target target;
  target.name = "PID " + std::to_string(*pid);
  target.process = std::move(process);
  return target;
}

Result<Target> by_pid_and_inode(const Kernel& kernel, std::string_view pid,
                                std::string_view inode) {
  auto target = TRY(by_pid(kernel, pid));
  auto found = TRY(target.process->pidfd_inode());
  if (parse_number<std::uint64_t>(inode) != found) {
    return refuse(
        "find", target.name + " with the pidfd inode " + std::string(inode),
        "another process has this PID now, with the pidfd inode " + std::to_string(found));
  }
  return target;
}

Result<Target> by_namespace_number(const Kernel& kernel, const std::string& digits) {
  const auto number = parse_number<std::uint64_t>(digits);
  if (!number) {
    return problem("invalid namespace number '{}'", digits,
                   "expected an inode number or a 64-bit ID", "run 'nsx-ls' to list namespaces");
  }
  auto ns = TRY(find_namespace(kernel, *number));
  Target target;
  target.name = std::string(name(ns.kind())) + " namespace " + digits;
  target.namespaces.push_back({std::move(ns), target.name});
  return target;
}

/// Removes each match whose process also belongs to an earlier match.
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

/// Takes the only match. `what` is the kind of thing that was requested, `name` its name.
Choice choose(Matches matches, const std::string& what, const std::string& name) {
  auto& found = matches.found;
  forget_same(found);
  if (found.size() == 1) return {std::move(found.front().target)};
  if (found.empty()) {
    if (!matches.unusable.empty()) return {tl::unexpected(std::move(matches.unusable.front()))};
    return {problem("no " + what + " named '{}'", name, matches.reason, matches.hint), true};
  }
  std::string list;
  for (const Match& match : found) {
    if (!list.empty()) list += ", ";
    list += match.label;
    // Several things can share a name. The PID distinguishes them.
    const auto same = [&](const Match& other) { return other.label == match.label; };
    const auto& process = match.target.process;
    if (process && std::count_if(found.begin(), found.end(), same) > 1) {
      list += " (PID " + std::to_string(process->pid()) + ')';
    }
  }
  return {problem("ambiguous name '{}'", name, "could be " + list)};
}

SearchPlace place_of(const Kernel& kernel, const TargetOptions& options) {
  SearchPlace place{kernel, options.root == "/" ? "" : options.root};
  if (!options.pin_directory.empty()) place.pin_directory = place.root + options.pin_directory;
  place.named_runtime_directory = options.runtime_directory;
  place.named_data_directory = options.data_directory;
  const uid_t uid = ::geteuid();
  if (uid == 0) return place;
  place.runtime_directory =
      place.root + (options.runtime_directory.empty() ? "/run/user/" + std::to_string(uid)
                                                      : options.runtime_directory);
  return place;
}

/// Serializes names for another process; unpack() reverses it.
std::string packed(const std::vector<TargetName>& names) {
  std::string text;
  for (const TargetName& each : names) {
    for (const std::string& field :
         {each.prefix, each.name, each.description, each.cgroup, std::to_string(each.pid)}) {
      text.append(field).append(1, '\0');
    }
  }
  return text;
}

void unpack(std::string_view text, std::vector<TargetName>& names) {
  while (!text.empty()) {
    TargetName& each = names.emplace_back();
    for (std::string* field : {&each.prefix, &each.name, &each.description, &each.cgroup})
      *field = next_field(text, '\0');
    each.pid = parse_number<pid_t>(next_field(text, '\0')).value_or(0);
  }
}

/// Returns the most similar name with its prefix, or an empty string if none is similar.
std::string meant_name(const Kernel& kernel, const TargetOptions& options, std::string_view prefix,
                       std::string_view word) {
  const std::vector<TargetName> all = list_targets(kernel, options);
  std::vector<std::string_view> names;
  for (const TargetName& each : all) {
    // Paths are too similar to each other.
    if (each.prefix == "cgroup") continue;
    if (prefix.empty() || prefix == each.prefix + ':') names.push_back(each.name);
  }
  const auto near = nearest(names, word);
  return near ? std::string(prefix) + std::string(*near) : std::string();
}

/// If nothing has the name, adds a similar name to the error.
Result<Target> with_suggestion(Choice choice, const Kernel& kernel, const TargetOptions& options,
                               std::string_view prefix, std::string_view word) {
  if (!choice.is_absent) return std::move(choice.target);
  const std::string meant = meant_name(kernel, options, prefix, word);
  if (meant.empty()) return std::move(choice.target);
  Error& error = choice.target.error();
  error.set_what(error.what() + " (did you mean '" + meant + "'?)");
  return std::move(choice.target);
}

Matches search(const Prefix& prefix, const SearchPlace& place, const std::string& name) {
  Matches matches = prefix.find(place, name);
  trace(TraceArea::target, [&] {
    std::string text = prefix.text + name + ": ";
    if (matches.found.empty()) text += "not found";
    for (const Match& match : matches.found) {
      if (&match != &matches.found.front()) text += ", ";
      text += match.target.name;
    }
    for (const Error& error : matches.unusable)
      text += "; " + error.message();
    return matches.reason.empty() ? text : text + " (" + matches.reason + ')';
  });
  return matches;
}

Choice by_word(const SearchPlace& place, const std::string& word) {
  Matches all;
  for (const Prefix& prefix : kPrefixes) {
    if (prefix.find == find_pin && word.find('/') != std::string::npos) continue;
    Matches some = search(prefix, place, word);
    std::move(some.found.begin(), some.found.end(), std::back_inserter(all.found));
    std::move(some.unusable.begin(), some.unusable.end(), std::back_inserter(all.unusable));
    if (!some.reason.empty()) all.reason = std::move(some.reason);
    if (!some.hint.empty()) all.hint = std::move(some.hint);
  }
  return choose(std::move(all), "container, pin, unit or cgroup", word);
}

Result<Target> resolve(const Kernel& kernel, const std::string& text,
                       const TargetOptions& options) {
  const SearchPlace place = place_of(kernel, options);
  if (text.empty()) return problem("the target name is empty");
  if (is_digits(text)) return by_pid(kernel, text);

  const std::size_t colon = text.find(':');
  if (colon != std::string::npos) {
    const std::string before = text.substr(0, colon);
    const std::string after = text.substr(colon + 1);
    if (is_digits(before) && is_digits(after)) return by_pid_and_inode(kernel, before, after);
    if (before == "ns") return by_namespace_number(kernel, after);
    if (before == "pid" && is_digits(after)) return by_pid(kernel, after);
  }
  for (const char* word : kContainerWords) {
    if (text.starts_with(word)) {
      return resolve(kernel, "container:" + text.substr(std::strlen(word)), options);
    }
  }
  for (const Prefix& prefix : kPrefixes) {
    if (text.starts_with(prefix.text)) {
      const std::string name = text.substr(std::string_view(prefix.text).size());
      return with_suggestion(choose(search(prefix, place, name), prefix.what, name), kernel,
                             options, prefix.text, name);
    }
  }
  auto found = by_word(place, text);
  // docker(1) prints container names with a leading slash.
  const bool is_dockers = text.size() > 1 && text.find('/', 1) == std::string::npos;
  if (!found.target && text.front() == '/' && is_dockers) {
    const std::string name = text.substr(1);
    Choice container = choose(search(kContainer, place, name), kContainer.what, name);
    if (!container.is_absent) return std::move(container.target);
  }
  return with_suggestion(std::move(found), kernel, options, "", text);
}

/// Returns the stores to search: the named one, or an ordinary user's own followed by the
/// machine's.
std::vector<PinStore> stores(const SearchPlace& place) {
  std::vector<PinStore> stores;
  if (!place.pin_directory.empty()) {
    if (auto store = PinStore::open(place.kernel, place.pin_directory)) {
      stores.push_back(std::move(*store));
    }
    return stores;
  }
  if (!place.runtime_directory.empty()) {
    // A user without a holder, or without access to it, has no pins there.
    if (auto holder = PinHolder::find(place.kernel, place.runtime_directory); holder && *holder) {
      if (auto own = (*holder)->store()) stores.push_back(std::move(*own));
    }
  }
  if (auto store = PinStore::open(place.kernel, place.root + kPinRoot)) {
    stores.push_back(std::move(*store));
  }
  return stores;
}

}  // namespace

bool has_target_prefix(std::string_view text) {
  const std::string_view before = text.substr(0, text.find(':'));
  if (before.size() == text.size()) return false;
  if (is_digits(before)) return is_digits(text.substr(before.size() + 1));
  const auto begins = [&](std::string_view word) { return text.starts_with(word); };
  return before == "pid" || before == "ns" || std::ranges::any_of(kContainerWords, begins) ||
         std::ranges::any_of(kPrefixes, [&](const Prefix& each) { return begins(each.text); });
}

Result<Target> resolve_target(const Kernel& kernel, const std::string& text,
                              const TargetOptions& options) {
  auto target = resolve(kernel, text, options);
  trace(TraceArea::target, [&] {
    return text + " is " + (target ? target->name : "not usable: " + target.error().message());
  });
  return target;
}

std::vector<TargetName> list_targets(const Kernel& kernel, const TargetOptions& options,
                                     std::string_view prefix) {
  const SearchPlace place = place_of(kernel, options);
  std::vector<TargetName> names;
  // Each list is made by its own child, so a file system that does not answer costs only one of
  // them.
  const auto add = [&](std::string_view prefixes, auto* list) {
    if (prefixes.find(prefix) == std::string_view::npos) return;
    const auto text = text_in_time([&] { return packed(list(place)); });
    if (text) unpack(*text, names);
  };
  add("pin", list_pins);
  add("container", list_containers);
  add("unit cgroup", list_cgroups);
  if (!prefix.empty()) {
    std::erase_if(names, [&](const TargetName& each) { return each.prefix != prefix; });
  }
  std::sort(names.begin(), names.end(), [](const TargetName& a, const TargetName& b) {
    return std::tie(a.prefix, a.name) < std::tie(b.prefix, b.name);
  });
  return names;
}

Matches find_pin(const SearchPlace& place, const std::string& name) {
  Matches matches;
  if (auto valid = check_pin_name(name); !valid) {
    matches.unusable.push_back(std::move(valid.error()));
    return matches;
  }
  for (const PinStore& store : stores(place)) {
    if (!store.has(name)) continue;
    auto namespaces = store.find(place.kernel, name);
    if (!namespaces) {
      matches.unusable.push_back(std::move(namespaces.error()));
      continue;
    }
    Target target;
    target.name = "pin " + name;
    for (Namespace& ns : *namespaces) {
      const Kind kind = ns.kind();
      target.namespaces.push_back({std::move(ns), pin_path(kind, name, store.root())});
    }
    matches.found.push_back({"pin:" + name, std::move(target)});
    break;
  }
  return matches;
}

std::vector<TargetName> list_pins(const SearchPlace& place) {
  std::vector<TargetName> pins;
  for (const PinStore& store : stores(place)) {
    const auto files = store.list(place.kernel);
    if (!files) continue;
    for (const PinFile& file : *files) {
      const auto known = std::find_if(pins.begin(), pins.end(),
                                      [&](const auto& pin) { return pin.name == file.name; });
      if (known == pins.end()) {
        pins.push_back({"pin", file.name, nsx::name(file.kind), 0});
      } else {
        known->description += std::string(", ") + nsx::name(file.kind);
      }
    }
  }
  return pins;
}

}  // namespace nsx
