// SPDX-License-Identifier: MIT
// Finds a namespace by its number: by a kernel handle or the kernel's list if possible, otherwise
// through the sources of a census and the holders that these find.

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <new>
#include <optional>
#include <sys/stat.h>

#include <nsx/census.hh>
#include <nsx/process.hh>
#include <nsx/text.hh>

#include "discovery/sources.hh"
#include "discovery/visit.hh"
#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/nsfs.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Ids are counted from 1, inode numbers from here.
constexpr std::uint64_t kFirstInode = 0xF0000000;

/// Opens namespaces of a census through their holders.
class Opener {
 public:
  Opener(const Kernel& kernel, const Census& census) : kernel_(kernel), census_(census) {}

  Result<Namespace> open(CensusIndex index) {
    const CensusNamespace& wanted = census_.namespaces[index];
    if (wanted.identity.id != 0 && kernel_.has(Feature::namespace_handle)) {
      if (auto ns = Namespace::open_id(kernel_, wanted.identity.id)) return ns;
    }
    Result<Namespace> last = refuse("open", subject(wanted), "it no longer exists");
    const auto is_it = [&](Result<Namespace> ns) {
      if (ns && !is_same(*ns, wanted)) return false;
      last = std::move(ns);
      return last.has_value();
    };
    if (wanted.first_process != kNone) {
      for (CensusIndex i = wanted.first_process; i < census_.processes.size(); ++i) {
        const CensusProcess& process = census_.processes[i];
        if (process.in(wanted.kind) == index && is_it(by_process(process.pid, wanted.kind))) {
          return last;
        }
      }
    }
    const auto first =
        std::lower_bound(census_.holders.begin(), census_.holders.end(), index,
                         [](const CensusHolder& holder, CensusIndex ns) { return holder.ns < ns; });
    for (auto holder = first; holder != census_.holders.end() && holder->ns == index; ++holder) {
      if (is_it(by_holder(*holder, wanted))) return last;
    }
    return last;
  }

 private:
  static std::string subject(const CensusNamespace& ns) {
    return std::string(name(ns.kind)) + " namespace " + std::to_string(ns.identity.inode);
  }

  static bool is_same(const Namespace& ns, const CensusNamespace& wanted) {
    const NamespaceIdentity& found = ns.identity();
    return ns.kind() == wanted.kind && found.inode == wanted.identity.inode &&
           (wanted.identity.id == 0 || found.id == wanted.identity.id);
  }

  Result<Namespace> by_process(pid_t pid, Kind kind) {
    auto process = TRY(Process::open(kernel_, pid));
    return process.open_namespace(kernel_, kind);
  }

  Result<Namespace> by_holder(const CensusHolder& holder, const CensusNamespace& wanted) {
    const Kind kind = wanted.kind;
    const std::string process = std::to_string(holder.pid) + '/';
    const std::string number = std::to_string(holder.number);
    switch (holder.type) {
      case CensusHolder::Type::thread:
        return below_proc(process + "task/" + number + "/ns/" + name(kind));
      case CensusHolder::Type::children:
        return below_proc(process + "ns/" + info(kind).for_children);
      case CensusHolder::Type::fd:
        return below_proc(process + "fd/" + number);
      case CensusHolder::Type::socket: {
        auto owner = TRY(Process::open(kernel_, holder.pid));
        return owner.open_socket_namespace(kernel_, holder.number);
      }
      case CensusHolder::Type::mount:
        return by_mount(census_.mounts[holder.other], wanted);
      case CensusHolder::Type::child: {
        auto child = open(holder.other);
        return child ? child->parent(kernel_) : std::move(child);
      }
      case CensusHolder::Type::owned: {
        auto owned = open(holder.other);
        return owned ? owned->owner(kernel_) : std::move(owned);
      }
    }
    return refuse("open", "a namespace", "unknown holder");
  }

  Result<Namespace> below_proc(const std::string& path) {
    return open_namespace_link(kernel_, kernel_.proc(), path);
  }

  Result<Namespace> by_mount(const CensusMount& mount, const CensusNamespace& wanted) {
    auto ns = open_mount(mount);
    const bool is_another = ns ? !is_same(*ns, wanted) : ns.error().code == 0;
    if (mount.seen_by != 0 && is_another) {
      return refuse("open", subject(wanted),
                    "its mount on " + mount.path + " is covered by another mount");
    }
    return ns;
  }

  Result<Namespace> open_mount(const CensusMount& mount) {
    if (mount.is_ours) return open_found_namespace(kernel_, AT_FDCWD, mount.path);
    if (mount.seen_by == 0) {
      return refuse("open", mount.path, "it is in a mount namespace without processes");
    }
    const std::string path = std::to_string(mount.seen_by) + "/root";
    auto root = TRY(open_at(kernel_.proc(), path.c_str(), O_PATH | O_DIRECTORY));
    return open_found_namespace(kernel_, root.get(), '.' + mount.path);
  }

  const Kernel& kernel_;
  const Census& census_;
};

tl::unexpected<Error> none_found(const WantedNamespace& wanted) {
  const std::string kind = wanted.kind ? std::string(name(*wanted.kind)) + ' ' : std::string();
  return problem("no " + kind + "namespace that you can see has the inode number or ID {}",
                 std::to_string(wanted.number),
                 "searched processes, threads, descriptors, sockets and mounts");
}

