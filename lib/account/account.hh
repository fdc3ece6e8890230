// SPDX-License-Identifier: MIT
#pragma once
// Reading cgroups: samples and rates, explanations of limits, and snapshots of settings.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup.hh>
#include <nsx/cgroup_change.hh>
#include <nsx/enum_set.hh>
#include <nsx/target.hh>

#include "cgroup/files.hh"
#include "cgroup/net.hh"

namespace nsx {

// Usage and limits of cgroups as plain data, read once, and the rates between two such readings.
// `nsx-cg ls`, `tree` and `top` are views of this: take a reading with sample_cgroups(), wait, take
// another, and pass both to rates_between(). The caller selects the files to read, as the cost
// depends on these only.

/// A file of a cgroup, or two that are only useful together.
enum class CgroupFile : std::uint8_t {
  processes,        ///< cgroup.procs
  threads,          ///< cgroup.threads
  events,           ///< cgroup.events: populated, frozen
  type,             ///< cgroup.type
  controllers,      ///< cgroup.controllers
  cpu_stat,         ///< cpu.stat; exists without the controller
  cpu_max,          ///< cpu.max
  cpu_pressure,     ///< cpu.pressure; pressure files exist without the controllers
  memory_current,   ///< memory.current
  memory_peak,      ///< memory.peak, Linux 5.19
  memory_max,       ///< memory.max
  memory_high,      ///< memory.high
  memory_events,    ///< memory.events
  memory_pressure,  ///< memory.pressure
  swap_current,     ///< memory.swap.current
  swap_max,         ///< memory.swap.max
  io_stat,          ///< io.stat
  io_pressure,      ///< io.pressure
  pids_current,     ///< pids.current
  pids_max,         ///< pids.max
  pids_events,      ///< pids.events
  net,              ///< the counters of set_cgroup_net(), if attached
  names,            ///< not a file: the directories above, see name_places()
};

/// A set of files.
using CgroupFileSet = EnumSet<CgroupFile, CgroupFile::names>;

/// A pressure file (PSI): the share of time in which tasks were stalled for lack of a resource, in
/// percent, and the total stall time in microseconds.
struct CgroupPressure {
  struct Line {
    double avg10 = 0;
    double avg60 = 0;
    double avg300 = 0;
    std::uint64_t total = 0;
    bool operator==(const Line&) const = default;
  };
  Line some;  ///< some tasks were stalled
  Line full;  ///< all tasks were stalled at once

  bool operator==(const CgroupPressure&) const = default;
};

/// One cgroup at one moment. Values that were not requested or do not exist are not set.
struct CgroupSample {
  std::string path;                   ///< "/", "/a/b"
  std::optional<std::size_t> parent;  ///< index in the reading; none for the first
  std::uint64_t id = 0;               ///< inode number of the directory: the kernel's cgroup id
  std::uint64_t moment = 0;           ///< time of the reading: CLOCK_MONOTONIC, nanoseconds
  std::size_t children = 0;           ///< number of child cgroups

  std::optional<std::uint64_t> processes;  ///< number directly in it
  std::vector<pid_t> pids;                 ///< their PIDs, with CgroupSampleRequest::pids
  std::optional<std::uint64_t> threads;
  std::optional<bool> populated;  ///< it or a descendant has a process
  std::optional<bool> frozen;
  std::string type;  ///< "domain", "threaded", "domain threaded", "domain invalid"
  std::vector<std::string> controllers;

  // CPU times are in microseconds. These and all following values include descendants.
  std::optional<std::uint64_t> cpu_usage;
  std::optional<std::uint64_t> cpu_user;
  std::optional<std::uint64_t> cpu_system;
  std::optional<std::uint64_t> cpu_periods;         ///< elapsed periods of cpu.max
  std::optional<std::uint64_t> cpu_throttled;       ///< periods in which it was throttled
  std::optional<std::uint64_t> cpu_throttled_time;  ///< microseconds
  struct CpuMax {
    std::uint64_t quota = kNoCgroupLimit;  ///< microseconds in a period
    std::uint64_t period = 100000;
    bool operator==(const CpuMax&) const = default;
  };
  std::optional<CpuMax> cpu_max;

