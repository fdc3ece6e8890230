// SPDX-License-Identifier: MIT
// Decides which cgroup names to trust, and from these, which container and unit a process belongs
// to.

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

#include <nsx/id_map.hh>
#include <nsx/target.hh>

#include "discovery/cgroup_names.hh"
#include "kernel/cgroup.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

/// Deeper nesting only occurs in hostile trees. Each level holds a descriptor.
constexpr int kMaxDepth = 100;

/// How many cgroups with untrusted names are visited in a hierarchy.
constexpr int kMaxUntrusted = 10000;

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

class Walk {
 public:
  Walk(const NameJudge& judge, const VisitNamed& visit) : judge_(judge), visit_(visit) {}

  void below(const NamedCgroup& above, int directory, int depth) {
    if (depth == kMaxDepth) return;
    const auto names = list_directories_at(directory, ".");
    if (!names) return;
    for (const std::string& name : *names) {
      if (above.naming == Naming::others && untrusted_++ == kMaxUntrusted) return;
      const auto children = may_have_children(directory, name.c_str());
      // It was removed in the meantime.
      if (!children) continue;
      VisitedDirectory opened(directory, name);
      // Who names the cgroups inside does not matter if there are none.
      const NamedCgroup cgroup = descend(judge_, above, name, {}, *children ? opened.fd() : -1);
      visit_(cgroup, opened);
      if (*children && opened.fd() >= 0) below(cgroup, opened.fd(), depth + 1);
    }
  }

 private:
  const NameJudge& judge_;
  const VisitNamed& visit_;
  int untrusted_ = 0;
};

NamedCgroup top_of(const NameJudge& judge, int directory) {
  NamedCgroup top;
  top.naming = directory >= 0 ? judge.at_top(directory) : Naming::others;
  return top;
}

OwnedFd open_below(int directory, std::string_view name) {
  if (directory < 0) return {};
  auto opened = open_at(directory, std::string(name).c_str(), kOpenDirectory);
  return opened ? std::move(*opened) : OwnedFd();
}

/// Adds to the place of a cgroup what the name of a cgroup on its path says, from the top.
void add_name(const NamedCgroup& each, CgroupPlace& place) {
  if (each.container && !place.container) {
    place.container = PlaceName{each.container->name, each.path, each.is_trusted};
  }
  // A slice only groups units. The last trusted unit is the outermost one, or the caller's own
  // inside of it.
  if (each.unit.empty() || is_slice(each.unit)) return;
  if (each.is_trusted_unit || !place.unit) {
    place.unit = PlaceName{each.unit, each.path, each.is_trusted_unit};
  }
}

/// Finds the places of many cgroups in one hierarchy. Keeps the cgroups above the last one open, as
/// the next one mostly has the same.
class PlaceFinder {
 public:
  PlaceFinder(const NameJudge& judge, int top)
      : judge_(judge), top_(top), first_(top_of(judge, top)) {}

  CgroupPlace place(std::string_view path) {
    NamedCgroup here = first_;
    CgroupPlace place;
    std::size_t depth = 0;
    for (std::string_view name = next_name(path); !name.empty(); ++depth) {
      const std::string_view inside = next_name(path);
      // Only its name matters for the last one.
      if (inside.empty()) {
        here = descend(judge_, here, name, {}, -1);
      } else {
        here = open(depth, here, name, inside);
      }
      add_name(here, place);
      name = inside;
    }
    return place;
  }

 private:
  struct Level {
    NamedCgroup cgroup;
    OwnedFd directory;
  };

  static std::string_view next_name(std::string_view& path) {
    std::string_view name;
    while (name.empty() && !path.empty())
      name = next_field(path, '/');
    return name;
  }

  const NamedCgroup& open(std::size_t depth, const NamedCgroup& above, std::string_view name,
                          std::string_view inside) {
    const std::string path = above.path + '/' + std::string(name);
    if (depth < levels_.size() && levels_[depth].cgroup.path == path) {
      // What is inside only shows whether it is a container.
      const bool is_container = container_at(name, above.name(), inside).has_value();
      if (is_container == levels_[depth].cgroup.container.has_value()) return levels_[depth].cgroup;
    }
    levels_.erase(levels_.begin() + static_cast<std::ptrdiff_t>(std::min(levels_.size(), depth)),
                  levels_.end());
    OwnedFd directory = open_below(depth == 0 ? top_ : levels_.back().directory.get(), name);
    NamedCgroup cgroup = descend(judge_, above, name, inside, directory.get());
    levels_.push_back({std::move(cgroup), std::move(directory)});
    return levels_.back().cgroup;
  }

