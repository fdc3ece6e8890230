// SPDX-License-Identifier: MIT
#pragma once
// Operations on all processes of a cgroup: moving, signaling, freezing, and waiting.
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

/// Moves a process with all its threads into a cgroup. Errors explain which of the kernel's rules
/// was violated.
NSX_API Status move_process(const CgroupTree& tree, const Process& process, const Cgroup& to);

/// Moves the caller into a cgroup. Errors: as move_process(); also if the cgroup is frozen, which
/// would stop the caller.
NSX_API Status join_cgroup(const CgroupTree& tree, const Cgroup& cgroup);

/// Moves all processes of a cgroup and its descendants, including those that appear during the
/// move. Returns the number of processes.
NSX_API Result<std::size_t> move_processes(const Cgroup& from, const Cgroup& to);

/// Sends a signal once to every process in a cgroup and its descendants, including processes forked
/// meanwhile: SIGKILL through cgroup.kill (Linux 5.14), other signals while the cgroup is frozen.
/// Errors: it is the top of the tree, or contains the caller.
NSX_API Status signal_cgroup(const CgroupTree& tree, const Cgroup& cgroup, int signal);

/// Freezes or thaws all processes of a cgroup and its descendants.
NSX_API Status freeze_cgroup(const CgroupTree& tree, const Cgroup& cgroup, bool frozen);

/// Returns the path of the cgroup that keeps this one frozen: itself, or the ancestor whose
/// cgroup.freeze is set. None: it is not frozen. "..": the ancestor is outside of the mounted part
/// of the tree. A process that enters a frozen cgroup stops at once.
NSX_API std::optional<std::string> frozen_by(const CgroupTree& tree, const Cgroup& cgroup);

/// Returns an error for the operation `what` ("run a program in the cgroup") if the cgroup is
/// frozen, so that the operation would stop or hang. The error names the cgroup to thaw.
NSX_API Status check_not_frozen(const CgroupTree& tree, const Cgroup& cgroup,
                                const std::string& what);

/// Asks the kernel to reclaim memory from a cgroup (memory.reclaim, Linux 5.19). Returns by how
/// many bytes memory.current fell. Errors: it fell by less than `bytes`.
NSX_API Result<std::uint64_t> reclaim_memory(const CgroupTree& tree, const Cgroup& cgroup,
                                             std::uint64_t bytes);

/// A state to wait for.
struct CgroupState {
  enum class Kind : std::uint8_t {
    empty,      ///< no process in it or its descendants; also if it is removed
    populated,  ///< at least one process in it or its descendants
    frozen,     ///< all processes have stopped
    thawed,
  } kind = Kind::empty;
};

/// memory.current exceeds this many bytes. The kernel sends no notification, so it is polled 20
/// times a second.
struct CgroupMemoryAbove {
  std::uint64_t bytes = 0;
};

/// Tasks were stalled on a resource for `threshold` within `window` (PSI triggers). A window is 0.5
/// to 10 seconds long; users without CAP_SYS_RESOURCE need a multiple of 2 seconds.
struct CgroupPressureAbove {
  std::string resource;         ///< "cpu", "memory", "io"
  bool full = false;            ///< all tasks at once, rather than at least one
  std::uint64_t threshold = 0;  ///< in microseconds
  std::uint64_t window = 0;     ///< in microseconds
};

using CgroupEvent = std::variant<CgroupState, CgroupMemoryAbove, CgroupPressureAbove>;

/// Waits for an event; returns at once if the condition already holds. Returns false if `timeout`
/// has elapsed. Errors: the cgroup was removed while waiting for another event; it lacks the
/// required file.
NSX_API Result<bool> wait_for_cgroup(const CgroupTree& tree, const Cgroup& cgroup,
                                     const CgroupEvent& event,
                                     std::optional<std::chrono::milliseconds> timeout);

}  // namespace nsx