  // In bytes.
  std::optional<std::uint64_t> memory;
  std::optional<std::uint64_t> memory_peak;
  std::optional<std::uint64_t> memory_max;
  std::optional<std::uint64_t> memory_high;
  std::optional<std::uint64_t> swap;
  std::optional<std::uint64_t> swap_max;
  // How often usage exceeded memory.high, reached memory.max, could not be reclaimed, and a process
  // was killed because of that.
  std::optional<std::uint64_t> memory_high_events;
  std::optional<std::uint64_t> memory_max_events;
  std::optional<std::uint64_t> oom_events;
  std::optional<std::uint64_t> oom_kills;

  // All block devices together.
  std::optional<std::uint64_t> read_bytes;
  std::optional<std::uint64_t> written_bytes;
  std::optional<std::uint64_t> reads;
  std::optional<std::uint64_t> writes;

  std::optional<std::uint64_t> pids_current;  ///< processes and threads
  std::optional<std::uint64_t> pids_max;
  std::optional<std::uint64_t> pids_max_events;  ///< forks that failed because of it

  std::optional<CgroupNet> net;  ///< network traffic and rates

  std::optional<CgroupPressure> cpu_pressure;
  std::optional<CgroupPressure> memory_pressure;
  std::optional<CgroupPressure> io_pressure;

  CgroupPlace place;  ///< its container and unit, if name_places() was called
};

struct CgroupSampleRequest {
  CgroupFileSet files;
  bool pids = false;    ///< store the PIDs; implies CgroupFile::processes
  bool descend = true;  ///< include descendants
};

/// A cgroup and its descendants, parents first, siblings sorted by name.
struct CgroupReading {
  std::vector<CgroupSample> cgroups;
  std::size_t unreadable = 0;  ///< cgroups that exist but could not be opened
};

/// Reads a cgroup and its descendants. Descendants that vanish in the meantime are left out; if the
/// first one vanishes, this is an error.
Result<CgroupReading> sample_cgroups(const Cgroup& first, const CgroupSampleRequest& request);

/// Sets the place of each cgroup.
void name_places(CgroupReading& reading, CgroupPlaces& places);

/// The usage of a cgroup per second between two readings. Not set if a value is missing in one of
/// them.
struct CgroupRates {
  std::optional<double> cpu;        ///< CPUs kept busy: 1.5 is one and a half
  std::optional<double> throttled;  ///< share of the periods of cpu.max, 0 to 1
  std::optional<double> read_bytes;
  std::optional<double> written_bytes;
  std::optional<double> reads;
  std::optional<double> writes;
  std::optional<double> received_bytes;  ///< from the network
  std::optional<double> sent_bytes;

