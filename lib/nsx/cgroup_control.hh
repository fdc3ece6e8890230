// SPDX-License-Identifier: MIT
#pragma once
// Processes of a cgroup as one: moving, ending, freezing, waiting for them.
//
//   const auto tree = nsx::CgroupTree::open(kernel);
//   if (!tree) return;
//   const auto web = tree->find("container:web");
//   if (web) std::puts(nsx::freeze_cgroup(*tree, *web, true) ? "frozen" : "not frozen");

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include <nsx/cgroup.hh>

namespace nsx {

/// Moves a process, with its threads, into a cgroup. Errors: the kernel's rules, as sentences.
NSX_API Status move_process(const CgroupTree& tree, const Process& process, const Cgroup& to);

/// Moves the caller. Errors: also that the cgroup is frozen, which would stop the caller.
NSX_API Status join_cgroup(const CgroupTree& tree, const Cgroup& cgroup);

/// Moves all processes of a cgroup, and of those below it, also those that come meanwhile. Returns
/// how many.
NSX_API Result<std::size_t> move_processes(const Cgroup& from, const Cgroup& to);

/// Sends a signal to every process in a cgroup and below, once, with none missed that is forked
/// meanwhile: SIGKILL by cgroup.kill (Linux 5.14); any other while the cgroup is frozen. Errors: it
/// is the top, or the caller is in it.
NSX_API Status signal_cgroup(const CgroupTree& tree, const Cgroup& cgroup, int signal);

/// Stops all processes of a cgroup and below, or lets them go on.
NSX_API Status freeze_cgroup(const CgroupTree& tree, const Cgroup& cgroup, bool frozen);

/// The path of the cgroup that keeps this one frozen: its own, or that of one above, whose
/// cgroup.freeze is set. A process that comes into a frozen cgroup stops at once. None: it is not
/// frozen. "..": it is frozen from outside of what is mounted here.
NSX_API std::optional<std::string> frozen_by(const CgroupTree& tree, const Cgroup& cgroup);

/// Refuses to do `what`, like "run a program in the cgroup", where that would stop or hang because
/// the cgroup is frozen: names the one to thaw.
NSX_API Status check_not_frozen(const CgroupTree& tree, const Cgroup& cgroup,
                                const std::string& what);

/// Asks the kernel to take memory from a cgroup (memory.reclaim, Linux 5.19). Returns by how much
/// memory.current fell. An error, if it was less than that.
NSX_API Result<std::uint64_t> reclaim_memory(const CgroupTree& tree, const Cgroup& cgroup,
                                             std::uint64_t bytes);

/// What is waited for.
struct CgroupState {
  enum class Kind : std::uint8_t {
    empty,      ///< no process is in it or below; also, when it is removed
    populated,  ///< a process is
    frozen,     ///< all of them have stopped
    thawed,
  } kind = Kind::empty;
};

/// memory.current is above this many bytes. The kernel does not tell: it is looked at 20 times a
/// second.
struct CgroupMemoryAbove {
  std::uint64_t bytes = 0;
};

/// Tasks stood still for lack of a resource for this share of a window (PSI triggers). Windows are
/// from half a second to ten; users without CAP_SYS_RESOURCE need a multiple of two seconds.
struct CgroupPressureAbove {
  std::string resource;         ///< "cpu", "memory", "io"
  bool full = false;            ///< all tasks at once, not only some
  std::uint64_t threshold = 0;  ///< microseconds
  std::uint64_t window = 0;     ///< microseconds
};

using CgroupEvent = std::variant<CgroupState, CgroupMemoryAbove, CgroupPressureAbove>;

/// Waits until it is so; at once, if it is. False: `timeout` has passed. Errors: the cgroup was
/// removed, and that is not what is waited for; it has not got the file.
NSX_API Result<bool> wait_for_cgroup(const CgroupTree& tree, const Cgroup& cgroup,
                                     const CgroupEvent& event,
                                     std::optional<std::chrono::milliseconds> timeout);

}  // namespace nsx
