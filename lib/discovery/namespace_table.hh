#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include <nsx/census.hh>

namespace nsx {

/// The namespaces found so far, each once. Where a descriptor was found with it, it is kept: an
/// inode number is not given to another namespace meanwhile, and the kernel need not make the
/// inode anew for the next process (which is half of the cost of a look).
class NamespaceTable {
 public:
  struct Options {
    bool relations = false;      ///< ask each for its parent and owner, up to the caller's own
    std::size_t keep_limit = 0;  ///< at most so many descriptors are kept
  };

  NamespaceTable(const Kernel& kernel, Options options) : kernel_(kernel), options_(options) {}

  /// Whether there is room for the descriptor of one more namespace.
  bool may_keep() const { return kept_ < options_.keep_limit; }

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

  /// Hands the namespaces over; the handles are closed with the table.
  std::vector<CensusNamespace> take() { return std::move(namespaces_); }

 private:
  static std::uint64_t key(Kind kind, ino_t inode) {
    return static_cast<std::uint64_t>(inode) << 3 | static_cast<std::uint64_t>(kind);
  }

  CensusIndex add_related(Result<Namespace> related);

  const Kernel& kernel_;
  Options options_;
  std::size_t kept_ = 0;
  std::vector<CensusNamespace> namespaces_;
  std::vector<std::optional<Namespace>> handles_;
  std::unordered_map<std::uint64_t, CensusIndex> by_key_;
};

}  // namespace nsx
