// SPDX-License-Identifier: MIT
#pragma once
// The namespaces of a machine: who is in them, what holds them, and how one is found by its number.
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

/// Where a census looks for namespaces.
enum class Source : std::uint8_t {
  process,   ///< the namespaces that processes are in
  thread,    ///< those that a thread is in, but not its process
  children,  ///< those that a process has made for its children: pid_for_children,
             ///< time_for_children
  fd,        ///< those that a process holds by a descriptor
  socket,    ///< the net namespaces of sockets that a process holds, having left them or been given
             ///< the socket; needs CAP_NET_ADMIN over them
  mount,     ///< those that are bound to a file in any mount namespace that the census has found
  relation,  ///< parents and owners of all the others
  kernel,    ///< listns(2), Linux 6.19: all but those that nothing but a socket holds, for a caller
             ///< with CAP_SYS_ADMIN in the first user and pid namespace
};

inline constexpr std::size_t kSourceCount = 8;

/// The name of a source: "process", "thread" ...
NSX_API const char* name(Source source);

/// A set of sources.
using SourceSet = EnumSet<Source, Source::kernel>;

/// The sources of a list like "process,fd", or "all".
NSX_API Result<SourceSet> parse_sources(std::string_view list);

/// An index into a vector of the Census, or kNone.
using CensusIndex = std::uint32_t;
inline constexpr CensusIndex kNone = ~CensusIndex{0};

/// A process as it was when the census passed it.
struct CensusProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  uid_t uid = 0;                  ///< effective
  std::uint32_t threads = 0;      ///< 0: not asked for
  std::uint64_t start_time = 0;   ///< in clock ticks after boot; 0: not asked for
  std::uint64_t pidfd_inode = 0;  ///< Process::pidfd_inode(); 0: not asked for, or
                                  ///< `start_time` was cheaper
  /// Its namespace of each kind, by the order of `Kind`. kNone: not asked for, or not visible.
  std::array<CensusIndex, kKindCount> namespaces{kNone, kNone, kNone, kNone,
                                                 kNone, kNone, kNone, kNone};

  CensusIndex in(Kind kind) const { return namespaces[static_cast<std::size_t>(kind)]; }
};

struct CensusNamespace {
  Kind kind = Kind::cgroup;
  NamespaceIdentity identity;
  std::uint32_t process_count = 0;
  CensusIndex first_process = kNone;  ///< the one with the lowest PID
  CensusIndex parent = kNone;         ///< of pid and user; kNone also where it is not ours to see
  CensusIndex owner = kNone;          ///< the owning user namespace, likewise
  uid_t creator = static_cast<uid_t>(-1);  ///< of user: who made it; -1: not known
  bool is_listed = false;                  ///< it is in the kernel's own list
};

/// What keeps a namespace alive, besides the processes in it.
struct CensusHolder {
  enum class Type : std::uint8_t {
    thread,    ///< thread `number` of process `pid` is in it
    children,  ///< the next children of process `pid` will be in it
    fd,        ///< descriptor `number` of process `pid`
    socket,    ///< the socket that is descriptor `number` of process `pid`
    mount,     ///< it is mounted: `other` is an index into Census::mounts
    child,     ///< it is the parent of the namespace `other`
    owned,     ///< it owns the namespace `other`
  };

  CensusIndex ns = kNone;
  Type type = Type::thread;
  pid_t pid = 0;
  int number = 0;
  CensusIndex other = kNone;
};

/// A bind mount of a namespace.
struct CensusMount {
  std::string path;  ///< as the root of its mount namespace shows it
  CensusIndex mount_namespace = kNone;
  pid_t seen_by = 0;     ///< a process in that mount namespace; 0: there is none
  bool is_ours = false;  ///< in the caller's mount namespace
  /// The file that it is mounted on, by the device of its file system ("0:25") and its path from
  /// the top of that: the same in all mount namespaces that show the file. Empty: not known.
  std::string device = {};
  std::string file = {};
};

