// SPDX-License-Identifier: MIT
#pragma once
// The namespaces of a machine: the processes in them, what keeps them alive, and lookup by number.
//
//   const auto net = nsx::find_namespace(kernel, 4026532177, nsx::Kind::net);
//   if (!net) return;
//   const auto pids = nsx::processes_in(kernel, {&*net, 1});

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/enum_set.hh>
#include <nsx/kernel.hh>
#include <nsx/namespace.hh>

namespace nsx {

/// A source of namespaces for a census.
enum class Source : std::uint8_t {
  process,   ///< namespaces of processes
  thread,    ///< namespaces of a thread that its process is not in
  children,  ///< namespaces for future children: pid_for_children, time_for_children
  fd,        ///< namespaces held by a file descriptor
  socket,    ///< net namespaces of sockets that a process has created elsewhere or received; needs
             ///< CAP_NET_ADMIN over them
  mount,     ///< namespaces bound to a file in any mount namespace found by the census
  relation,  ///< parents and owners of all namespaces found
  kernel,    ///< listns(2), Linux 6.19: all except namespaces held only by a socket; complete for a
             ///< caller with CAP_SYS_ADMIN in the initial user and pid namespaces
};

inline constexpr std::size_t kSourceCount = 8;

/// Returns the name of a source: "process", "thread" ...
NSX_API const char* name(Source source);

/// A set of sources.
using SourceSet = EnumSet<Source, Source::kernel>;

/// Parses a comma-separated list of sources, such as "process,fd", or "all".
NSX_API Result<SourceSet> parse_sources(std::string_view list);

/// An index into a vector of a Census, or kNone.
using CensusIndex = std::uint32_t;
inline constexpr CensusIndex kNone = ~CensusIndex{0};

/// A process at the moment when the census read it.
struct CensusProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  uid_t uid = 0;                  ///< effective UID
  std::uint32_t threads = 0;      ///< 0: not requested
  std::uint64_t start_time = 0;   ///< in clock ticks since boot; 0: not requested
  std::uint64_t pidfd_inode = 0;  ///< Process::pidfd_inode(); 0: not requested, or `start_time` was
                                  ///< cheaper
  /// A number that processes in the same cgroups of all hierarchies have in common. 0: unknown.
  std::uint64_t cgroups = 0;
  /// The namespaces of the process, indexed by `Kind`. kNone: not requested, or not visible.
  std::array<CensusIndex, kKindCount> namespaces{kNone, kNone, kNone, kNone,
                                                 kNone, kNone, kNone, kNone};

  CensusIndex in(Kind kind) const { return namespaces[static_cast<std::size_t>(kind)]; }
};

struct CensusNamespace {
  Kind kind = Kind::cgroup;
  NamespaceIdentity identity;
  std::uint32_t process_count = 0;
  CensusIndex first_process = kNone;  ///< the one with the lowest PID
  CensusIndex parent = kNone;  ///< of pid and user; kNone also if it is not visible to the caller
  CensusIndex owner = kNone;   ///< the owning user namespace; kNone as for `parent`
  uid_t creator = static_cast<uid_t>(-1);  ///< of user: UID of the creator; -1: unknown
  bool is_listed = false;                  ///< listns(2) returned it
};

/// Something that keeps a namespace alive, other than the processes in it.
struct CensusHolder {
  enum class Type : std::uint8_t {
    thread,    ///< thread `number` of process `pid` is in it
    children,  ///< future children of process `pid` will be in it
    fd,        ///< descriptor `number` of process `pid`
    socket,    ///< the socket that is descriptor `number` of process `pid`
    mount,     ///< a mount: `other` is an index into Census::mounts
    child,     ///< it is the parent of namespace `other`
    owned,     ///< it owns namespace `other`
  };

  CensusIndex ns = kNone;
  Type type = Type::thread;
  pid_t pid = 0;
  int number = 0;
  CensusIndex other = kNone;
};

/// A bind mount of a namespace.
struct CensusMount {
  std::string path;  ///< relative to the root of its mount namespace
  CensusIndex mount_namespace = kNone;
  pid_t seen_by = 0;     ///< a process in that mount namespace; 0: none
  bool is_ours = false;  ///< it is in the caller's mount namespace
  /// The file under the mount: the device of its file system ("0:25"), and its path from the root
  /// of that file system. The same in all mount namespaces that contain the file. Empty: unknown.
  std::string device = {};
  std::string file = {};
};

/// Data that could not be read, or only in part.
struct CensusGap {
  Source source = Source::process;
  std::uint32_t count = 0;  ///< number of processes, sockets, mount namespaces or mounts
  /// The reason, an errno value. EFBIG: a limit of the census was exceeded. With Source::fd,
  /// `count` processes have more than 65,536 descriptors; with Source::mount, `count` mount
  /// namespaces have more than 16 MiB of mountinfo, or exceed 256 MiB in total. ETIMEDOUT, with
  /// Source::mount: `count` mounts are on file systems that do not answer. Their namespaces are
  /// listed by number, without relations.
  int code = 0;
};

