// SPDX-License-Identifier: MIT
// Against the real kernel: a child of each test has its own bpffs, network and cgroup. Its output
// is compared.

#include <arpa/inet.h>
#include <cstdio>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <nsx/cgroup.hh>

#include "cgroup/net.hh"
#include "support.hh"

namespace nsx {
namespace {

constexpr const char* kBpffs = "/sys/fs/bpf";
constexpr const char* kPins = "/sys/fs/bpf/nsx";
constexpr std::uint64_t kHeaders = 20 + 8;  // IPv4 and UDP
constexpr std::size_t kPayload = 100;

/// Two cgroups, one below the other, removed at the end.
class OwnCgroups {
 public:
  OwnCgroups()
      : path_(must(CgroupTree::open(newest_kernel())).mount_point() + "/nsx-unit-net-" +
              std::to_string(::getpid())) {
    if (::mkdir(path().c_str(), 0755) != 0 || ::mkdir(below().c_str(), 0755) != 0) {
      throw std::runtime_error("cannot make the cgroup " + path());
    }
  }
  ~OwnCgroups() {
    ::rmdir(below().c_str());
    ::rmdir(path().c_str());
  }
  OwnCgroups(const OwnCgroups&) = delete;
  OwnCgroups& operator=(const OwnCgroups&) = delete;

  const std::string& path() const { return path_; }
  std::string below() const { return path_ + "/below"; }

