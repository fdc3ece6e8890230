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
  /// With `hierarchy`, each namespace's parent and owner are asked for when it is added, and are
  /// added themselves, up to the caller's own.
  NamespaceTable(const Kernel& kernel, bool hierarchy);

  /// Whether there is room for the descriptor of one more namespace.
  bool may_keep() const { return handles_.size() < keep_limit_; }

  std::optional<CensusIndex> find(Kind kind, ino_t inode) const;

  /// Adds a namespace of which only the number is known.
  CensusIndex add(Kind kind, ino_t inode);

  /// Adds an open namespace, or finds it; keeps the handle if there is room.
  CensusIndex add(Namespace ns);

  CensusNamespace& operator[](CensusIndex index) { return namespaces_[index]; }

  /// Hands the namespaces over; the handles are closed with the table.
  std::vector<CensusNamespace> take() { return std::move(namespaces_); }

 private:
  static std::uint64_t key(Kind kind, ino_t inode) {
    return static_cast<std::uint64_t>(inode) << 3 | static_cast<std::uint64_t>(kind);
  }

  CensusIndex add_related(Result<Namespace> related);

  const Kernel& kernel_;
  bool hierarchy_;
  std::size_t keep_limit_;
  std::vector<CensusNamespace> namespaces_;
  std::vector<Namespace> handles_;
  std::unordered_map<std::uint64_t, CensusIndex> by_key_;
};

}  // namespace nsx
