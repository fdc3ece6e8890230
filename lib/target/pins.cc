// Names that keep namespaces alive: bind mounts in /run/netns, as ip-netns(8) makes them, and in a
// directory beside it for each other kind.

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

#include <nsx/pin.hh>

#include "kernel/directory.hh"
#include "target/search.hh"

namespace nsx {

namespace {

std::string directory(const SearchPlace& place, Kind kind) {
  return place.root + pin_directory(kind);
}

bool is_there(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0;
}

}  // namespace

Matches find_pin(const SearchPlace& place, const std::string& name) {
  Matches matches;
  if (!check_pin_name(name)) {
    matches.unusable.push_back(
        {"find", "pin:" + name, 0, "that is no name of a pin", "it names a file, without a \"/\""});
    return matches;
  }
  Target target;
  target.name = "pin " + name;
  for (const Kind kind : KindSet::all()) {
    const std::string path = directory(place, kind) + '/' + name;
    if (!is_there(path)) continue;
    auto ns = Namespace::open_file(place.kernel, path);
    if (!ns) {
      matches.unusable.push_back(std::move(ns.error()));
    } else if (ns->kind() != kind) {
      matches.unusable.push_back({"use as a pin",
                                  path,
                                  0,
                                  std::string("it is a ") + nsx::name(ns->kind()) + " namespace",
                                  {}});
    } else {
      target.namespaces.push_back({std::move(*ns), path});
    }
  }
  if (!target.namespaces.empty()) matches.found.push_back({"pin:" + name, std::move(target)});
  return matches;
}

std::vector<TargetName> list_pins(const SearchPlace& place) {
  std::vector<TargetName> pins;
  for (const Kind kind : KindSet::all()) {
    const auto names = list_names_at(AT_FDCWD, directory(place, kind).c_str());
    if (!names) continue;
    for (const std::string& each : *names) {
      const auto known =
          std::find_if(pins.begin(), pins.end(), [&](const auto& pin) { return pin.name == each; });
      if (known == pins.end()) {
        pins.push_back({"pin", each, nsx::name(kind), 0});
      } else {
        known->description += std::string(", ") + nsx::name(kind);
      }
    }
  }
  return pins;
}

}  // namespace nsx
