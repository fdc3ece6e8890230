// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
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

}  // namespace nsx
