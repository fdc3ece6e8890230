// Names that keep namespaces alive: bind mounts in /run/netns, as ip-netns(8) makes them, and in a
// directory beside it for each other kind.

#include <algorithm>

#include <nsx/pin.hh>

#include "target/search.hh"

namespace nsx {

namespace {

/// Those to look at: an ordinary user's own first, then the machine's.
std::vector<PinStore> stores(const SearchPlace& place) {
  std::vector<PinStore> stores;
  if (!place.runtime_directory.empty()) {
    // Who has none, or may not look, has no pins there.
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

Matches find_pin(const SearchPlace& place, const std::string& name) {
  Matches matches;
  if (!check_pin_name(name)) {
    matches.unusable.push_back(
        {"find", "pin:" + name, 0, "that is no name of a pin", "it names a file, without a \"/\""});
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
