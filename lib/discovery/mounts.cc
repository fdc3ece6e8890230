#include "discovery/mounts.hh"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include <nsx/mountinfo.hh>

#include "kernel/files.hh"

namespace nsx {

namespace {

class MountReader {
 public:
  MountReader(const Kernel& kernel, KindSet kinds, Findings& findings)
      : kernel_(kernel), kinds_(kinds), findings_(findings) {}

  void run() {
    find_members();
    find_ours();
    // The table grows: a mount namespace can be bound to a file in another.
    for (CensusIndex i = 0; i < findings_.table.size(); ++i) {
      if (findings_.table[i].kind == Kind::mnt) read(i);
    }
  }

 private:
  /// A process or thread in a mount namespace: where its files are in the proc mount.
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
      if (holder.type == CensusHolder::Type::thread) {
        add_member({holder.ns, holder.pid, holder.number});
      }
    }
  }

  void add_member(const Member& member) {
    // The first may be about to end; a second and a third are enough.
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
        const auto text = read_file_at(kernel_.proc(), (member.path() + "mountinfo").c_str());
        if (text) return take(*text, ns, &member);
        code = text.error().code;
      }
      if (!members_[ns].empty()) {
        if (code == EACCES || code == EPERM) findings_.gaps.add(Source::mount, code);
        return;
      }
    }
    read_from_inside(ns);
  }

  /// Where no process is: a thread goes there, and looks through the proc mount that we have.
  void read_from_inside(CensusIndex ns) {
    const Namespace* handle = findings_.table.handle(ns);
    if (handle == nullptr) return;
    int code = 0;
    std::thread([&] {
      // A thread that shares root and directory with others may not leave its mount namespace.
      if (::unshare(CLONE_FS) != 0 || ::setns(handle->fd(), CLONE_NEWNS) != 0) {
        code = errno;
        return;
      }
      const auto text = read_file_at(kernel_.proc(), "thread-self/mountinfo");
      if (text) take(*text, ns, nullptr);
    }).join();
    if (code != 0) findings_.gaps.add(Source::mount, code);
  }

  void take(std::string_view text, CensusIndex ns, const Member* member) {
    // Most have none.
    if (text.find(" - nsfs ") == std::string_view::npos) return;
    std::set<std::pair<CensusIndex, std::string>> seen;
    while (const auto mount = next_mount(text)) {
      const auto link = parse_namespace_link(mount->root);
      if (mount->type != "nsfs" || !link || !kinds_.contains(link->kind)) continue;
      std::string path = unescape_mount_field(mount->mount_point);
      const CensusIndex found = place(*link, path, member);
      // Where /run is shared, as systemd has it, each mount of ip netns lies there twice.
      if (!seen.emplace(found, path).second) continue;
      const auto number = static_cast<CensusIndex>(findings_.mounts.size());
      findings_.mounts.push_back(
          {std::move(path), ns, member != nullptr ? member->process : 0, ns == ours_});
      findings_.holders.push_back({found, CensusHolder::Type::mount, 0, 0, number});
    }
  }

  /// The place in the table of what is mounted, opened there if it is new.
  CensusIndex place(NamespaceLink link, const std::string& path, const Member* member) {
    if (const auto known = findings_.table.find(link.kind, link.inode)) return *known;
    if (kernel_.numbers_are_ours()) {
      auto ns = open(path, member);
      // Another mount may lie over it.
      if (ns && ns->identity().inode == link.inode) return findings_.table.add(std::move(*ns));
    }
    return findings_.table.add(link.kind, link.inode);
  }

  Result<Namespace> open(const std::string& path, const Member* member) {
    if (member == nullptr) return Namespace::open_file(kernel_, path);
    auto root = open_at(kernel_.proc(), (member->path() + "root").c_str(), O_PATH | O_DIRECTORY);
    if (!root) return error_of(root);
    return Namespace::open_file_at(kernel_, root->get(), '.' + path);
  }

  const Kernel& kernel_;
  KindSet kinds_;
  Findings& findings_;
  std::vector<std::vector<Member>> members_;  // by their mount namespaces
  CensusIndex ours_ = kNone;
};

}  // namespace

void read_mounts(const Kernel& kernel, KindSet kinds, Findings& findings) {
  MountReader(kernel, kinds, findings).run();
}

}  // namespace nsx
