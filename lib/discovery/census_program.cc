// SPDX-License-Identifier: MIT
#include "discovery/census_program.hh"

#include <array>

namespace nsx {

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

}  // namespace nsx
