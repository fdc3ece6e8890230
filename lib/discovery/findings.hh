// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <nsx/census.hh>

namespace nsx {

/// Finds the index of a namespace by its kind and inode number. A hash table with open addressing:
/// a census looks up eight namespaces for each process, and nearly all of them are known.
class NamespaceIndex {
 public:
  CensusIndex find(Kind kind, ino_t inode) const {
    return entries_.empty() ? kNone : entries_[slot(key(kind, inode))].index;
  }

  /// Adds a namespace that find() does not find.
  void add(Kind kind, ino_t inode, CensusIndex index) {
    if (used_ >= entries_.size() / 2) grow();
    put({key(kind, inode), index});
    ++used_;
  }

 private:
  struct Entry {
    std::uint64_t key = 0;
    CensusIndex index = kNone;  // kNone: the entry is free
  };

  static std::uint64_t key(Kind kind, ino_t inode) {
    return static_cast<std::uint64_t>(inode) << 3 | static_cast<std::uint64_t>(kind);
  }

  /// Returns the place of a key, or the free one where it belongs.
  std::size_t slot(std::uint64_t key) const {
    constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  // inode numbers are consecutive
    const std::size_t mask = entries_.size() - 1;
    std::size_t at = (key * kGolden >> 32) & mask;
    while (entries_[at].index != kNone && entries_[at].key != key)
      at = (at + 1) & mask;
    return at;
  }

  void put(const Entry& entry) { entries_[slot(entry.key)] = entry; }

  void grow() {
    constexpr std::size_t kFirst = 256;
    const std::vector<Entry> old = std::exchange(
        entries_, std::vector<Entry>(entries_.empty() ? kFirst : entries_.size() * 2));
    for (const Entry& entry : old) {
      if (entry.index != kNone) put(entry);
    }
  }

  std::vector<Entry> entries_;  // a power of two, at most half full
  std::size_t used_ = 0;
};

/// The namespace that a search looks for.
struct WantedNamespace {
  std::uint64_t number = 0;  ///< inode number or 64-bit id
  std::optional<Kind> kind;  ///< if known

  bool is(Kind its_kind, const NamespaceIdentity& identity) const {
    return number != 0 && (identity.inode == number || identity.id == number) &&
           (!kind || its_kind == *kind);
  }
};

/// How much is read of each process and namespace.
enum class Detail {
  all,      ///< everything that a Census holds
  handles,  ///< links of processes, and a handle for each new namespace: for a search
  links,    ///< links of processes only
};

/// The namespaces found so far, each once. If a namespace was found with a descriptor, the
/// descriptor is kept: its inode number cannot be reused in the meantime, and the kernel need not
/// recreate the inode for the next process, which is half of the cost of reading one.
class NamespaceTable {
 public:
  struct Options {
    Detail detail = Detail::all;
    bool relations = false;  ///< query parent and owner of each, up to the caller's own namespaces
    std::optional<WantedNamespace> wanted = {};  ///< its handle is always kept
  };

  /// Creates an empty table, which keeps as many descriptors as RLIMIT_NOFILE allows.
  NamespaceTable(const Kernel& kernel, const Options& options);

  Detail detail() const { return options_.detail; }

  /// Returns a copy without handles for a parallel worker. The namespaces have the same indices in
  /// both tables, and the handles of this one keep them alive.
  NamespaceTable without_handles() const;

  /// Divides the descriptors that may be kept among this number of tables.
  void share_with(unsigned tables) { keep_limit_ = limit_ / tables; }

  /// Whether the descriptor of another namespace may be kept.
  bool may_keep() const { return kept_ < keep_limit_; }

  /// Whether so few descriptors are allowed that none may be kept, and few be open at a time.
  bool lacks_descriptors() const { return limit_ == 0; }

  std::optional<CensusIndex> find(Kind kind, ino_t inode) const {
    const CensusIndex found = by_inode_.find(kind, inode);
    return found != kNone ? std::optional(found) : std::nullopt;
  }

  /// Adds a namespace that is known by number only. Returns its index, whether it is new or not.
  CensusIndex add(Kind kind, ino_t inode);

  /// Adds an open namespace and keeps the handle if there is room. Returns its index, whether it is
  /// new or not.
  CensusIndex add(Namespace ns);

  /// Moves the contents of another table into this one and returns the new index of each namespace.
  /// Both tables keep their descriptors until then, so equal numbers mean the same namespace.
  std::vector<CensusIndex> absorb(NamespaceTable&& other);

  CensusIndex size() const { return static_cast<CensusIndex>(namespaces_.size()); }
  CensusNamespace& operator[](CensusIndex index) { return namespaces_[index]; }
  const CensusNamespace& operator[](CensusIndex index) const { return namespaces_[index]; }

  /// Returns the handle of a namespace, or null if it was not kept.
  const Namespace* handle(CensusIndex index) const {
    return handles_[index] ? &*handles_[index] : nullptr;
  }

  /// Whether the wanted namespace was found and opened, so that nothing more need be read.
  bool has_wanted() const { return wanted_at_ != kNone; }

  /// Moves the wanted namespace out of the table. It must have been found.
  Namespace take_wanted() { return std::move(*handles_[wanted_at_]); }

  /// Moves the namespaces out of the table. The handles are closed with the table.
  std::vector<CensusNamespace> take() { return std::move(namespaces_); }

 private:
  /// Adds the parent or owner of a namespace, which is of this kind, and returns its index.
  CensusIndex add_related(const Namespace& ns, unsigned request, Kind kind);

  const Kernel& kernel_;
  Options options_;
  std::size_t limit_;       // of descriptors, for all parallel tables together
  std::size_t keep_limit_;  // for this table
  std::size_t kept_ = 0;
  std::vector<CensusNamespace> namespaces_;
  std::vector<std::optional<Namespace>> handles_;
  NamespaceIndex by_inode_;
  CensusIndex wanted_at_ = kNone;
};

/// What could not be read: one entry for each source and errno.
class Gaps {
 public:
  void add(Source source, int code, std::uint32_t count = 1);
  void add(const Gaps& other);
  std::vector<CensusGap> take() { return std::move(gaps_); }

 private:
  std::vector<CensusGap> gaps_;
};

/// What the sources find. Workers share nothing: each one fills its own findings, which are merged
/// at the end.
struct Findings {
  explicit Findings(NamespaceTable namespaces) : table(std::move(namespaces)) {}

  NamespaceTable table;
  std::vector<CensusProcess> processes;
  std::vector<CensusHolder> holders;
  std::vector<CensusMount> mounts;
  Gaps gaps;
  bool hides_processes = false;
  bool has_own_mounts = false;  ///< the caller's mount namespace was read

  /// Merges the table, holders and gaps of another worker, which must not have read mounts yet.
  /// Returns the new index of each of its namespaces.
  std::vector<CensusIndex> absorb(Findings&& other);

  /// Returns everything in the order of a Census, with relations as holders if requested.
  Census arranged(bool relations) &&;
};

}  // namespace nsx
