// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <fcntl.h>
#include <unistd.h>

#include <nsx/census.hh>
#include <nsx/process.hh>

#include "plan/facts.hh"
#include "try.hh"

namespace nsx {

namespace {

bool kernel_knows(const Kernel& kernel, Kind kind) {
  const std::string path = std::string("self/ns/") + name(kind);
  return ::faccessat(kernel.proc(), path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/// Returns the number of user namespaces between this one and the caller's.
int depth(const Kernel& kernel, const Namespace& user) {
  int depth = 0;
  auto above = user.parent(kernel);
  while (above && !above->is_current(kernel)) {
    ++depth;
    above = above->parent(kernel);
  }
  return depth;
}

}  // namespace

Result<const Process*> process_of(const std::optional<Target>& target, const char* what) {
  if (!target) return refuse(what, "", "no target process is given");
  if (!target->process) return refuse(what, "of " + target->name, "it is not a process");
  return &*target->process;
}

Status EnterNamespaces::open(EnterFacts& facts) {
  TRY(add_selected());
  TRY(add_all());
  TRY(add_of_socket());
  TRY(take_parent());
  return find_owner(facts);
}

/// Reads the user namespace last: the owner of the others must be read after them.
Status EnterNamespaces::add_selected() {
  auto selections = request_.selections;
  std::stable_partition(selections.begin(), selections.end(),
                        [](const auto& selection) { return selection.kind != Kind::user; });
  for (const auto& selection : selections) {
    TRY(selection.id     ? add_by_id(selection.kind, *selection.id)
        : selection.file ? add_file(selection.kind, *selection.file)
                         : add_of_target(selection.kind));
  }
  return {};
}

Status EnterNamespaces::add_all() {
  if (!request_.all) return {};
  constexpr std::array kUserLast{Kind::cgroup, Kind::ipc,  Kind::mnt, Kind::net,
                                 Kind::pid,    Kind::time, Kind::uts, Kind::user};
  static_assert(kUserLast.size() == kKindCount);
  for (const Kind kind : kUserLast) {
    if (find(kind) != nullptr || !kernel_knows(kernel_, kind)) continue;
    const bool has_it = !target_ || target_->process || named_by_target(kind) != nullptr;
    if (!has_it) continue;
    TRY(add_of_target(kind));
  }
  return {};
}

Status EnterNamespaces::add_of_socket() {
  if (!request_.net_socket) return {};
  auto process = TRY(process_of(target_, "enter the namespace of a socket"));
  auto ns = TRY(process->open_socket_namespace(kernel_, *request_.net_socket));
  std::erase_if(found_, [](const Found& each) { return each.ns.kind() == Kind::net; });
  add(std::move(ns), "socket " + std::to_string(*request_.net_socket) + " of " + target_->name);
  return {};
}

/// Replaces the selected user namespace by its parent or owner.
Status EnterNamespaces::take_parent() {
  if (!request_.user_parent) return {};
  if (find(Kind::user) == nullptr && found_.empty()) {
    TRY(add_of_target(Kind::user));
  }
  const Found* below = find(Kind::user);
  if (below == nullptr) below = &found_.front();
  // Among several namespaces, use the first that is not the caller's.
  for (const Found& each : found_) {
    if (below->ns.kind() != Kind::user && below->facts.shared && !each.facts.shared) below = &each;
  }
  auto owner = below->ns.owner(kernel_);
  if (!owner) {
    if (owner.error().code == EPERM)
      owner.error().set_hint("run this in that user namespace or in an ancestor of it");
    return error_of(owner);
  }
  std::string of = std::string("the owner of the ") + name(below->ns.kind()) + " namespace of " +
                   below->facts.of;
  std::erase_if(found_, [](const Found& each) { return each.ns.kind() == Kind::user; });
  add(std::move(*owner), std::move(of));
  return {};
}

/// Finds the owner of the selected namespaces, if joining it grants the right to join them.
Status EnterNamespaces::find_owner(EnterFacts& facts) {
  if (facts.has_sys_admin) return {};
  std::optional<Namespace> best;
  std::string of;
  int best_depth = 0;
  for (const Found& each : found_) {
    if (each.facts.shared || each.ns.kind() == Kind::user) continue;
    auto owner = each.ns.owner(kernel_);
    if (!owner || owner->is_current(kernel_)) continue;
    // Rights over the outermost owner also apply to its descendants.
    const int its_depth = depth(kernel_, *owner);
    if (best && its_depth >= best_depth) continue;
    best = std::move(*owner);
    best_depth = its_depth;
    of = std::string("the owner of the ") + name(each.ns.kind()) + " namespace of " + each.facts.of;
  }
  if (!best) return {};
  const Found* asked = find(Kind::user);
  if (asked != nullptr && !asked->facts.shared &&
      (asked->ns.same_as(*best) || depth(kernel_, asked->ns) < best_depth)) {
    return {};
  }
  FoundNamespace found{Kind::user, best->fd(), std::move(of), false};
  if (is_of_process(*best)) {
    found.of = target_->name;
    owner_is_of_process_ = true;
  }
  facts.owner = std::move(found);
  facts.handles.push_back(std::move(*best).take_fd());
  return {};
}

Status EnterNamespaces::add_by_id(Kind kind, std::uint64_t id) {
  auto ns = TRY(find_namespace(kernel_, id, kind));
  if (ns.identity().id != id) {
    return refuse("find the namespace with id", std::to_string(id),
                  ns.identity().id == 0 ? "this kernel has no 64-bit ids" : "it is an inode number",
                  ns.identity().id == 0 ? "" : "use its id: " + std::to_string(ns.identity().id));
  }
  add(std::move(ns), "id " + std::to_string(id));
  return {};
}

Status EnterNamespaces::add_file(Kind kind, const std::string& file) {
  auto ns = TRY(Namespace::open_file(kernel_, file));
  return add_checked(kind, std::move(ns), file);
}

Status EnterNamespaces::add_checked(Kind kind, Namespace ns, const std::string& of) {
  if (ns.kind() != kind) {
    return refuse(std::string("join {} as the ") + name(kind) + " namespace", of,
                  std::string("its kind is ") + name(ns.kind()));
  }
  add(std::move(ns), of);
  return {};
}

Status EnterNamespaces::add_of_target(Kind kind) {
  if (!target_) {
    return refuse(std::string("enter the ") + name(kind) + " namespace", "",
                  "neither a target nor a file is given");
  }
  if (!target_->process) {
    TargetNamespace* named = named_by_target(kind);
    if (named == nullptr) {
      return refuse(std::string("enter the ") + name(kind) + " namespace of", target_->name,
                    "it has none");
    }
    add(std::move(named->ns), named->of);
    return {};
  }
  auto ns = TRY(target_->process->open_namespace(kernel_, kind));
  add(std::move(ns), target_->name);
  found_.back().of_process = true;
  return {};
}

void EnterNamespaces::add(Namespace ns, std::string of) {
  FoundNamespace found{ns.kind(), ns.fd(), std::move(of), ns.is_current_for_children(kernel_)};
  found_.push_back({std::move(ns), std::move(found)});
}

const EnterNamespaces::Found* EnterNamespaces::find(Kind kind) const {
  const auto at = std::find_if(found_.begin(), found_.end(),
                               [&](const Found& each) { return each.ns.kind() == kind; });
  return at == found_.end() ? nullptr : &*at;
}

TargetNamespace* EnterNamespaces::named_by_target(Kind kind) {
  for (TargetNamespace& each : target_->namespaces) {
    if (each.ns.kind() == kind) return &each;
  }
  return nullptr;
}

bool EnterNamespaces::is_of_process(const Namespace& user) const {
  if (!target_ || !target_->process) return false;
  const auto its = target_->process->open_namespace(kernel_, Kind::user);
  return its && its->same_as(user);
}

Status EnterNamespaces::confirm() {
  std::vector<const Namespace*> opened;
  for (const Found& each : found_) {
    if (each.of_process) opened.push_back(&each.ns);
  }
  if (opened.empty()) return {};
  auto ok = target_->process->confirm_namespaces(kernel_, opened);
  has_moved_ = !ok && ok.error().code == 0;
  return ok;
}

void EnterNamespaces::give_to(EnterFacts& facts) {
  for (Found& each : found_) {
    facts.namespaces.push_back(std::move(each.facts));
    facts.handles.push_back(std::move(each.ns).take_fd());
  }
}

}  // namespace nsx