/// What could not be read, or only in part.
struct CensusGap {
  Source source = Source::process;
  std::uint32_t count = 0;  ///< how many processes, sockets, mount namespaces or mounts
  /// Why, an errno. EFBIG: there was more than a census reads: of Source::fd so many processes with
  /// more than 65,536 descriptors, of Source::mount so many mount namespaces with more than 16 MiB
  /// of mountinfo, or past 256 MiB in all. ETIMEDOUT: of Source::mount so many mounts below file
  /// systems that do not answer; these namespaces are listed by number, without relations.
  int code = 0;
};

/// The namespaces of a machine, who is in them and what holds them: plain data, from which every
/// view is made.
struct Census {
  std::vector<CensusNamespace> namespaces;  ///< by ascending inode number
  std::vector<CensusProcess> processes;     ///< by ascending PID
  std::vector<CensusHolder> holders;        ///< by namespace, type, process and number
  std::vector<CensusMount> mounts;
  std::vector<CensusGap> gaps;  ///< at most one for each source and errno
  /// The proc mount does not show the caller all processes (hidepid of proc(5)).
  bool hides_processes = false;
};

struct CensusRequest {
  KindSet kinds = KindSet::all();  ///< a source may add others that it needs
  SourceSet sources = {Source::process};
  bool start_times = false;  ///< of processes
  bool identities = false;   ///< what is_same_process() needs: start times, or what is cheaper
  pid_t only = 0;            ///< this one process alone; 0: all
  /// Leave out thread, children, fd, mount and relation where the kernel's own list is complete:
  /// then they find no more namespaces, only who holds them. socket stays: the list lacks it.
  bool skip_what_the_kernel_lists = false;
};

/// Reads the namespaces of the machine, as far as the caller may see them. Processes that end
/// meanwhile are left out: no error. Descriptors of the caller hold nothing. The descriptors that
/// it needs are at most RLIMIT_NOFILE allows: with few, it is slower. Large machines are read by
/// several threads.
NSX_API Result<Census> take_census(const Kernel& kernel, const CensusRequest& request);

/// The place in a census of the namespace with this inode number or 64-bit id, and of this kind if
/// one is given. kNone: it has none; 0 is the number of none.
NSX_API CensusIndex index_of(const Census& census, std::uint64_t number,
                             std::optional<Kind> kind = std::nullopt);

/// The place of an open namespace, or kNone.
NSX_API CensusIndex index_of(const Census& census, const Namespace& ns);

/// Whether a process of a census still has its number. If it has after something was read by that
/// number, it was read of this process, and of no other that had the number in between.
NSX_API bool is_same_process(const Kernel& kernel, const CensusProcess& process);

/// The command lines of processes of a census, as read_command_lines() of process.hh has them, one
/// for each. Empty if the process is gone, also if another has its number by now.
NSX_API std::vector<std::string> read_command_lines(const Kernel& kernel,
                                                    std::span<const CensusProcess> processes);

/// Opens a namespace of a census again, by its id where the kernel does that, else by what holds
/// it. Errors: all its holders are gone, or have changed; no right to reach them.
NSX_API Result<Namespace> open_namespace(const Kernel& kernel, const Census& census,
                                         CensusIndex index);

/// Finds the namespace with this inode number or this 64-bit id, of this kind if one is given: any
/// that a census of all sources finds, for what it takes to find the one. The kernel is asked for
/// an id, or for its list where that is complete; else one source after another is read, the
/// cheapest first, until it is found. 0 is the number of none. Errors: there is none that the
/// caller may see; what holds it cannot be reached.
NSX_API Result<Namespace> find_namespace(const Kernel& kernel, std::uint64_t number,
                                         std::optional<Kind> kind = std::nullopt);

/// The same in a census that was taken already.
NSX_API Result<Namespace> find_namespace(const Kernel& kernel, const Census& census,
                                         std::uint64_t number,
                                         std::optional<Kind> kind = std::nullopt);

/// The PIDs of the processes that are in one of these namespaces, in order. Less than a census, and
/// faster: a link is read of each process, and no more. Those that may not be looked into are left
/// out. On a machine with many processes, for a net namespace alone and with CAP_SYS_ADMIN, none is
/// looked into: rtnetlink(7) is asked, from a net namespace made for that (RTM_GETNSID, Linux 4.0).
NSX_API Result<std::vector<pid_t>> processes_in(const Kernel& kernel,
                                                std::span<const Namespace> namespaces);

}  // namespace nsx
