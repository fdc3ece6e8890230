// SPDX-License-Identifier: MIT
#include "discovery/bpf_programs.hh"

#include <array>
#include <atomic>
#include <utility>

#include "try.hh"

namespace nsx {

#ifdef NSX_HAS_BPF

namespace {

namespace census_plain {
#include "discovery/census_plain.inc"
}
namespace census_probing {
#include "discovery/census_probing.inc"
}
namespace lookup_plain {
#include "discovery/lookup_plain.inc"
}
namespace lookup_probing {
#include "discovery/lookup_probing.inc"
}

constexpr std::array<CensusPrograms, 2> kPrograms{{
    {census_plain::program, lookup_plain::program},
    {census_probing::program, lookup_probing::program},
}};

}  // namespace

std::span<const CensusPrograms> census_programs() {
  return kPrograms;
}

#else

std::span<const CensusPrograms> census_programs() {
  return {};
}

#endif

namespace {

std::atomic<bool> are_fitted = false;

Result<FittedPrograms> fit() {
  const auto btf = TRY(KernelBtf::open());
  for (const CensusPrograms& programs : census_programs()) {
    // Each pass over the BTF takes a millisecond or two.
    std::vector<BtfQuestion> questions(programs.census.questions.begin(),
                                       programs.census.questions.end());
    questions.insert(questions.end(), programs.lookup.questions.begin(),
                     programs.lookup.questions.end());
    const auto answers = answer(btf.bytes(), questions);
    if (!answers) continue;
    const auto middle =
        answers->begin() + static_cast<std::ptrdiff_t>(programs.census.questions.size());
    return FittedPrograms{{programs.census, {answers->begin(), middle}},
                          {programs.lookup, {middle, answers->end()}}};
  }
  return refuse("use", "BPF", "this kernel's structures are unknown");
}

}  // namespace

const Result<FittedPrograms>& fitted_programs() {
  static const Result<FittedPrograms> fitted = fit();
  are_fitted = true;
  return fitted;
}

bool programs_are_fitted() {
  return are_fitted;
}

}  // namespace nsx