/// A snapshot of the namespaces of a machine, the processes in them, and what holds them. Plain
/// data from which every view is computed.
struct Census {
  std::vector<CensusNamespace> namespaces;  ///< by ascending inode number
  std::vector<CensusProcess> processes;     ///< by ascending PID
  std::vector<CensusHolder> holders;        ///< by namespace, type, PID and number
  std::vector<CensusMount> mounts;
  std::vector<CensusGap> gaps;  ///< at most one for each source and errno
  /// Whether the proc mount hides processes from the caller (hidepid in proc(5)).
  bool hides_processes = false;
};

struct CensusRequest {
  KindSet kinds = KindSet::all();  ///< sources may add other kinds that they need
  SourceSet sources = {Source::process};
  bool start_times = false;  ///< read CensusProcess::start_time
  bool identities = false;   ///< read what is_same_process() needs: start times, or something
                             ///< cheaper
  pid_t only = 0;            ///< restrict the census to this process; 0: all processes
  /// Skip thread, children, fd, mount and relation where the kernel's list is complete: these
  /// sources would only add holders, not namespaces. The source socket is still read, because the
  /// list lacks namespaces held only by a socket.
  bool skip_what_the_kernel_lists = false;
};

/// Reads the namespaces of the machine, as far as they are visible to the caller.
///
/// Processes that exit during the census are omitted without an error. Descriptors of the caller do
/// not count as holders. The census keeps at most as many descriptors open as RLIMIT_NOFILE allows,
/// and is slower with a low limit. On large machines it uses several threads.
NSX_API Result<Census> take_census(const Kernel& kernel, const CensusRequest& request);

/// Returns the index of the namespace with this inode number or 64-bit id, and with this kind if
/// given. Returns kNone if the census does not contain it; 0 is never a valid number.
NSX_API CensusIndex index_of(const Census& census, std::uint64_t number,
                             std::optional<Kind> kind = std::nullopt);

/// Returns the index of an open namespace, or kNone.
NSX_API CensusIndex index_of(const Census& census, const Namespace& ns);

/// Returns whether a process of a census still has its PID. If so after something was read by that
/// PID, it was read from this process and not from another one that had the PID in between.
NSX_API bool is_same_process(const Kernel& kernel, const CensusProcess& process);

/// Returns the command line of each process, in the format of read_command_lines() in process.hh. A
/// line is empty if the process has exited, even if its PID was reused.
NSX_API std::vector<std::string> read_command_lines(const Kernel& kernel,
                                                    std::span<const CensusProcess> processes);

/// Returns the text of /proc/PID/cgroup of each process (cgroups(7)): for cgroup_in() and
/// CgroupPlaces. None if the process has exited, even if its PID was reused.
NSX_API std::vector<std::optional<std::string>> read_cgroups(
    const Kernel& kernel, std::span<const CensusProcess> processes);

/// Both texts of each process.
struct ProcessTexts {
  std::vector<std::string> command_lines;
  std::vector<std::optional<std::string>> cgroups;
};

/// Returns what read_command_lines() and read_cgroups() return, in less time than both.
NSX_API ProcessTexts read_texts(const Kernel& kernel, std::span<const CensusProcess> processes);

/// Reopens a namespace of a census: by its id if the kernel supports that, otherwise through one of
/// its holders. Errors: all holders are gone or have changed; no permission to access them.
NSX_API Result<Namespace> open_namespace(const Kernel& kernel, const Census& census,
                                         CensusIndex index);

/// Finds the namespace with this inode number or 64-bit id, and with this kind if given.
///
/// Finds every namespace that a census with all sources finds, at the lowest cost: asks the kernel
/// for an id, or for its list where that is complete; otherwise reads one source after another,
/// cheapest first, until the namespace is found. 0 is never a valid number. Errors: no such
/// namespace is visible to the caller; its holders are not accessible.
NSX_API Result<Namespace> find_namespace(const Kernel& kernel, std::uint64_t number,
                                         std::optional<Kind> kind = std::nullopt);

/// The same, in an existing census.
NSX_API Result<Namespace> find_namespace(const Kernel& kernel, const Census& census,
                                         std::uint64_t number,
                                         std::optional<Kind> kind = std::nullopt);

/// Returns the PIDs of the processes in any of these namespaces, in ascending order.
///
/// Faster than a census: reads one link per process. Processes that the caller may not inspect are
/// omitted. For a net namespace on a machine with many processes, a caller with CAP_SYS_ADMIN reads
/// no process at all: the PIDs are looked up through rtnetlink(7) from a temporary net namespace
/// (RTM_GETNSID, Linux 4.0).
NSX_API Result<std::vector<pid_t>> processes_in(const Kernel& kernel,
                                                std::span<const Namespace> namespaces);

}  // namespace nsx