 private:
  std::string path_;
};

OwnedFd opened(const std::string& path) {
  return OwnedFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::uint64_t id_of(const std::string& path) {
  return must(cgroup_id(opened(path).get()));
}

/// For use in a child: a mount namespace with an empty bpffs.
bool mount_own_bpffs(const char* options = "mode=1777") {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("bpf", kBpffs, "bpf", 0, options) == 0;
}

/// Likewise, a network with only lo.
bool make_own_network() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  const OwnedFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

/// Sends datagrams to a socket of this process, and returns how many arrived.
int exchange(int count) {
  const OwnedFd to(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const OwnedFd from(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(to.get(), generic, length) != 0) return -1;
  if (::getsockname(to.get(), generic, &length) != 0) return -1;
  char payload[kPayload]{};
  int arrived = 0;
  for (int i = 0; i < count; ++i) {
    // EPERM: dropped.
    (void)::sendto(from.get(), payload, sizeof payload, 0, generic, length);
    if (::recv(to.get(), payload, sizeof payload, 0) == static_cast<ssize_t>(sizeof payload)) {
      ++arrived;
    }
  }
  return arrived;
}

/// The output of a child inside.
std::string inside(const OwnCgroups& cgroups, const std::function<void()>& body) {
  Child child([&] {
    const std::string self = std::to_string(::getpid());
    try {
      write_file(cgroups.below() + "/cgroup.procs", self);
      if (!mount_own_bpffs() || !make_own_network()) throw std::runtime_error("cannot prepare");
      body();
    } catch (const std::exception& failure) {
      std::puts(failure.what());
    }
    std::fflush(stdout);
    return 0;
  });
  return child.read_all();
}

void print(std::uint64_t cgroup) {
  const auto net = must(read_cgroup_net(cgroup));
  if (!net) {
    std::puts("none");
    return;
  }
  for (const CgroupNetDirection& each : {net->in, net->out}) {
    std::printf("%lld: %llu in %llu, dropped %llu in %llu\n", static_cast<long long>(each.rate),
                static_cast<unsigned long long>(each.counters.bytes),
                static_cast<unsigned long long>(each.counters.packets),
                static_cast<unsigned long long>(each.counters.dropped_bytes),
                static_cast<unsigned long long>(each.counters.dropped_packets));
  }
}

[[maybe_unused]] std::string line(long long rate, std::uint64_t passed, std::uint64_t dropped) {
  constexpr std::uint64_t kEach = kPayload + kHeaders;
  return std::to_string(rate) + ": " + std::to_string(passed * kEach) + " in " +
         std::to_string(passed) + ", dropped " + std::to_string(dropped * kEach) + " in " +
         std::to_string(dropped) + '\n';
}

TEST(CgroupNet, CountsWhatPassesInACgroupAndBelow) {
  NSX_NEEDS_ROOT();
  const OwnCgroups cgroups;
  const std::string printed = inside(cgroups, [&] {
    must(set_cgroup_net(opened(cgroups.path()).get(), {}));
    must(set_cgroup_net(opened(cgroups.below()).get(), {}));
    std::printf("%d came\n", exchange(10));
    print(id_of(cgroups.path()));
    print(id_of(cgroups.below()));
  });
#if NSX_HAS_BPF
  const std::string both = line(-1, 10, 0) + line(-1, 10, 0);
  EXPECT_EQ(printed, "10 came\n" + both + both);
#else
  EXPECT_EQ(printed,
            "cannot load the BPF programs that limit the network: this nsx was built without them\n"
            "hint: rebuild with clang installed: meson setup -Dbpf=enabled build\n");
#endif
}

#if NSX_HAS_BPF

TEST(CgroupNet, DropsWhatIsAboveARate) {
  NSX_NEEDS_ROOT();
  const OwnCgroups cgroups;
  const std::string printed = inside(cgroups, [&] {
    const OwnedFd below = opened(cgroups.below());
    // At 100 bytes in a hundred seconds, the first leaves a lasting debt.
    must(set_cgroup_net(below.get(), {.in = std::nullopt, .out = 1}));
    std::printf("%d came\n", exchange(5));
    print(id_of(cgroups.below()));
    // An unspecified rate stays; setting a rate again fills its bucket.
    must(set_cgroup_net(below.get(), {.in = 0, .out = std::nullopt}));
    std::printf("%d came\n", exchange(1));
    must(set_cgroup_net(below.get(), {.in = std::nullopt, .out = kNoNetLimit}));
    std::printf("%d came\n", exchange(2));
    must(set_cgroup_net(below.get(), {.in = kNoNetLimit, .out = std::nullopt}));
    std::printf("%d came\n", exchange(3));
    print(id_of(cgroups.below()));
  });
  EXPECT_EQ(printed, "1 came\n" + line(-1, 1, 0) + line(1, 1, 4) + "0 came\n0 came\n3 came\n" +
                         line(-1, 4, 2) + line(-1, 6, 5));
}

TEST(CgroupNet, IsTakenAwayWithItsCgroup) {
  NSX_NEEDS_ROOT();
  const OwnCgroups cgroups;
  const std::string printed = inside(cgroups, [&] {
    const std::uint64_t id = id_of(cgroups.path());
    must(set_cgroup_net(opened(cgroups.path()).get(), {}));
    must(set_cgroup_net(opened(cgroups.below()).get(), {}));
    std::printf("%zu\n", must(cgroups_with_net()).size());
    std::puts(must(remove_cgroup_net(id_of(cgroups.below()))) ? "removed" : "none");
    std::puts(must(remove_cgroup_net(id_of(cgroups.below()))) ? "removed" : "none");
    print(id_of(cgroups.below()));
    exchange(2);
    print(id);
    // Removed by another process: the next change removes its pins.
    const std::string another = cgroups.path() + "/another";
    ::mkdir(another.c_str(), 0755);
    must(set_cgroup_net(opened(another).get(), {}));
    ::rmdir(another.c_str());
    std::printf("%zu\n", must(cgroups_with_net()).size());
    // The kernel detaches them a while later.
    bool cleaned = false;
    for (int i = 0; i < 1000 && !cleaned; ++i) {
      must(set_cgroup_net(opened(cgroups.path()).get(), {}));
      cleaned = must(cgroups_with_net()) == std::vector{id};
      if (!cleaned) ::usleep(10000);
    }
    std::puts(cleaned ? "cleaned" : "left behind");
  });
  EXPECT_EQ(printed, "2\nremoved\nnone\nnone\n" + line(-1, 2, 0) + line(-1, 2, 0) + "2\ncleaned\n");
}

TEST(CgroupNet, RepairsWhatIsNotWhole) {
  NSX_NEEDS_ROOT();
  const OwnCgroups cgroups;
  const std::string printed = inside(cgroups, [&] {
    const std::uint64_t id = id_of(cgroups.below());
    const std::string pins = kPins + ('/' + std::to_string(id));
    must(set_cgroup_net(opened(cgroups.below()).get(), {.in = 5000, .out = std::nullopt}));
    ::unlink((pins + "/out").c_str());
    ::unlink((pins + "/buckets").c_str());
    must(set_cgroup_net(opened(cgroups.below()).get(), {.in = std::nullopt, .out = 7000}));
    print(id);
  });
  EXPECT_EQ(printed, line(-1, 0, 0) + line(7000, 0, 0));
}

TEST(CgroupNet, LeavesNothingAfterAFailure) {
  NSX_NEEDS_ROOT();
  const OwnCgroups cgroups;
  const std::string printed = inside(cgroups, [&] {
    const OwnedFd no_cgroup(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::puts(failure(set_cgroup_net(no_cgroup.get(), {})).c_str());
    std::printf("%zu\n", must(cgroups_with_net()).size());
  });
  EXPECT_EQ(printed.substr(0, printed.find(':')), "cannot attach a BPF program to the cgroup");
  EXPECT_EQ(printed.substr(printed.find('\n')), "\n0\n");
}

#endif

TEST(CgroupNet, NeedsABpffs) {
  NSX_NEEDS_ROOT();
  const OwnCgroups cgroups;
  const std::string printed = inside(cgroups, [&] {
    ::umount2(kBpffs, MNT_DETACH);
    // Also if the machine has one.
    ::mount("none", kBpffs, "tmpfs", 0, nullptr);
    std::puts(failure(set_cgroup_net(opened(cgroups.path()).get(), {})).c_str());
    std::puts(failure(read_cgroup_net(1)).c_str());
  });
  const std::string said =
      "cannot pin BPF programs in /sys/fs/bpf: no bpffs is mounted there\nhint: mount -t bpf bpf "
      "/sys/fs/bpf\n";
  EXPECT_EQ(printed, said + said);
}

TEST(CgroupNet, TrustsNoDirectoryThatOthersWriteTo) {
  NSX_NEEDS_ROOT();
  const OwnCgroups cgroups;
  const std::string printed = inside(cgroups, [&] {
    const auto try_both = [&] {
      std::puts(failure(set_cgroup_net(opened(cgroups.path()).get(), {})).c_str());
      std::puts(failure(read_cgroup_net(1)).c_str());
    };
    ::mkdir(kPins, 0755);
    ::chmod(kPins, 0777);
    try_both();
    ::rmdir(kPins);
    if (::symlink("/tmp", kPins) != 0) return;
    try_both();
    ::unlink(kPins);
    ::chmod(kBpffs, 0777);
    try_both();
  });
  const std::string pins =
      "cannot pin BPF programs in /sys/fs/bpf/nsx: other users can write to it\nhint: chmod go-w "
      "/sys/fs/bpf/nsx\n";
  const std::string link = "cannot open /sys/fs/bpf/nsx: Not a directory\n";
  const std::string bpffs =
      "cannot pin BPF programs in /sys/fs/bpf: other users can replace its entries\nhint: chown "
      "root /sys/fs/bpf && chmod +t /sys/fs/bpf\n";
  EXPECT_EQ(printed, pins + pins + link + link + bpffs + bpffs);
}

TEST(CgroupNet, TakesItsNameBackFromOthers) {
  NSX_NEEDS_ROOT();
  const OwnCgroups cgroups;
  const std::string printed = inside(cgroups, [&] {
    const auto squat = [&](const char* what) {
      if (::lchown(kPins, 65534, 65534) != 0) return;
      // Nothing of ours can exist there.
      std::printf("%s: %s", what, read_cgroup_net(1) ? "read, " : "not read, ");
      const auto set = set_cgroup_net(opened(cgroups.path()).get(), {});
      struct stat st {};
      const bool is_ours = ::lstat(kPins, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0;
      std::printf("%s, %s\n", set ? "set" : failure(set).c_str(), is_ours ? "ours" : "theirs");
    };
    ::mkdir(kPins, 0755);
    squat("empty");
    ::rename(kPins, "/sys/fs/bpf/first");
    ::mkdir(kPins, 0755);
    ::mkdir("/sys/fs/bpf/nsx/lock", 0755);
    squat("full");
    ::rename(kPins, "/sys/fs/bpf/second");
    if (::symlink("/tmp", kPins) != 0) return;
    squat("link");
  });
  EXPECT_EQ(printed, "empty: read, set, ours\nfull: read, set, ours\nlink: read, set, ours\n");
}

TEST(CgroupNet, TellsWhoMay) {
  NSX_NEEDS_ROOT();
  const OwnCgroups cgroups;
  const std::string printed = inside(cgroups, [&] {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) return;
    const auto failed = set_cgroup_net(opened(cgroups.path()).get(), {});
    const std::string said = failure(failed);
    std::puts(said.substr(said.find(": ")).c_str());
    // Not even a directory, if any user may create some in the bpffs.
    std::puts(::access(kPins, F_OK) == 0 ? "made a directory" : "made nothing");
  });
  EXPECT_EQ(printed,
            ": Operation not permitted\nhint: needs CAP_BPF and CAP_NET_ADMIN in the initial user "
            "namespace: run as root\nmade nothing\n");
}

}  // namespace
}  // namespace nsx
