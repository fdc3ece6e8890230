#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

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
class SourceSet {
 public:
  constexpr SourceSet() = default;
  constexpr SourceSet(std::initializer_list<Source> sources) {
    for (const Source source : sources)
      insert(source);
  }
  static constexpr SourceSet all() {
    SourceSet set;
    set.bits_ = 0xff;
    return set;
  }
  constexpr void insert(Source source) { bits_ |= bit(source); }
  constexpr void remove(Source source) { bits_ &= ~bit(source); }
  constexpr bool contains(Source source) const { return (bits_ & bit(source)) != 0; }
  constexpr bool operator==(const SourceSet&) const = default;

 private:
  static constexpr unsigned bit(Source source) { return 1U << static_cast<unsigned>(source); }
  unsigned bits_ = 0;
};

/// The sources of a list like "process,fd", or "all".
NSX_API Result<SourceSet> parse_sources(std::string_view list);

/// An index into a vector of the Census, or kNone.
using CensusIndex = std::uint32_t;
inline constexpr CensusIndex kNone = ~CensusIndex{0};

/// A process as it was when the census passed it.
struct CensusProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  uid_t uid = 0;                 ///< effective
  std::uint32_t threads = 0;     ///< 0: not asked for
  std::uint64_t start_time = 0;  ///< in clock ticks after boot; 0: not asked for
  /// Its namespace of each kind, by the order of `Kind`. kNone: not asked for, or not to be seen.
  std::array<CensusIndex, kKindCount> namespaces{};

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
};

/// What could not be looked at.
struct CensusGap {
  Source source = Source::process;
  std::uint32_t count = 0;  ///< how many processes or mount namespaces; 0: the source as a whole
  int code = 0;             ///< the errno of the first
};

/// The namespaces of a machine, who is in them and what holds them: plain data, from which every
/// view is made.
struct Census {
  std::vector<CensusNamespace> namespaces;  ///< by ascending inode number
  std::vector<CensusProcess> processes;     ///< by ascending PID
  std::vector<CensusHolder> holders;        ///< by namespace, type, process and number
  std::vector<CensusMount> mounts;
  std::vector<CensusGap> gaps;  ///< at most one a source
  /// The proc mount does not show the caller all processes (hidepid of proc(5)).
  bool hides_processes = false;
};

struct CensusRequest {
  KindSet kinds = KindSet::all();  ///< a source may add others that it needs
  SourceSet sources = {Source::process};
  bool start_times = false;  ///< of processes
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

/// Opens a namespace of a census again, by what holds it. Errors: all its holders are gone, or have
/// changed; no right to reach them.
NSX_API Result<Namespace> open_namespace(const Kernel& kernel, const Census& census,
                                         CensusIndex index);

}  // namespace nsx
