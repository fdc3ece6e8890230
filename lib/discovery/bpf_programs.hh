// SPDX-License-Identifier: MIT
#pragma once
// The programs that run in the kernel for the census, and what they need to know of this kernel.

#include <cstdint>
#include <span>
#include <vector>

#include "kernel/bpf.hh"

namespace nsx {

struct CensusPrograms {
  BpfProgram census;  ///< census.bpf.c
  BpfProgram lookup;  ///< lookup.bpf.c
};

/// The programs in the order of preference: with plain loads, and with bpf_probe_read_kernel() for
/// kernels before 6.2. Empty if nsx was built without BPF.
std::span<const CensusPrograms> census_programs();

/// A program, and the answers to its questions about this kernel.
struct FittedProgram {
  BpfProgram program;
  std::vector<std::uint32_t> answers;
};

struct FittedPrograms {
  FittedProgram census;
  FittedProgram lookup;
};

/// Returns the programs that fit this kernel. Reads the kernel's BTF, but only once in a process.
/// Errors: this kernel's structures are unknown.
const Result<FittedPrograms>& fitted_programs();

/// Whether fitted_programs() has the answer at no cost.
bool programs_are_fitted();

}  // namespace nsx
