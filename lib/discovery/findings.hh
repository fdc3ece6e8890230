// SPDX-License-Identifier: MIT
#pragma once
// What the sources of a census find, until that is complete.

#include <optional>
#include <unordered_map>
#include <vector>

#include <nsx/census.hh>

namespace nsx {

/// The namespace that a search is for.
struct WantedNamespace {
  std::uint64_t number = 0;  ///< its inode number or 64-bit id
  std::optional<Kind> kind;  ///< if it is known

  bool is(Kind its_kind, const NamespaceIdentity& identity) const {
    return number != 0 && (identity.inode == number || identity.id == number) &&
           (!kind || its_kind == *kind);
  }
};

/// How much is read of each process and namespace.
enum class Detail {
  all,      ///< what a Census has
  handles,  ///< the links of processes, and a handle of each namespace that is new: for a search
  links,    ///< the links of processes, nothing else
};

/// The namespaces found so far, each once. Where a descriptor was found with it, it is kept: an
/// inode number is not given to another namespace meanwhile, and the kernel need not make the
/// inode anew for the next process (which is half of the cost of a look).
class NamespaceTable {
 public:
  struct Options {
    Detail detail = Detail::all;
    bool relations = false;  ///< ask each for its parent and owner, up to the caller's own
    std::optional<WantedNamespace> wanted = {};  ///< its handle is kept in any case
  };

  /// Keeps so many descriptors as the limit of the process leaves to it.
  NamespaceTable(const Kernel& kernel, const Options& options);

  Detail detail() const { return options_.detail; }

  /// The same namespaces without their handles, for another worker beside this: they have the same
  /// places in both, and this one's handles keep them alive.
  NamespaceTable without_handles() const;

  /// Divides the descriptors to be kept among so many tables.
  void share_with(unsigned tables) { keep_limit_ = limit_ / tables; }

  /// Whether there is room for the descriptor of one more namespace.
  bool may_keep() const { return kept_ < keep_limit_; }

  std::optional<CensusIndex> find(Kind kind, ino_t inode) const;

  /// Adds a namespace of which only the number is known, or finds it.
  CensusIndex add(Kind kind, ino_t inode);

  /// Adds an open namespace, or finds it; keeps the handle if there is room.
  CensusIndex add(Namespace ns);

  /// Takes over what another table has; both hold their descriptors until then, so that the same
  /// number is the same namespace. Returns the place of each here.
  std::vector<CensusIndex> absorb(NamespaceTable&& other);

  CensusIndex size() const { return static_cast<CensusIndex>(namespaces_.size()); }
  CensusNamespace& operator[](CensusIndex index) { return namespaces_[index]; }
  const CensusNamespace& operator[](CensusIndex index) const { return namespaces_[index]; }

  /// The handle of a namespace, if it was kept.
  const Namespace* handle(CensusIndex index) const {
    return handles_[index] ? &*handles_[index] : nullptr;
  }

  /// Whether the wanted namespace was found and opened: then nothing more need be read.
  bool has_wanted() const { return wanted_at_ != kNone; }

  /// Hands the wanted namespace over, which must have been found.
  Namespace take_wanted() { return std::move(*handles_[wanted_at_]); }

  /// Hands the namespaces over; the handles are closed with the table.
  std::vector<CensusNamespace> take() { return std::move(namespaces_); }

 private:
  static std::uint64_t key(Kind kind, ino_t inode) {
    return static_cast<std::uint64_t>(inode) << 3 | static_cast<std::uint64_t>(kind);
  }

  CensusIndex add_related(Result<Namespace> related);

  const Kernel& kernel_;
  Options options_;
  std::size_t limit_;       // of descriptors, of all tables that are filled side by side
  std::size_t keep_limit_;  // of this one
  std::size_t kept_ = 0;
  std::vector<CensusNamespace> namespaces_;
  std::vector<std::optional<Namespace>> handles_;
  std::unordered_map<std::uint64_t, CensusIndex> by_key_;
  CensusIndex wanted_at_ = kNone;
};

/// What could not be read, an entry for each source and errno.
class Gaps {
 public:
  void add(Source source, int code, std::uint32_t count = 1);
  void add(const Gaps& other);
  std::vector<CensusGap> take() { return std::move(gaps_); }

 private:
  std::vector<CensusGap> gaps_;
};

/// What the sources find. Workers share nothing: each fills findings of its own, and these are put
/// together at the end.
struct Findings {
  explicit Findings(NamespaceTable namespaces) : table(std::move(namespaces)) {}

  NamespaceTable table;
  std::vector<CensusProcess> processes;
  std::vector<CensusHolder> holders;
  std::vector<CensusMount> mounts;
  Gaps gaps;
  bool hides_processes = false;
  bool has_own_mounts = false;  ///< those of the caller's mount namespace were read

  /// Takes over what another has found of processes; it has no mounts yet.
  void absorb(Findings&& other);

  /// All of it in the order of a Census, with the relations as holders if they are wanted.
  Census arranged(bool relations) &&;
};

}  // namespace nsx
