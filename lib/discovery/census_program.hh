// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "kernel/bpf_program.hh"

namespace nsx {

/// The program of census.bpf.c in the order of preference: with plain loads, and with
/// bpf_probe_read_kernel() for kernels before 6.2. Empty if nsx was built without BPF.
std::span<const BpfProgram> census_programs();

}  // namespace nsx