  const NameJudge& judge_;
  int top_;
  NamedCgroup first_;
  std::vector<Level> levels_;
};

}  // namespace

int VisitedDirectory::fd() {
  if (!opened_) opened_.emplace(open_below(above_, name_));
  return opened_->get();
}

std::vector<CgroupHierarchy> open_hierarchies(const Kernel& kernel, const std::string& root) {
  std::vector<CgroupHierarchy> hierarchies;
  const auto mountinfo = read_file_at(kernel.proc(), "self/mountinfo");
  if (!mountinfo) return hierarchies;
  for (CgroupMount& mount : cgroup_mounts(*mountinfo)) {
    const std::string point = root + mount.point;
    if (auto top = open_at(AT_FDCWD, point.c_str(), O_RDONLY | O_DIRECTORY)) {
      hierarchies.push_back({std::move(*top), std::move(mount)});
    }
  }
  return hierarchies;
}

std::optional<std::string> path_in_mount(std::string_view path, const CgroupMount& mount) {
  if (mount.root.size() > 1) {
    if (path != mount.root && !path.starts_with(mount.root + '/')) return std::nullopt;
    path.remove_prefix(mount.root.size());
  }
  // It is outside of the caller's cgroup namespace.
  if (path == "/.." || path.starts_with("/../")) return std::nullopt;
  return path == "/" ? std::string() : std::string(path);
}

// --- Trust in names ------------------------------------------------------------------------------

NameJudge::NameJudge(const Kernel& kernel)
    : caller_(::geteuid()), own_manager_("user@" + std::to_string(caller_) + ".service") {
  constexpr uid_t kUsual = 65534;
  uid_t overflow = kUsual;
  if (const auto text = read_file_at(kernel.proc(), "sys/kernel/overflowuid")) {
    std::string_view rest = *text;
    overflow = parse_number<uid_t>(next_field(rest, '\n')).value_or(kUsual);
  }
  const auto text = read_file_at(kernel.proc(), "self/uid_map");
  const auto map = parse_id_map(text ? std::string_view(*text) : std::string_view());
  if (!map || !to_outside(*map, overflow)) unmapped_ = overflow;
}

NameJudge::Owner NameJudge::owner_of(int directory) const {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return Owner::others;
  const bool others_may_write =
      (status.st_mode & S_IWOTH) != 0 || ((status.st_mode & S_IWGRP) != 0 && status.st_gid != 0);
  if (others_may_write || status.st_uid == unmapped_) return Owner::others;
  if (status.st_uid == 0) return Owner::root;
  return status.st_uid == caller_ ? Owner::caller : Owner::others;
}

Naming NameJudge::at_top(int directory) const {
  // A delegation mark on the top cgroup of a container was set for the container, and the owner of
  // that cgroup is above the caller.
  struct stat status {};
  if (::fstat(directory, &status) == 0 && status.st_uid == unmapped_) return Naming::machine;
  switch (owner_of(directory)) {
    case Owner::root:
      return Naming::machine;
    case Owner::caller:
      return Naming::caller;
    case Owner::others:
      break;
  }
  return Naming::others;
}

Naming NameJudge::inside(int directory, std::string_view name, Naming above) const {
  if (above == Naming::others) return Naming::others;
  const Owner owner = owner_of(directory);
  if (owner == Owner::others) return Naming::others;
  if (owner == Owner::caller || above == Naming::caller) return Naming::caller;
  if (!is_marked_delegated(directory)) return Naming::machine;
  return caller_ == 0 && name == own_manager_ ? Naming::caller : Naming::others;
}

// --- Descents ------------------------------------------------------------------------------------

std::string_view NamedCgroup::name() const {
  const std::string_view all = path;
  return all.substr(all.rfind('/') + 1);
}

NamedCgroup descend(const NameJudge& judge, const NamedCgroup& above, std::string_view name,
                    std::string_view inside, int directory) {
  NamedCgroup cgroup;
  cgroup.path.reserve(above.path.size() + 1 + name.size());
  cgroup.path.append(above.path).append("/").append(name);
  cgroup.is_trusted = above.naming != Naming::others;
  cgroup.container = container_at(name, above.name(), inside);
  cgroup.unit = unit_at(name);
  // systemd does not nest units, except in slices and in a user's own systemd.
  const bool is_outermost =
      !above.unit_above || (*above.unit_above == Naming::machine && above.naming == Naming::caller);
  cgroup.is_trusted_unit = cgroup.is_trusted && !cgroup.unit.empty() && is_outermost;
  cgroup.unit_above = above.unit_above;
  if (cgroup.is_trusted_unit && !is_slice(cgroup.unit)) cgroup.unit_above = above.naming;
  // A container names everything inside it, whoever owns the directories.
  cgroup.naming = cgroup.container || directory < 0 ? Naming::others
                                                    : judge.inside(directory, name, above.naming);
  return cgroup;
}

