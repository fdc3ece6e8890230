// SPDX-License-Identifier: MIT
// Changes of the mounts of a target that stay: the facts they need, and their plan.

#include <algorithm>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/enter.hh>
#include <nsx/inside.hh>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/nsfs.hh"
#include "kernel/spawn.hh"
#include "kernel/text.hh"
#include "plan/facts.hh"
#include "plan/mount_worker.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Returns the number in an optional field of mountinfo: "shared:7 master:2".
std::optional<std::string> peer_group(std::string_view fields, std::string_view name) {
  while (!fields.empty()) {
    const std::string_view field = next_field(fields, ' ');
    if (field.starts_with(name)) return std::string(field.substr(name.size()));
  }
  return std::nullopt;
}

/// Returns whether mounts in a peer group reach a mount in this text.
bool is_reached(std::string_view mountinfo, const std::string& group) {
  while (const auto mount = next_mount(mountinfo)) {
    for (const std::string_view name : {"shared:", "master:"}) {
      if (peer_group(mount->optional_fields, name) == group) return true;
    }
  }
  return false;
}

/// Returns the line of a mount.
std::optional<MountInfo> find_mount(std::string_view mountinfo, std::uint64_t id) {
  while (auto mount = next_mount(mountinfo)) {
    if (mount->mount_id == id) return mount;
  }
  return std::nullopt;
}

class MountFactReader {
 public:
  MountFactReader(const Kernel& kernel, const MountChangeRequest& request, const Target& target)
      : kernel_(kernel), request_(request), target_(target) {}

  Result<MountFacts> read() {
    facts_.of = target_.name;
    TRY(open_target());
    TRY(open_user());
    for (const MountChange& change : request_.changes) {
      auto source = TRY(open_source(change));
      facts_.sources.push_back(std::move(source));
      if (!request_.force) TRY(check_reach(change));
    }
    TRY(confirm());
    return std::move(facts_);
  }

 private:
  int keep(OwnedFd fd) {
    facts_.handles.push_back(std::move(fd));
    return facts_.handles.back().get();
  }

  Status open_target() {
    OwnedFd root;
    if (target_.process) {
      mnt_ = TRY(target_.process->open_namespace(kernel_, Kind::mnt));
      root = TRY(target_.process->open_root());
      mountinfo_ = TRY(target_.process->read("mountinfo"));
    } else {
      for (const TargetNamespace& each : target_.namespaces) {
        if (each.ns.kind() != Kind::mnt) continue;
        auto visitor = TRY(Visitor::send(kernel_, each.ns));
        root = visitor.take_root();
        mountinfo_ = TRY(read_file_inside(kernel_, each.ns, "mountinfo"));
        OwnedFd same(::fcntl(each.ns.fd(), F_DUPFD_CLOEXEC, 0));
        mnt_ = TRY(Namespace::from_fd(kernel_, std::move(same)));
      }
    }
    if (!mnt_ || !root) return refuse("change the mounts of", target_.name, "it has none");
    is_own_ = mnt_->is_current(kernel_);
    facts_.root = keep(std::move(root));
    return {};
  }

  /// Opens the target's user namespace: to gain rights in it, and for the ids of its users.
  Status open_user() {
    if (!target_.process) return {};
    user_ = TRY(target_.process->open_namespace(kernel_, Kind::user));
    if (user_->is_current(kernel_)) return {};
    facts_.user = FoundNamespace{Kind::user, user_->fd(), target_.name, false};
    facts_.locks = has_capability(CAP_SYS_ADMIN);
    if (facts_.locks) users_ = user_->fd();
    return {};
  }

  /// Checks that the namespaces of the target belong together, and moves them into the facts.
  Status confirm() {
    if (target_.process) TRY(target_.process->confirm_namespaces(kernel_, {&*mnt_, &*user_}));
    facts_.mnt = keep(std::move(*mnt_).take_fd());
    if (user_) keep(std::move(*user_).take_fd());
    return {};
  }

  Result<MountFacts::Source> open_source(const MountChange& change) {
    MountFacts::Source source;
    if (change.action != MountChange::Action::bind) return source;
    auto file = TRY(open_answering(AT_FDCWD, change.source, O_PATH, PathFrom::user));
    source.path = TRY(read_path_of(kernel_.proc(), file.get()));
    if (users_ >= 0 && can_be_mapped(file)) source.users = users_;
    if (users_ >= 0 && source.users < 0) {
      facts_.notes.push_back("the owners of " + change.source +
                             " stay as they are: its file system supports no ID-mapped mounts");
    }
    source.fd = keep(std::move(file));
    return source;
  }

  /// Tries it with a copy that is dropped.
  bool can_be_mapped(const OwnedFd& file) const {
    step::TakeTrees::Tree tree;
    tree.fd = file.get();
    tree.users = users_;
    return copy_tree(tree).has_value();
  }