/// Reads the sources in the order of their cost until the wanted namespace is found and open.
class Search {
 public:
  Search(const Kernel& kernel, const WantedNamespace& wanted)
      : kernel_(kernel),
        wanted_(wanted),
        lists_all_(kernel_lists_all(kernel)),
        kinds_(kinds_to_read()),
        findings_(NamespaceTable(
            kernel, {.detail = Detail::handles, .relations = asks_relations(), .wanted = wanted})) {
  }

  Result<Namespace> run() {
    if (auto found = by_bpf()) return std::move(*found);
    if (read_all()) return findings_.table.take_wanted();
    // It may be known by number only, and the holder that showed it may be gone by now.
    const Census census = std::move(findings_).arranged(asks_relations());
    return find_namespace(kernel_, census, wanted_.number, wanted_.kind);
  }

 private:
  /// Finds it among many processes, and opens it through one of its holders. None: not found.
  std::optional<Namespace> by_bpf() {
    if (lists_all_) return std::nullopt;
    CensusRequest request;
    request.kinds = kinds_;
    request.sources = {Source::process, Source::children, Source::thread, Source::fd,
                       Source::socket};
    Findings findings(NamespaceTable(kernel_, {.relations = asks_relations()}));
    if (asks_relations()) request.sources.insert(Source::relation);
    const auto is_read = read_processes_by_bpf(kernel_, request, findings, kBreakEvenOfLinks);
    if (!is_read || !*is_read) return std::nullopt;
    trace_.read_processes(request.sources, findings);
    const Census census = std::move(findings).arranged(asks_relations());
    const CensusIndex found = index_of(census, wanted_.number, wanted_.kind);
    if (found == kNone) return std::nullopt;
    auto opened = open_namespace(kernel_, census, found);
    return opened ? std::optional(std::move(*opened)) : std::nullopt;
  }

  /// Returns whether the namespace was found.
  bool read_all() {
    if (lists_all_ && read_list()) return true;
    if (read({Source::process, Source::children})) return true;
    read_own_mounts(kernel_, kinds_, findings_);
    if (is_found(Source::mount)) return true;
    if (!lists_all_ && read_list()) return true;
    if (read({Source::thread})) return true;
    if (read({Source::fd, Source::socket})) return true;
    // This includes mount namespaces that were found through descriptors.
    read_mounts(kernel_, kinds_, findings_);
    return is_found(Source::mount);
  }

  bool read(SourceSet sources) {
    CensusRequest request;
    request.kinds = kinds_;
    request.sources = sources;
    if (const auto done = read_processes(kernel_, request, findings_); !done) {
      if (done.error().code == ENOMEM) throw std::bad_alloc();
      // Without the list no process is known, which the final error reports.
      return false;
    }
    trace_.read_processes(sources, findings_);
    return findings_.table.has_wanted();
  }

  bool read_list() {
    read_kernel_list(kernel_, kinds_, findings_);
    return is_found(Source::kernel);
  }

  bool is_found(Source source) {
    trace_.read(source, findings_);
    return findings_.table.has_wanted();
  }

  /// Any namespace leads to its ancestor user namespaces, and a pid namespace to its ancestors.
  bool asks_relations() const {
    if (lists_all_) return false;
    return !wanted_.kind || *wanted_.kind == Kind::user || *wanted_.kind == Kind::pid;
  }

  /// Mount namespaces are always read, as they lead to mounts.
  KindSet kinds_to_read() const {
    if (!wanted_.kind || *wanted_.kind == Kind::user) return KindSet::all();
    return {*wanted_.kind, Kind::mnt};
  }

  const Kernel& kernel_;
  WantedNamespace wanted_;
  bool lists_all_;  // the kernel's list is complete for this caller
  KindSet kinds_;
  CensusTrace trace_;
  Findings findings_;
};

}  // namespace

CensusIndex index_of(const Census& census, std::uint64_t number, std::optional<Kind> kind) {
  const WantedNamespace wanted{number, kind};
  const auto& all = census.namespaces;
  for (CensusIndex i = 0; i < all.size(); ++i) {
    if (wanted.is(all[i].kind, all[i].identity)) return i;
  }
  return kNone;
}

CensusIndex index_of(const Census& census, const Namespace& ns) {
  return index_of(census, ns.identity().inode, ns.kind());
}

Result<Namespace> open_namespace(const Kernel& kernel, const Census& census, CensusIndex index) {
  return Opener(kernel, census).open(index);
}

Result<Namespace> find_namespace(const Kernel& kernel, const Census& census, std::uint64_t number,
                                 std::optional<Kind> kind) {
  if (census.processes.empty()) {
    return refuse("find", "ns:" + std::to_string(number),
                  "there are no processes in " + kernel.proc_path(),
                  "mount -t proc proc " + shell_word(kernel.proc_path()));
  }
  const CensusIndex index = index_of(census, number, kind);
  if (index == kNone) return none_found({number, kind});
  return open_namespace(kernel, census, index);
}

Result<Namespace> find_namespace(const Kernel& kernel, std::uint64_t number,
                                 std::optional<Kind> kind) {
  if (number == 0) return none_found({number, kind});
  if (number < kFirstInode && kernel.has(Feature::namespace_handle)) {
    auto ns = Namespace::open_id(kernel, number);
    if (ns && (!kind || ns->kind() == *kind)) return ns;
  }
  auto found = Search(kernel, {number, kind}).run();
  if (found || !kind) return found;
  // On Linux 6.1, a search that is narrowed to a kind misses namespaces mounted in a mount
  // namespace that only a descriptor keeps alive. A search for any kind finds those.
  auto any = Search(kernel, {number, std::nullopt}).run();
  return any && any->kind() == *kind ? std::move(any) : std::move(found);
}

}  // namespace nsx
