// SPDX-License-Identifier: MIT
#pragma once
// Access to the kernel: a proc mount, and the optional interfaces that work with it. Also traces of
// what the library probes, looks up, reads and carries out.
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

/// An optional interface of the kernel. nsx uses the newest one that works, and falls back to an
/// older one with the same result.
enum class Feature : std::uint8_t {
  pidfd_namespaces,   ///< PIDFD_GET_*_NAMESPACE, Linux 6.11; fallback: readlink(2) and open(2) in
                      ///< /proc
  pidfd_info,         ///< PIDFD_GET_INFO, Linux 6.13; fallback: /proc/PID/stat
  namespace_id,       ///< NS_GET_ID, Linux 6.18; fallback: no 64-bit ids
  namespace_handle,   ///< open_by_handle_at(2) by id alone, Linux 6.19; fallback: search of /proc
  namespace_list,     ///< listns(2), Linux 6.19; fallback: search of /proc
  clone_into_cgroup,  ///< CLONE_INTO_CGROUP, Linux 5.7; fallback: the process joins after fork
  bpf_iterator,  ///< a census by a BPF iterator of tasks, Linux 6.1, with CAP_BPF, CAP_PERFMON and
                 ///< CAP_SYS_PTRACE in the initial user, pid and time namespaces; used with many
                 ///< processes; fallback: /proc
};

inline constexpr std::size_t kFeatureCount = 7;

/// Returns the name of a feature: "pidfd-ns", "pidfd-info", "ns-id", "ns-handle", "listns",
/// "into-cgroup", "bpf".
NSX_API const char* name(Feature feature);

/// A set of features.
using FeatureSet = EnumSet<Feature, Feature::bpf_iterator>;

/// Members of KernelOptions.
struct FeatureChoice {
  FeatureSet disabled;
  FeatureSet forced;
};

/// Parses a comma-separated list of features to disable, such as "-pidfd-ns,-ns-id", or to force:
/// "+bpf". For tests of both ways. Errors: an unknown feature.
NSX_API Result<FeatureChoice> parse_features(std::string_view list);

struct KernelOptions {
  std::string proc = "/proc";  ///< mount point of proc(5), or a tree with the same layout
  FeatureSet disabled = {};    ///< never used, even if they work
  FeatureSet forced = {};      ///< used if they work, even where the fallback is cheaper
};

/// A proc mount, and the optional interfaces that work with it. Everything else in the library
/// takes a Kernel; tests pass another tree or disable features.
class NSX_API Kernel {
 public:
  /// Opens the proc mount.
  static Result<Kernel> open(const KernelOptions& options = {});

  /// Returns an O_PATH descriptor of the proc mount.
  int proc() const { return proc_.get(); }
  const std::string& proc_path() const { return proc_path_; }

  /// Checks that /proc is a proc file system. Other trees than /proc are not checked. Errors: it is
  /// not.
  Status check_proc() const;
  /// Checks that PIDs in /proc are those of the caller. Errors: as check_proc(); also if it belongs
  /// to another pid namespace, where the same number is another process.
  Status check_numbers() const;

  /// Returns whether a feature works and is not disabled. The first call probes all features on the
  /// calling process: make it before threads share the Kernel.
  bool has(Feature feature) const { return found().features.contains(feature); }

  /// Returns whether a feature works and is to be used even where its fallback is cheaper.
  bool is_forced(Feature feature) const { return forced_.contains(feature) && has(feature); }

  /// Returns whether the PIDs in this proc mount are those of the caller, and may be passed to
  /// pidfd_open(2). False for a tree of files, and for the proc mount of another pid namespace.
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
  FeatureSet forced_;
  mutable std::optional<Found> found_;  // lazy: most plans never need it
};

/// Areas of traces, which help to find the cause of a problem.
enum class TraceArea : std::uint8_t {
  probe,   ///< results of probing the optional kernel interfaces
  target,  ///< resolution of a target
  census,  ///< sources of a census, with their results and times
  plan,    ///< steps of a plan, as they are carried out
};

using TraceAreas = EnumSet<TraceArea, TraceArea::plan>;

/// Returns the name of an area: "probe", "target", "census", "plan".
NSX_API const char* name(TraceArea area);

/// Receives a trace line without a line feed. The line may contain hidden characters (nsx/text.hh).
/// Plans also call the sink in the processes that they fork.
using TraceSink = void (*)(TraceArea area, std::string_view line);

/// Sends traces of these areas to `sink`; an empty set disables tracing. Call it before starting
/// threads.
NSX_API void trace_to(TraceSink sink, TraceAreas areas);

}  // namespace nsx