  /// Returns the mount that contains the destination, or the last directory of it that exists.
  Result<MountInfo> mount_at(std::string path) const {
    constexpr std::uint64_t kInside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const std::string destination = path;
    while (true) {
      auto place =
          open_answering(facts_.root, path.empty() ? "/" : path, O_PATH, PathFrom::user, kInside);
      if (place) {
        struct statx st {};
        constexpr int kFlags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
        if (::statx(place->get(), "", kFlags, STATX_MNT_ID, &st) != 0) return fail("stat", path);
        return mount_with(st.stx_mnt_id, destination);
      }
      const int code = place.error().code;
      if ((code != ENOENT && code != ENOTDIR) || path.empty()) return error_of(place);
      path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
  }

  Result<MountInfo> mount_with(std::uint64_t id, const std::string& destination) const {
    auto mount = find_mount(mountinfo_, id);
    if (mount) return *mount;
    return refuse("find the mount of", destination, "the target does not list it",
                  "add --force to change it wherever it is seen");
  }

  /// Refuses a change that would also be made in the caller's mount namespace.
  Status check_reach(const MountChange& change) const {
    const auto refused = [&](const char* why) {
      return refuse("change the mount on", change.destination, why,
                    "add --force to change it in both places");
    };
    if (is_own_) return refused("the mounts of the target are your own");
    auto mount = TRY(mount_at(change.destination));
    // The root of the mount namespace has no parent there.
    const auto parent = find_mount(mountinfo_, mount.parent_id);
    if (change.action == MountChange::Action::unmount && parent) mount = *parent;
    const auto group = peer_group(mount.optional_fields, "shared:");
    if (!group) return {};
    const auto own = read_file_at(kernel_.proc(), "self/mountinfo", kMaxMountinfo);
    if (!own || is_reached(*own, *group))
      return refused("the target shares this mount with the host, where it would change as well");
    return {};
  }

  const Kernel& kernel_;
  const MountChangeRequest& request_;
  const Target& target_;
  std::optional<Namespace> mnt_;
  std::optional<Namespace> user_;  ///< of a process
  std::string mountinfo_;
  bool is_own_ = false;
  int users_ = -1;  ///< the target's user namespace, if it differs and the caller has all rights
  MountFacts facts_;
};

}  // namespace

Result<MountFacts> read_mount_facts(const Kernel& kernel, const MountChangeRequest& request,
                                    const Target& target) {
  return MountFactReader(kernel, request, target).read();
}

namespace {

/// Adds the copies of the sources of a caller with all rights. The kernel locks the options and
/// submounts of mounts that a less privileged mount namespace gets: the copies alone are put into
/// one, and copied again from there.
void add_locked_copies(Plan& plan, const MountFacts& facts, step::TakeTrees taken) {
  step::TakeTrees again;
  std::vector<Step> attached;
  for (std::size_t i = 0; i < taken.trees.size(); ++i) {
    std::string path = '/' + std::to_string(i);
    attached.push_back(step::AttachTree{i, path, taken.trees[i].path, false});
    again.trees.push_back({.of = "the host", .path = std::move(path), .is_slave = false});
  }
  plan.steps.push_back(step::DropGroups{.may_be_denied = true});
  plan.steps.push_back(step::Unshare{{Kind::mnt}});
  plan.steps.push_back(step::SetPropagation{step::SetPropagation::Mode::private_});
  if (!taken.trees.empty()) plan.steps.push_back(std::move(taken));
  plan.steps.push_back(step::NewRoot{});
  plan.steps.insert(plan.steps.end(), attached.begin(), attached.end());
  plan.steps.push_back(step::EnterNewRoot{false, "/", ""});
  plan.steps.push_back(step::JoinNamespace{Kind::user, facts.user->fd, facts.user->of});
  plan.steps.push_back(step::SetIds{.gid = 0, .uid = 0});
  plan.steps.push_back(step::Unshare{{Kind::mnt}});
  if (!again.trees.empty()) plan.steps.push_back(std::move(again));
}

}  // namespace

Plan plan_mount_changes(const MountChangeRequest& request, MountFacts facts) {
  Plan plan;
  step::TakeTrees taken;
  std::vector<Step> changes;
  const auto binds = static_cast<std::size_t>(
      std::count_if(request.changes.begin(), request.changes.end(),
                    [](const auto& change) { return change.action == MountChange::Action::bind; }));
  for (std::size_t i = 0; i < request.changes.size(); ++i) {
    const MountChange& change = request.changes[i];
    const MountFacts::Source& source = facts.sources[i];
    if (change.action == MountChange::Action::unmount) {
      changes.push_back(step::UnmountInside{facts.root, change.destination, request.force});
      continue;
    }
    step::MountInside mount;
    mount.root = facts.root;
    mount.path = change.destination;
    mount.make = request.make;
    if (change.action == MountChange::Action::bind) {
      mount.tree = taken.trees.size() + (facts.locks ? binds : 0);
      mount.from = change.source;
      // In the copy of the mount namespace that is made first, only the path leads to it.
      taken.trees.push_back({.of = "the host",
                             .fd = facts.user ? -1 : source.fd,
                             .path = source.path,
                             .attributes = change.attributes,
                             .is_slave = false,
                             .users = source.users});
    } else {
      mount.from = "a new tmpfs";
      mount.attributes = change.attributes;
      mount.options = change.options;
    }
    changes.push_back(std::move(mount));
  }
  plan.steps.push_back(step::Hide{});
  if (facts.locks) {
    add_locked_copies(plan, facts, std::move(taken));
  } else {
    if (facts.user) {
      plan.steps.push_back(step::JoinNamespace{Kind::user, facts.user->fd, facts.user->of});
      plan.steps.push_back(step::Unshare{{Kind::mnt}});
      plan.steps.push_back(step::SetPropagation{step::SetPropagation::Mode::private_});
    }
    if (!taken.trees.empty()) plan.steps.push_back(std::move(taken));
  }
  plan.steps.push_back(step::JoinNamespace{Kind::mnt, facts.mnt, facts.of});
  plan.steps.insert(plan.steps.end(), changes.begin(), changes.end());
  plan.handles = std::move(facts.handles);
  return plan;
}

}  // namespace nsx
