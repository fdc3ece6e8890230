// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <linux/capability.h>
#include <new>
#include <sched.h>
#include <set>
#include <string_view>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include <nsx/inside.hh>

#include "discovery/sources.hh"
#include "kernel/abi.hh"
#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/nsfs.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

/// The limit of mountinfo text read in total, not counting the caller's own. Copying a mount
/// namespace costs its creator far less than reading it.
constexpr std::size_t kMaxOfAll = std::size_t{256} << 20;

class MountReader {
 public:
  MountReader(const Kernel& kernel, KindSet kinds, Findings& findings)
      : kernel_(kernel), kinds_(kinds), findings_(findings) {}

  void run() {
    find_members();
    find_ours();
    // First, so that no other namespace can use up the shared limit.
    if (ours_ != kNone && !findings_.has_own_mounts) read(ours_);
    // The table grows: a mount namespace can be bound to a file in another one.
    for (CensusIndex i = 0; i < findings_.table.size() && !findings_.table.has_wanted(); ++i) {
      if (findings_.table[i].kind == Kind::mnt && i != ours_) read(i);
    }
  }

  void run_for_own() {
    find_ours();
    if (ours_ == kNone) return;
    members_.resize(findings_.table.size());
    add_member({ours_, self_, 0});
    read(ours_);
    findings_.has_own_mounts = true;
  }

 private:
  /// A process or thread in a mount namespace, which shows where its files are in the proc mount.
  struct Member {
    CensusIndex ns;
    pid_t process;
    pid_t thread;

    std::string path() const {
      std::string text = std::to_string(process);
      if (thread != 0) text += "/task/" + std::to_string(thread);
      return text + '/';
    }
  };

  void find_members() {
    members_.resize(findings_.table.size());
    for (const CensusProcess& process : findings_.processes)
      add_member({process.in(Kind::mnt), process.pid, 0});
    for (const CensusHolder& holder : findings_.holders) {
      // A thread of ours may be one of an earlier read_from_inside(), which is visible for a moment
      // after it was joined.
      if (holder.type == CensusHolder::Type::thread && holder.pid != self_) {
        add_member({holder.ns, holder.pid, holder.number});
      }
    }
  }

  void add_member(const Member& member) {
    // The first one may be about to exit; a second and a third are enough.
    constexpr std::size_t kEnough = 3;
    if (member.ns == kNone || members_[member.ns].size() == kEnough) return;
    members_[member.ns].push_back(member);
  }

  void find_ours() {
    if (!kernel_.numbers_are_ours()) return;
    const auto text = read_link_at(kernel_.proc(), "self/ns/mnt");
    const auto link = text ? parse_namespace_link(*text) : std::nullopt;
    if (link) ours_ = findings_.table.find(link->kind, link->inode).value_or(kNone);
  }

  void read(CensusIndex ns) {
    int code = ENOENT;
    if (ns < members_.size()) {
      for (const Member& member : members_[ns]) {
        const auto start = read_mountinfo((member.path() + "mountinfo").c_str(), ns);
        if (start) return take(start->text, ns, &member);
        code = start.error().code;
      }
      if (code == EACCES || code == EPERM) return findings_.gaps.add(Source::mount, code);
    }
    // There are no processes, or all of them have exited.
    read_from_inside(ns);
  }

  /// Reads a mount namespace without processes: a thread enters it and reads through the proc mount
  /// that is already open.
  void read_from_inside(CensusIndex ns) {
    const Namespace* handle = findings_.table.handle(ns);
    if (handle == nullptr) return;
    Status done;
    const auto read = [&]() -> Status {
      // A thread cannot change its mount namespace while it shares its root and working directory.
      if (::unshare(CLONE_FS) != 0 || ::setns(handle->fd(), CLONE_NEWNS) != 0) return fail("", "");
      const auto start = read_mountinfo("thread-self/mountinfo", ns);
      if (start) take(start->text, ns, nullptr);
      return {};
    };
    try {
      std::thread([&] { done = attempt(read); }).join();
    } catch (const std::system_error& error) {
      done = fail("", "", error.code().value());
    }
    if (!done && done.error().code == ENOMEM) throw std::bad_alloc();
    if (!done) findings_.gaps.add(Source::mount, done.error().code);
  }

  /// Reads as much of a mountinfo file as the limits allow. The rest is recorded as a gap.
  Result<FileStart> read_mountinfo(const char* file, CensusIndex ns) {
    const bool is_ours = ns == ours_;
    auto start = TRY(read_start_at(kernel_.proc(), file,
                                   is_ours ? kMaxFile : std::min(kMaxMountinfo, bytes_left_)));
    if (!is_ours) bytes_left_ -= start.text.size();
    if (start.is_cut) {
      findings_.gaps.add(Source::mount, EFBIG);
      start.text.resize(start.text.rfind('\n') + 1);
    }
    return start;
  }

