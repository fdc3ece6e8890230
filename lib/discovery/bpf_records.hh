// SPDX-License-Identifier: MIT
#pragma once
// What the program of the census has found.

#include <cstddef>
#include <cstdint>
#include <span>
#include <sys/types.h>
#include <vector>

#include "discovery/census_layout.h"
#include "discovery/findings.hh"

namespace nsx {

/// The records of namespaces by inode number, which no two of them have at a time, of whatever
/// kind.
class RecordIndex {
 public:
  explicit RecordIndex(std::span<const nsx_census_namespace> records);

  /// Returns the number of the record, or kNone if there is none, or more than one namespace.
  CensusIndex find(std::uint32_t inode) const;

 private:
  struct Slot {
    std::uint32_t inode = 0;
    CensusIndex record = kNone;
    bool is_reused = false;
  };

  std::size_t place_of(std::uint32_t inode) const;

  std::vector<Slot> slots_;
};

/// What the program of census.bpf.c has found.
struct BpfRecords {
  BpfRecords(std::span<const nsx_census_task> its_tasks,
             std::span<const nsx_census_namespace> its_namespaces,
             std::span<const nsx_census_holder> its_holders)
      : tasks(its_tasks), namespaces(its_namespaces), holders(its_holders), index(namespaces) {}

  std::span<const nsx_census_task> tasks;
  std::span<const nsx_census_namespace> namespaces;
  std::span<const nsx_census_holder> holders;
  RecordIndex index;
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
