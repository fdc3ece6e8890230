#include "discovery/findings.hh"

#include <algorithm>

namespace nsx {

void Gaps::add(Source source, int code, std::uint32_t count) {
  const auto known = std::find_if(gaps_.begin(), gaps_.end(),
                                  [&](const CensusGap& gap) { return gap.source == source; });
  if (known == gaps_.end()) {
    gaps_.push_back({source, count, code});
  } else {
    known->count += count;
  }
}

void Gaps::add(const Gaps& other) {
  for (const CensusGap& gap : other.gaps_)
    add(gap.source, gap.code, gap.count);
}

void Findings::absorb(Findings&& other) {
  const std::vector<CensusIndex> places = table.absorb(std::move(other.table));
  for (CensusProcess& process : other.processes) {
    for (CensusIndex& ns : process.namespaces) {
      if (ns != kNone) ns = places[ns];
    }
    processes.push_back(process);
  }
  for (CensusHolder& holder : other.holders) {
    holder.ns = places[holder.ns];
    holders.push_back(holder);
  }
  gaps.add(other.gaps);
}

}  // namespace nsx