  void take(std::string_view text, CensusIndex ns, const Member* member) {
    // Most mount tables contain no namespaces.
    if (text.find(" - nsfs ") == std::string_view::npos) return;
    const MountTable table(text);
    std::set<std::pair<CensusIndex, std::string>> seen;
    while (!findings_.table.has_wanted()) {
      const auto mount = next_mount(text);
      if (!mount) return;
      const auto link = parse_namespace_link(mount->root);
      if (mount->type != "nsfs" || !link || !kinds_.contains(link->kind)) continue;
      std::string path = unescape_mount_field(mount->mount_point);
      const CensusIndex found = place(*link, path, member);
      // A path of this length cannot be used, and many of them would exhaust memory.
      if (path.size() >= PATH_MAX) {
        path.resize(PATH_MAX - 1);
        drop_partial_character(path);
        path += kCut;
      }
      // If /run is a shared mount, as on systems with systemd, each mount of ip netns exists twice.
      if (!seen.emplace(found, path).second) continue;
      const auto number = static_cast<CensusIndex>(findings_.mounts.size());
      auto file = table.mounted_on(*mount).value_or(FilePlace{});
      if (file.path.size() >= PATH_MAX) file = {};
      findings_.mounts.push_back({std::move(path), ns, member != nullptr ? member->process : 0,
                                  ns == ours_, std::move(file.device), std::move(file.path)});
      findings_.holders.push_back({found, CensusHolder::Type::mount, 0, 0, number});
    }
  }

  /// Returns the index of a mounted namespace, and opens it if it is new.
  CensusIndex place(NamespaceLink link, const std::string& path, const Member* member) {
    if (const auto known = findings_.table.find(link.kind, link.inode)) return *known;
    if (kernel_.numbers_are_ours()) {
      auto ns = open(path, member);
      // Another mount may cover it.
      if (ns && ns->identity().inode == link.inode) return findings_.table.add(std::move(*ns));
      if (!ns && ns.error().code == ETIMEDOUT) findings_.gaps.add(Source::mount, ETIMEDOUT);
    }
    return findings_.table.add(link.kind, link.inode);
  }

  Result<Namespace> open(const std::string& path, const Member* member) {
    if (member == nullptr) return open_found_namespace(kernel_, AT_FDCWD, path);
    auto root =
        TRY(open_at(kernel_.proc(), (member->path() + "root").c_str(), O_PATH | O_DIRECTORY));
    return open_found_namespace(kernel_, root.get(), '.' + path);
  }

  const Kernel& kernel_;
  KindSet kinds_;
  Findings& findings_;
  std::size_t bytes_left_ = kMaxOfAll;        // for mountinfo of others
  std::vector<std::vector<Member>> members_;  // by mount namespace
  CensusIndex ours_ = kNone;
  pid_t self_ = kernel_.numbers_are_ours() ? ::getpid() : 0;
};

}  // namespace

void read_mounts(const Kernel& kernel, KindSet kinds, Findings& findings) {
  MountReader(kernel, kinds, findings).run();
}

void read_own_mounts(const Kernel& kernel, KindSet kinds, Findings& findings) {
  MountReader(kernel, kinds, findings).run_for_own();
}

namespace {

void take(const Kernel& kernel, KindSet kinds, std::uint64_t id,
          const std::unordered_map<std::uint64_t, CensusIndex>& known, Findings& findings) {
  const auto place = known.find(id);
  if (place != known.end()) {
    findings.table[place->second].is_listed = true;
    return;
  }
  // It may be gone, or the caller may have no rights over it.
  auto ns = Namespace::open_id(kernel, id);
  if (!ns || !kinds.contains(ns->kind())) return;
  findings.table[findings.table.add(std::move(*ns))].is_listed = true;
}

}  // namespace

bool kernel_lists_all(const Kernel& kernel) {
  if (!kernel.has(Feature::namespace_list) || !kernel.has(Feature::namespace_handle)) return false;
  return has_capability(CAP_SYS_ADMIN) && is_in_initial(kernel.proc(), Kind::user) &&
         is_in_initial(kernel.proc(), Kind::pid);
}

void read_kernel_list(const Kernel& kernel, KindSet kinds, Findings& findings) {
  if (!kernel.has(Feature::namespace_list)) return;
  std::unordered_map<std::uint64_t, CensusIndex> known;
  for (CensusIndex i = 0; i < findings.table.size(); ++i) {
    const std::uint64_t id = findings.table[i].identity.id;
    if (id != 0) known.emplace(id, i);
  }
  std::array<std::uint64_t, 1024> ids{};
  std::uint64_t last = 0;
  for (;;) {
    const long count = abi::list_namespaces(last, ids);
    if (count <= 0) return;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      take(kernel, kinds, ids[i], known, findings);
      if (findings.table.has_wanted()) return;
    }
    last = ids[static_cast<std::size_t>(count) - 1];
  }
}

}  // namespace nsx
