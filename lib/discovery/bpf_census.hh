// SPDX-License-Identifier: MIT
#pragma once

#include <nsx/census.hh>

#include "discovery/findings.hh"

namespace nsx {

/// Does the same as read_processes() for all processes, with a program that the kernel runs for
/// each task: many times faster once there are enough of them. Returns false, and adds nothing, if
/// that is not possible or not worthwhile.
Result<bool> read_processes_by_bpf(const Kernel& kernel, const CensusRequest& request,
                                   Findings& findings);

}  // namespace nsx
