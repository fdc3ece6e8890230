// SPDX-License-Identifier: MIT
#pragma once

// What cgroups use and may use, read once, as plain data; of two such readings, what they use in
// between. `nsx-cg ls`, `tree` and `top` are views of this: take a reading with sample_cgroups(),
// wait, take another, and put both into rates_between(). Which files are read is the caller's
// choice, as reading is all that this costs.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup.hh>
#include <nsx/enum_set.hh>
#include <nsx/target.hh>

#include "cgroup/files.hh"
#include "cgroup/net.hh"

namespace nsx {

/// A file of a cgroup, or two that are of no use alone.
enum class CgroupFile : std::uint8_t {
  processes,        ///< cgroup.procs
  threads,          ///< cgroup.threads
  events,           ///< cgroup.events: populated, frozen
  type,             ///< cgroup.type
  controllers,      ///< cgroup.controllers
  cpu_stat,         ///< cpu.stat; it is there without the controller, too
  cpu_max,          ///< cpu.max
  cpu_pressure,     ///< cpu.pressure; pressures are there without the controllers
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
  net,              ///< what set_cgroup_net() has counted, where it was called
  names,            ///< no file, but the directories above: see name_places()
};

/// A set of files.
using CgroupFileSet = EnumSet<CgroupFile, CgroupFile::names>;

/// A pressure file (PSI): the share of time in which work stood still for lack of a resource, in
/// percent, and all of that time, in microseconds.
struct CgroupPressure {
  struct Line {
    double avg10 = 0;
    double avg60 = 0;
    double avg300 = 0;
    std::uint64_t total = 0;
    bool operator==(const Line&) const = default;
  };
  Line some;  ///< for some tasks
  Line full;  ///< for all of them at once

  bool operator==(const CgroupPressure&) const = default;
};

/// One cgroup at one moment. What was not asked for, or is not there, is not set.
struct CgroupSample {
  std::string path;                   ///< "/", "/a/b"
  std::optional<std::size_t> parent;  ///< its index in the reading; none for the first
  std::uint64_t id = 0;               ///< inode number of the directory: the kernel's cgroup id
  std::uint64_t moment = 0;           ///< when it was read: CLOCK_MONOTONIC, nanoseconds
  std::size_t children = 0;           ///< cgroups directly below

  std::optional<std::uint64_t> processes;  ///< how many are directly in it
  std::vector<pid_t> pids;                 ///< which, with CgroupSampleRequest::pids
  std::optional<std::uint64_t> threads;
  std::optional<bool> populated;  ///< a process is in it, or below
  std::optional<bool> frozen;
  std::string type;  ///< "domain", "threaded", "domain threaded", "domain invalid"
  std::vector<std::string> controllers;

  // CPU time is in microseconds, of it and all below, as all that follows.
  std::optional<std::uint64_t> cpu_usage;
  std::optional<std::uint64_t> cpu_user;
  std::optional<std::uint64_t> cpu_system;
  std::optional<std::uint64_t> cpu_periods;         ///< of cpu.max that have passed
  std::optional<std::uint64_t> cpu_throttled;       ///< those of them in which it was throttled
  std::optional<std::uint64_t> cpu_throttled_time;  ///< microseconds
  struct CpuMax {
    std::uint64_t quota = kNoCgroupLimit;  ///< microseconds in a period
    std::uint64_t period = 100000;
    bool operator==(const CpuMax&) const = default;
  };
  std::optional<CpuMax> cpu_max;

  // Bytes.
  std::optional<std::uint64_t> memory;
  std::optional<std::uint64_t> memory_peak;
  std::optional<std::uint64_t> memory_max;
  std::optional<std::uint64_t> memory_high;
  std::optional<std::uint64_t> swap;
  std::optional<std::uint64_t> swap_max;
  // How often: usage went over memory.high, hit memory.max, nothing could be reclaimed, a process
  // was killed for that.
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
  std::optional<std::uint64_t> pids_max_events;  ///< forks that failed for it

  std::optional<CgroupNet> net;  ///< bytes and packets from and to the network, and rates

  std::optional<CgroupPressure> cpu_pressure;
  std::optional<CgroupPressure> memory_pressure;
  std::optional<CgroupPressure> io_pressure;

  CgroupPlace place;  ///< to which container and unit it belongs, if name_places() was called
};

struct CgroupSampleRequest {
  CgroupFileSet files;
  bool pids = false;    ///< keep the numbers of the processes; implies CgroupFile::processes
  bool descend = true;  ///< those below as well
};

/// A cgroup and all below it. Each stands before those below it, siblings are sorted by name.
struct CgroupReading {
  std::vector<CgroupSample> cgroups;
  std::size_t unreadable = 0;  ///< cgroups that were there and could not be looked into
};

/// Reads a cgroup and those below it. One that vanishes meanwhile is left out; the first must not.
Result<CgroupReading> sample_cgroups(const Cgroup& first, const CgroupSampleRequest& request);

/// Fills in the place of each.
void name_places(CgroupReading& reading, CgroupPlaces& places);

/// What a cgroup used between two readings, a second. What one of them lacks is not set.
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

/// One for each cgroup of `after`, by its id. None of what is new since `before`.
std::vector<CgroupRates> rates_between(const CgroupReading& before, const CgroupReading& after);

/// Reads a pressure file; none: it makes no sense. "full" is missing in old kernels' cpu.pressure.
std::optional<CgroupPressure> parse_pressure(std::string_view text);

/// Reads cpu.max, "QUOTA PERIOD" in microseconds; none: it makes no sense.
std::optional<CgroupSample::CpuMax> parse_cpu_max(std::string_view text);

}  // namespace nsx
