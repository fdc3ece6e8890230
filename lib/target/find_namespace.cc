// A namespace by its number: the one that the kernel opens, or else a search through all that the
// caller can see.

#include <fcntl.h>
#include <set>

#include <nsx/mountinfo.hh>
#include <nsx/target.hh>

#include "kernel/directory.hh"
#include "kernel/files.hh"

namespace nsx {

namespace {

class NamespaceSearch {
 public:
  NamespaceSearch(const Kernel& kernel, std::uint64_t number, std::optional<Kind> kind)
      : kernel_(kernel), number_(number), kind_(kind) {}

  Result<Namespace> run() {
    // One number is not both: ids are counted from 1, inode numbers from 0xF0000000.
    if (number_ < kFirstInode && kernel_.has(Feature::namespace_handle)) {
      auto ns = Namespace::open_id(kernel_, number_);
      if (ns && (!kind_ || ns->kind() == *kind_)) return ns;
    }
    if (!found_) look_at_processes();
    if (!found_) look_at_threads();
    if (!found_) look_at_mounts();
    if (found_) return std::move(*found_);
    return refuse("find", "ns:" + std::to_string(number_),
                  std::string("no ") + (kind_ ? std::string(name(*kind_)) + ' ' : "") +
                      "namespace that you may see has this inode number or id",
                  "looked at processes, threads and mounts");
  }

 private:
  static constexpr std::uint64_t kFirstInode = 0xF0000000;

  /// Takes the namespace if it is wanted.
  void offer(Namespace ns) {
    const NamespaceIdentity& identity = ns.identity();
    const bool is_wanted =
        (identity.inode == number_ || identity.id == number_) && (!kind_ || ns.kind() == *kind_);
    if (is_wanted && !found_) found_ = std::move(ns);
  }

  /// Offers a namespace, and those that own it or are its parents: no process need be in them.
  void offer_family(Namespace ns) {
    if (auto owner = ns.owner(kernel_)) visit(std::move(*owner));
    if (ns.kind() == Kind::pid || ns.kind() == Kind::user) {
      if (auto parent = ns.parent(kernel_)) visit(std::move(*parent));
    }
    offer(std::move(ns));
  }

  void visit(Namespace ns) {
    if (seen_.insert(ns.identity().inode).second) offer_family(std::move(ns));
  }

  void look_at_links(int directory) {
    for (const Kind kind : KindSet::all()) {
      look_at_link(directory, name(kind));
      if (info(kind).for_children != nullptr) look_at_link(directory, info(kind).for_children);
    }
  }

  void look_at_link(int directory, const char* name) {
    // The link's text is cheaper than the namespace, and most are known already.
    const std::string path = std::string("ns/") + name;
    const auto text = read_link_at(directory, path.c_str());
    if (!text) return;
    const auto link = parse_namespace_link(*text);
    if (!link || seen_.contains(link->inode)) return;
    auto fd = open_at(directory, path.c_str(), O_RDONLY);
    if (!fd) return;
    if (auto ns = Namespace::from_fd(kernel_, std::move(*fd))) visit(std::move(*ns));
  }

  void look_at_processes() {
    const auto pids = list_pids_at(kernel_.proc(), ".");
    if (!pids) return;
    for (const pid_t pid : *pids) {
      if (found_) return;
      const auto directory =
          open_at(kernel_.proc(), std::to_string(pid).c_str(), O_PATH | O_DIRECTORY);
      if (directory) look_at_links(directory->get());
    }
  }

  void look_at_threads() {
    const auto pids = list_pids_at(kernel_.proc(), ".");
    if (!pids) return;
    for (const pid_t pid : *pids) {
      if (found_) return;
      const std::string tasks = std::to_string(pid) + "/task";
      const auto threads = list_pids_at(kernel_.proc(), tasks.c_str());
      if (!threads) continue;
      for (const pid_t thread : *threads) {
        if (thread == pid) continue;
        const std::string path = tasks + '/' + std::to_string(thread);
        const auto directory = open_at(kernel_.proc(), path.c_str(), O_PATH | O_DIRECTORY);
        if (directory) look_at_links(directory->get());
      }
    }
  }

  void look_at_mounts() {
    const auto text = read_file_at(kernel_.proc(), "self/mountinfo");
    if (!text) return;
    std::string_view rest = *text;
    while (const auto mount = next_mount(rest)) {
      if (mount->type != "nsfs") continue;
      const auto link = parse_namespace_link(mount->root);
      if (link && seen_.contains(link->inode)) continue;
      auto ns = Namespace::open_file(kernel_, unescape_mount_field(mount->mount_point));
      if (ns) visit(std::move(*ns));
    }
  }

  const Kernel& kernel_;
  std::uint64_t number_;
  std::optional<Kind> kind_;
  // By the inode number alone: one counter numbers all namespaces. A number that is given again
  // while this runs could hide a namespace that is not one second old.
  std::set<ino_t> seen_;
  std::optional<Namespace> found_;
};

}  // namespace

Result<Namespace> find_namespace(const Kernel& kernel, std::uint64_t number,
                                 std::optional<Kind> kind) {
  return NamespaceSearch(kernel, number, kind).run();
}

}  // namespace nsx
