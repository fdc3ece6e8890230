// SPDX-License-Identifier: MIT
#pragma once
// The kernel that everything else talks to: one proc mount, and which optional interfaces work
// beside it. And traces of what is probed, looked up, read and carried out.
//
//   const auto own = nsx::Kernel::open();
//   if (!own) std::puts(own.error().message().c_str());

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nsx/enum_set.hh>
#include <nsx/fd.hh>
#include <nsx/text.hh>

namespace nsx {

/// An interface of the kernel that not every kernel has. nsx takes the newest that works and falls
/// back to an older one that gives the same answer.
enum class Feature : std::uint8_t {
  pidfd_namespaces,   ///< PIDFD_GET_*_NAMESPACE, Linux 6.11; else readlink(2) and open(2) in /proc
  pidfd_info,         ///< PIDFD_GET_INFO, Linux 6.13; else /proc/PID/stat
  namespace_id,       ///< NS_GET_ID, Linux 6.18; else no 64-bit ids
  namespace_handle,   ///< open_by_handle_at(2) by such an id alone, Linux 6.19; else a search of
                      ///< /proc
  namespace_list,     ///< listns(2), Linux 6.19; else a search of /proc
  clone_into_cgroup,  ///< CLONE_INTO_CGROUP, Linux 5.7; else a process joins a cgroup when it is
                      ///< there
};

inline constexpr std::size_t kFeatureCount = 6;

/// The name of a feature: "pidfd-ns", "pidfd-info", "ns-id", "ns-handle", "listns",
/// "into-cgroup".
NSX_API const char* name(Feature feature);

/// A set of features.
using FeatureSet = EnumSet<Feature, Feature::clone_into_cgroup>;

/// The features that a list like "-pidfd-ns,-ns-id" switches off, for tests of the fallbacks.
NSX_API Result<FeatureSet> parse_disabled_features(std::string_view list);

struct KernelOptions {
  std::string proc = "/proc";  ///< where proc(5) is mounted, or a tree that looks like it
  FeatureSet disabled;         ///< not used, even where they work
};

/// What the library talks to: one proc mount, and the interfaces that work beside it.
/// Everything else takes a Kernel; tests give it another tree or take features away.
class NSX_API Kernel {
 public:
  /// Opens the proc mount.
  static Result<Kernel> open(const KernelOptions& options = {});

  /// The proc mount, an O_PATH descriptor.
  int proc() const { return proc_.get(); }
  const std::string& proc_path() const { return proc_path_; }

  /// Errors: /proc is no proc file system. Another tree than /proc is taken for what it is.
  Status check_proc() const;
  /// Errors: as check_proc(), or it is the one of another pid namespace, where a number that the
  /// caller knows is another process's.
  Status check_numbers() const;

  /// Whether a feature works here, and was not switched off. The first question tries each of them
  /// once on the calling process: ask before threads share the Kernel.
  bool has(Feature feature) const { return found().features.contains(feature); }

  /// Whether the numbers in this proc mount are the caller's: then pidfd_open(2) may be given one.
  /// Not so in a tree of files, nor in the proc mount of another pid namespace.
  bool numbers_are_ours() const { return found().numbers_are_ours; }

 private:
  struct Found {
    bool numbers_are_ours;
    FeatureSet features;
  };

  Kernel() = default;
  const Found& found() const;

  OwnedFd proc_;
  std::string proc_path_;
  FeatureSet disabled_;
  mutable std::optional<Found> found_;  // most plans never ask
};

/// What traces are about: for finding the cause of a problem.
enum class TraceArea : std::uint8_t {
  probe,   ///< the optional interfaces of the kernel, as they are tried
  target,  ///< what a target's text leads to
  census,  ///< the sources of a census: what they found, and how long it took
  plan,    ///< the steps of a plan, as each is carried out
};

using TraceAreas = EnumSet<TraceArea, TraceArea::plan>;

/// The name of an area: "probe", "target", "census", "plan".
NSX_API const char* name(TraceArea area);

/// Receives a line, without a newline. It may have hidden characters (nsx/text.hh). A plan also
/// calls it in the processes that it forks.
using TraceSink = void (*)(TraceArea area, std::string_view line);

/// Sends traces of these areas to `sink` from now on; an empty set ends it. Call it before there
/// are threads.
NSX_API void trace_to(TraceSink sink, TraceAreas areas);

}  // namespace nsx