  bool operator==(const CgroupRates&) const = default;
};

/// Returns the rates of each cgroup in `after`, matched by id. The rates of cgroups that are new
/// since `before` are not set.
std::vector<CgroupRates> rates_between(const CgroupReading& before, const CgroupReading& after);

/// Parses a pressure file; returns nothing if it is malformed. "full" is missing in cpu.pressure of
/// old kernels.
std::optional<CgroupPressure> parse_pressure(std::string_view text);

/// Parses cpu.max, "QUOTA PERIOD" in microseconds; returns nothing if it is malformed.
std::optional<CgroupSample::CpuMax> parse_cpu_max(std::string_view text);

// Explains why a cgroup is limited: for each limit, the cgroup in the hierarchy that sets it and
// what effect it had, and where controllers are missing.

/// A limit of a cgroup and its ancestors.
struct ExplainedLimit {
  std::string file;  ///< "memory.max", for one disk "io.max 8:0 wbps", "cpuset.cpus.effective"
  struct Level {
    std::string path;
    std::string value;  ///< in the kernel's format
  };
  std::vector<Level> levels;  ///< from the cgroup upwards, if the file exists there. For a cpuset
                              ///< only the level that sets the list
  std::optional<std::size_t> effective;  ///< the level that counts; none if there is no limit
  std::optional<std::uint64_t> usage;    ///< at that level, in the unit of the limit
};

/// An effect that a limit has or had on the cgroup.
struct Hindrance {
  std::string path;         ///< the cgroup with the limit
  std::string file;         ///< the limit: "cpu.max"
  std::string what;         ///< a predicate: "was throttled until the next period"
  bool is_now = false;      ///< it happened during the reading
  std::uint64_t count = 0;  ///< how often so far
};

struct ExplainedController {
  std::string name;
  bool is_here = false;
  std::string missing_at;  ///< the ancestor that does not enable it; empty if none has it
  std::string reason;      ///< why it is missing, as text for people
};

struct CgroupExplanation {
  std::string path;
  std::vector<ExplainedLimit> limits;
  std::vector<Hindrance> hindrances;
  std::vector<ExplainedController> controllers;
  /// The top is not the machine's root: limits outside of the cgroup namespace are not visible.
  bool has_outside = false;
};

/// Reads a cgroup and its ancestors twice, 200 ms apart.
Result<CgroupExplanation> explain_cgroup(const CgroupTree& tree, const Cgroup& cgroup);

/// Reads a file of a cgroup like Cgroup::read(). The error explains why a file is missing.
Result<std::string> read_or_explain(const CgroupTree& tree, const Cgroup& cgroup,
                                    const std::string& file);

/// Returns the level that counts: the one with the lowest value, and among equal ones the highest
/// in the hierarchy, as it is shared with most others. None if no level has a limit.
std::optional<std::size_t> effective_level(const ExplainedLimit& limit);

// Saving and restoring the settings of a subtree: `nsx-cg export` and `apply`.

/// A cgroup in a snapshot.
struct CgroupRecord {
  std::string path;                      ///< relative to the first: ".", "a/b"
  std::vector<std::string> controllers;  ///< enabled for its children
  std::vector<CgroupSetting> settings;   ///< one for each line of a file

  bool operator==(const CgroupRecord&) const = default;
};

/// A cgroup and its descendants, parents first.
struct CgroupSnapshot {
  std::vector<CgroupRecord> cgroups;

  bool operator==(const CgroupSnapshot&) const = default;
};

/// Reads the settings of one cgroup, which gets the path `path` in the snapshot.
Result<CgroupRecord> read_cgroup_record(const Cgroup& cgroup, std::string path);

/// Reads the settings of a cgroup and its descendants: all files that can be both read and written,
/// except those that act when written or hold processes. Processes are not included.
Result<CgroupSnapshot> take_snapshot(const CgroupTree& tree, const Cgroup& first);

/// The member that identifies the JSON as a snapshot, and its value.
inline constexpr const char* kSnapshotVersionKey = "nsx_cgroups";
inline constexpr std::uint64_t kSnapshotVersion = 1;

/// Parses a snapshot from JSON: {"nsx_cgroups": 1, "cgroups": [{"path": ".", "controllers":
/// ["memory"], "settings": {"memory.max": "max", "io.max": ["8:0 rbps=1", "8:16 rbps=2"]}}]}. The
/// text may be untrusted. Errors: it is not a snapshot, contains paths that lead elsewhere, or
/// files that are not settings.
Result<CgroupSnapshot> parse_snapshot(std::string_view text);

/// Returns the steps that make the cgroup at `path` and its descendants match the snapshot. Cgroups
/// that are not in the snapshot are left alone.
Result<std::vector<CgroupStep>> plan_snapshot(const CgroupTree& tree, const std::string& path,
                                              const CgroupSnapshot& snapshot,
                                              CgroupChangeOptions options);

}  // namespace nsx
