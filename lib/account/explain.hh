// SPDX-License-Identifier: MIT
#pragma once

// Why a cgroup is limited: of each limit the one up the tree that counts, what it has come to, and
// which controllers are missing where.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nsx/cgroup.hh>

namespace nsx {

/// A limit of a cgroup and of those above it.
struct ExplainedLimit {
  std::string file;  ///< "memory.max", of one disk "io.max 8:0 wbps", "cpuset.cpus.effective"
  struct Level {
    std::string path;
    std::string value;  ///< as the kernel writes it
  };
  std::vector<Level> levels;  ///< from the cgroup itself up; those that have the file. Of a cpuset
                              ///< the one alone where it has become this list
  std::optional<std::size_t> effective;  ///< the level that counts; none: there is no limit
  std::optional<std::uint64_t> usage;    ///< there, in the unit of the limit
};

/// Something that a limit does or did to the cgroup.
struct Hindrance {
  std::string path;         ///< the cgroup whose limit it is
  std::string file;         ///< the limit: "cpu.max"
  std::string what;         ///< a sentence: "throttled in 12 of the last 20 periods"
  bool is_now = false;      ///< it happened while this was looked at
  std::uint64_t count = 0;  ///< how often so far
};

struct ExplainedController {
  std::string name;
  bool is_here = false;
  std::string missing_at;  ///< the cgroup above that does not hand it down; empty: nobody has it
  std::string reason;      ///< why it is missing, for people
};

struct CgroupExplanation {
  std::string path;
  std::vector<ExplainedLimit> limits;
  std::vector<Hindrance> hindrances;
  std::vector<ExplainedController> controllers;
  /// The top is not the machine's root: limits above it, outside of the cgroup namespace, are not
  /// seen.
  bool has_outside = false;
};

/// Looks at a cgroup and all above it twice, a fifth of a second apart.
Result<CgroupExplanation> explain_cgroup(const CgroupTree& tree, const Cgroup& cgroup);

/// Reads one of a cgroup's files, as Cgroup::read() does; the error says why it has not got it.
Result<std::string> read_or_explain(const CgroupTree& tree, const Cgroup& cgroup,
                                    const std::string& file);

/// Which of the levels counts: the one with the lowest value, and of equal ones the highest up, as
/// that is shared with most others. None: none of them is a limit.
std::optional<std::size_t> effective_level(const ExplainedLimit& limit);

}  // namespace nsx
