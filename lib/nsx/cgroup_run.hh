#pragma once

// A cgroup for as long as a program runs.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/cgroup.hh>
#include <nsx/cgroup_change.hh>
#include <nsx/cgroup_sample.hh>

namespace nsx {

/// A new cgroup that goes with its owner: remove() ends what is left in it and removes it. If all
/// that hold this object end without having called that, however they end, a process beside this
/// one takes care of it. (A fork holds it, too, until it executes something else.)
class NSX_API TemporaryCgroup {
 public:
  /// What becomes of it if remove() is not called.
  enum class Ending : std::uint8_t {
    killed,      ///< what is left in it is killed, and it is removed
    when_empty,  ///< it is removed when no process is left in it
  };

  /// Makes it, with what is missing above it, and with limits. Nothing of it is left if that fails.
  static Result<TemporaryCgroup> make(const CgroupTree& tree, const CgroupWanted& wanted,
                                      const CgroupChangeOptions& options,
                                      Ending ending = Ending::killed);

  const Cgroup& cgroup() const { return cgroup_; }

  /// Kills every process in it, and removes it with all cgroups below, and with those above that
  /// were made for it and are empty.
  Status remove();

  /// Leaves it where it is.
  void keep();

 private:
  explicit TemporaryCgroup(Cgroup cgroup) : cgroup_(std::move(cgroup)) {}
  Status start_cleaner(Ending ending);

  Cgroup cgroup_;
  OwnedFd above_;                  // of the first that was made
  std::vector<std::string> made_;  // relative to that, each above the next
  OwnedFd cleaner_;                // a pipe: its end without a word tells the cleaner to clean
};

/// Which cgroup a program shall be in: part of a request to create or to enter namespaces.
struct CgroupRequest {
  std::optional<std::string> into;  ///< as CgroupTree::find() takes it
  std::vector<CgroupLimit> limits;  ///< of a new one below that, or below the caller's own

  bool empty() const { return !into && limits.empty(); }
};

/// A name for a cgroup that is not there yet, below this path: "nsx-1234", with this PID.
NSX_API std::string unused_cgroup_name(const CgroupTree& tree, const std::string& path);

}  // namespace nsx
