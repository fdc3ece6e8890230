// SPDX-License-Identifier: MIT
#pragma once
// What the program of the census has found.

#include <cstdint>
#include <span>
#include <sys/types.h>
#include <vector>

#include "discovery/census_layout.h"
#include "discovery/findings.hh"

namespace nsx {

/// What the program of census.bpf.c has found.
struct BpfRecords {
  std::span<const nsx_census_task> tasks;
  std::span<const nsx_census_namespace> namespaces;
  std::span<const nsx_census_holder> holders;
};

/// Returns CensusProcess::cgroups.
std::uint64_t number_of(const nsx_cgroups& cgroups);

/// How far the records are to be believed and used.
struct BpfReading {
  dev_t device = 0;         ///< of namespace files
  bool has_ids = false;     ///< namespaces have 64-bit ids
  bool has_inodes = false;  ///< pidfds tell processes apart
  bool relations = false;   ///< parents and owners are wanted
};

/// Returns the processes, in ascending order, whose records are not to be used: `others`, and those
/// that have changed meanwhile, or are in a namespace, or have a socket of one, that the records do
/// not describe.
std::vector<pid_t> unusable(const BpfRecords& records, std::vector<pid_t> others = {});

/// Adds to the findings what a census reads from /proc otherwise, except of the processes in
/// `not_of`, which are in ascending order. Returns the descriptors of namespaces that the records
/// do not describe: no process is in them.
std::vector<nsx_census_holder> add_records(const BpfRecords& records, const BpfReading& reading,
                                           const CensusRequest& request,
                                           const std::vector<pid_t>& not_of, Findings& findings);

}  // namespace nsx
