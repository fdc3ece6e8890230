#pragma once

#include <vector>

#include <nsx/census.hh>

#include "discovery/namespace_table.hh"

namespace nsx {

/// What could not be looked at, a source an entry.
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
  NamespaceTable table;
  std::vector<CensusProcess> processes;
  std::vector<CensusHolder> holders;
  std::vector<CensusMount> mounts;
  Gaps gaps;
  bool hides_processes = false;

  /// Takes over what another has found of processes; it has no mounts yet.
  void absorb(Findings&& other);
};

}  // namespace nsx
