// SPDX-License-Identifier: MIT
#include <array>

#include "discovery/bpf_records.hh"

namespace nsx {

#ifdef NSX_HAS_BPF

namespace {

namespace plain {
#include "discovery/census_plain.inc"
}
namespace probing {
#include "discovery/census_probing.inc"
}

constexpr std::array<BpfProgram, 2> kPrograms{{
    {plain::kCode, plain::kQuestions, plain::kFixes, plain::kMapUses, plain::kMaps,
     plain::kFunctions, plain::kTypes},
    {probing::kCode, probing::kQuestions, probing::kFixes, probing::kMapUses, probing::kMaps,
     probing::kFunctions, probing::kTypes},
}};

}  // namespace

std::span<const BpfProgram> census_programs() {
  return kPrograms;
}

#else

std::span<const BpfProgram> census_programs() {
  return {};
}

#endif

}  // namespace nsx