void walk_named(const NameJudge& judge, const CgroupHierarchy& hierarchy, const VisitNamed& visit) {
  Walk(judge, visit).below(top_of(judge, hierarchy.top.get()), hierarchy.top.get(), 0);
}

void follow_path(const NameJudge& judge, int top, std::string_view path,
                 const std::function<void(const NamedCgroup&)>& visit) {
  NamedCgroup here = top_of(judge, top);
  OwnedFd opened;
  int directory = top;
  while (!path.empty()) {
    const std::string_view name = next_field(path, '/');
    if (name.empty()) continue;
    opened = open_below(directory, name);
    directory = opened.get();
    const std::string_view inside = path.substr(0, path.find('/'));
    here = descend(judge, here, name, inside, directory);
    visit(here);
  }
}

CgroupPlace place_of_path(const NameJudge& judge, int top, std::string_view path) {
  return PlaceFinder(judge, top).place(path);
}

struct CgroupPlaces::State {
  struct Known {
    CgroupHierarchy hierarchy;
    PlaceFinder finder;
    std::unordered_map<std::string, CgroupPlace> places = {};  // by path below the top
  };

  State(const Kernel& kernel, const TargetOptions& options) : judge(kernel) {
    for (CgroupHierarchy& each :
         open_hierarchies(kernel, options.root == "/" ? "" : options.root)) {
      const int top = each.top.get();
      known.push_back({std::move(each), PlaceFinder(judge, top)});
    }
  }

  const CgroupPlace& place(Known& in, std::string path) {
    const auto found = in.places.find(path);
    if (found != in.places.end()) return found->second;
    CgroupPlace place = in.finder.place(path);
    return in.places.emplace(std::move(path), std::move(place)).first->second;
  }

  CgroupPlace place(const CgroupLine& line) {
    for (Known& each : known) {
      if (!each.hierarchy.mount.shows(line)) continue;
      const auto path = path_in_mount(line.path, each.hierarchy.mount);
      if (path) return place(each, *path);
    }
    return place_of_path(judge, -1, line.path);
  }

  NameJudge judge;
  std::vector<Known> known;
};

namespace {

/// Replaces a name by a trusted one, or a missing name by any.
void keep_better(std::optional<PlaceName>& kept, std::optional<PlaceName> other) {
  if (!other || (kept && (kept->is_trusted || !other->is_trusted))) return;
  kept = std::move(other);
}

}  // namespace

std::string PlaceName::text() const {
  return is_trusted ? name : '?' + name;
}

CgroupPlaces::CgroupPlaces(const Kernel& kernel, const TargetOptions& options)
    : state_(std::make_unique<State>(kernel, options)) {}

CgroupPlaces::CgroupPlaces(CgroupPlaces&& other) noexcept = default;
CgroupPlaces& CgroupPlaces::operator=(CgroupPlaces&& other) noexcept = default;
CgroupPlaces::~CgroupPlaces() = default;

CgroupPlace CgroupPlaces::of(const Process& process) {
  const auto text = process.read("cgroup");
  return text ? of_text(*text) : CgroupPlace();
}

CgroupPlace CgroupPlaces::of_text(std::string_view text) {
  CgroupPlace place;
  // On hybrid machines, a runtime may use any of the hierarchies.
  for (const CgroupLine& line : cgroup_lines(text)) {
    CgroupPlace some = state_->place(line);
    keep_better(place.container, std::move(some.container));
    keep_better(place.unit, std::move(some.unit));
  }
  return place;
}

CgroupPlace CgroupPlaces::of_path(const std::string& path) {
  for (State::Known& each : state_->known) {
    if (each.hierarchy.mount.is_v2) return state_->place(each, path == "/" ? "" : path);
  }
  return {};
}

std::optional<std::string> cgroup_of(const Process& process) {
  const auto text = process.read("cgroup");
  return text ? cgroup_in(*text) : std::nullopt;
}

std::optional<std::string> cgroup_in(std::string_view text) {
  const std::string_view path = telling_cgroup(text);
  return path.empty() ? std::nullopt : std::optional<std::string>(path);
}

}  // namespace nsx
