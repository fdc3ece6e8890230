// SPDX-License-Identifier: MIT
// world PROCESSES NAMESPACES [FDS [KINDS]]: a temporary machine to look at.
//
// Makes PROCESSES processes that sleep, each with the five descriptors of a plain daemon, spread
// over NAMESPACES namespaces beside the machine's own, each of which has a process: 10000 in 5000
// are pairs that share one, 1000 in 5000 have five each. With FDS, one more process holds this many
// descriptors: of /dev/null, now and then of a namespace of the machine, and the first ten of
// namespaces without a process. If RLIMIT_NOFILE cannot be raised that far, as few processes as it
// allows. KINDS, comma-separated, replaces the cheap kinds.
//
// Prints "ready" when all exist, waits until its stdin closes or a signal terminates it, and ends
// with all of them. They die with it, however it dies.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

struct KindFlag {
  const char* name;
  std::uint64_t flag;
};

// A user namespace owns what is created with it; only clone3(2) accepts CLONE_NEWTIME.
constexpr std::array kKinds{
    KindFlag{"uts", CLONE_NEWUTS},
    KindFlag{"ipc", CLONE_NEWIPC},
    KindFlag{"cgroup", CLONE_NEWCGROUP},
    KindFlag{"user", CLONE_NEWUSER},
    KindFlag{"time", 0x80},
    KindFlag{"mnt", CLONE_NEWNS},
    KindFlag{"net", CLONE_NEWNET},
};
constexpr const char* kCheapKinds = "uts,ipc,cgroup,user,time";

constexpr int kReportFd = 3;            // in the processes of the world
constexpr std::size_t kOrphans = 10;    // namespaces that only a descriptor holds
constexpr std::size_t kNsEvery = 1000;  // one descriptor in so many is of a namespace

/// Report of each process when it is ready, or cannot be.
struct Report {
  pid_t pid;
  int error;
  char what[32];
};

[[noreturn]] void die(const std::string& what, int code = errno) {
  std::fprintf(stderr, "world: %s: %s\n", what.c_str(), std::strerror(code));
  std::exit(1);
}

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(stderr, "world: %s\n", why.c_str());
  std::exit(1);
}

// In a process of the world.

void tell(const char* what, int error) {
  Report report{::getpid(), error, {}};
  std::strncpy(report.what, what, sizeof report.what - 1);
  [[maybe_unused]] const ssize_t written = ::write(kReportFd, &report, sizeof report);
}

[[noreturn]] void give_up(const char* what) {
  tell(what, errno);
  ::_exit(1);
}

[[noreturn]] void sleep_until_killed() {
  tell("ready", 0);
  ::close(kReportFd);
  for (;;)
    ::pause();
}

void die_with(pid_t world) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up("prctl");
  if (::getppid() != world) ::_exit(1);  // it was faster
}

void make_pipe() {
  int pipe[2];
  if (::pipe2(pipe, 0) != 0) give_up("pipe2");
}

/// Leaves 0, 1, 2 on /dev/null and the report; the rest belongs to the maker.
void keep_few_descriptors(int report) {
  const int null = ::open("/dev/null", O_RDWR);
  if (null < 0) give_up("/dev/null");
  if (::dup2(report, kReportFd) < 0) give_up("dup2");
  for (int fd = 0; fd < kReportFd; ++fd) {
    if (::dup2(null, fd) < 0) give_up("dup2");
  }
  if (::close_range(kReportFd + 1, ~0U, 0) != 0) give_up("close_range");
}

void become_plain(int report, pid_t world) {
  keep_few_descriptors(report);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  die_with(world);
}

int open_orphan() {
  const int own = ::open("/proc/self/ns/uts", O_RDONLY);
  if (own < 0 || ::unshare(CLONE_NEWUTS) != 0) give_up("a namespace without processes");
  const int orphan = ::open("/proc/self/ns/uts", O_RDONLY);
  if (orphan < 0 || ::setns(own, 0) != 0) give_up("a namespace without processes");
  ::close(own);
  return orphan;
}

[[noreturn]] void hold_descriptors(std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    int fd = 0;
    if (i < kOrphans) {
      fd = open_orphan();
    } else if (i % kNsEvery == 0) {
      const char* kind = kKinds[i / kNsEvery % kKinds.size()].name;
      fd = ::open((std::string("/proc/self/ns/") + kind).c_str(), O_RDONLY);
    } else {
      fd = ::fcntl(0, F_DUPFD, 0);
    }
    if (fd < 0) give_up("many descriptors");
  }
  sleep_until_killed();
}

// In the maker.

struct CloneArguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

/// fork(2) into new namespaces.
pid_t fork_into(std::uint64_t flags) {
  CloneArguments arguments{};
  arguments.flags = flags;
  arguments.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;  // of the leader's leader
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

/// The first process of a group, in namespaces that it shares with the others: siblings, so that
/// all are the world's children.
[[noreturn]] void lead(int report, pid_t world, std::size_t others) {
  become_plain(report, world);
  for (std::size_t i = 0; i < others; ++i) {
    const pid_t pid = fork_into(CLONE_PARENT);
    if (pid < 0) give_up("fork");
    if (pid == 0) {
      die_with(world);
      break;
    }
  }
  make_pipe();
  sleep_until_killed();
}

std::uint64_t number_in(const std::string& path) {
  std::uint64_t number = 0;
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return UINT64_MAX;
  if (std::fscanf(file, "%ju", &number) != 1) number = UINT64_MAX;
  std::fclose(file);
  return number;
}

void check_limit(const std::string& path, std::size_t wanted) {
  const std::uint64_t limit = number_in(path);
  if (limit < wanted) {
    refuse("this world needs " + std::to_string(wanted) + ", and " + path + " allows " +
           std::to_string(limit));
  }
}

std::vector<KindFlag> parse_kinds(std::string list) {
  std::vector<KindFlag> kinds;
  for (char* word = std::strtok(list.data(), ","); word != nullptr;
       word = std::strtok(nullptr, ",")) {
    const auto* const found = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindFlag& kind) {
      return std::strcmp(kind.name, word) == 0;
    });
    if (found == kKinds.end()) refuse(std::string("no kind that can be made here: ") + word);
    kinds.push_back(*found);
  }
  if (kinds.empty()) refuse("no kinds");
  return kinds;
}

/// Raises RLIMIT_NOFILE as far as needed and permitted, and returns how many of `count`
/// descriptors a process can then hold.
std::size_t allow_descriptors(std::size_t count) {
  constexpr rlim_t kOthers = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
  rlimit raised{count + kOthers, std::max<rlim_t>(limit.rlim_max, count + kOthers)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return count;
  limit.rlim_cur = limit.rlim_max;  // not root, or without CAP_SYS_RESOURCE
  if (limit.rlim_max <= kOthers || ::setrlimit(RLIMIT_NOFILE, &limit) != 0) die("RLIMIT_NOFILE");
  return limit.rlim_max - kOthers;
}

class World {
 public:
  World(std::size_t processes, std::size_t namespaces, std::vector<KindFlag> kinds)
      : processes_(processes), namespaces_(namespaces), kinds_(std::move(kinds)) {
    each_ = std::max<std::size_t>(1, (namespaces_ + processes_ - 1) / processes_);
    if (each_ > kinds_.size()) {
      refuse("at most " + std::to_string(kinds_.size()) + " namespaces a process");
    }
    // The machine's own processes are already counted in the rest.
    check_limit("/proc/sys/kernel/pid_max", processes_ + 1000);
    check_limit("/proc/sys/kernel/threads-max", processes_ + 1000);
    for (const KindFlag& kind : kinds_) {
      check_limit(std::string("/proc/sys/user/max_") +
                      (kind.flag == CLONE_NEWNS ? "mnt" : kind.name) + "_namespaces",
                  namespaces_ / kinds_.size() + 100);
    }
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) die("pipe2");
    reports_ = pipe[0];
    report_ = pipe[1];
  }

  void make(std::size_t descriptors) {
    const std::size_t groups = std::max<std::size_t>(1, (namespaces_ + each_ - 1) / each_);
    for (std::size_t group = 0; group < groups; ++group) {
      const std::size_t size = processes_ * (group + 1) / groups - processes_ * group / groups;
      start([&](pid_t self) { lead(report_, self, size - 1); }, flags_of(group), size);
    }
    const std::size_t most = descriptors > 0 ? allow_descriptors(descriptors) : 0;
    for (std::size_t first = 0; first < descriptors; first += most) {
      const std::size_t last = std::min(descriptors, first + most);
      start(
          [&](pid_t self) {
            become_plain(report_, self);
            hold_descriptors(first, last);
          },
          0, 1);
    }
  }

  void end() {
    for (const pid_t pid : pids_)
      ::kill(pid, SIGKILL);  // none was waited for: the numbers are theirs
    while (::waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) {
    }
  }

 private:
  std::uint64_t flags_of(std::size_t group) const {
    std::uint64_t flags = 0;
    const std::size_t last = std::min(namespaces_, (group + 1) * each_);
    for (std::size_t i = group * each_; i < last; ++i)
      flags |= kinds_[i % kinds_.size()].flag;
    return flags;
  }

  /// Starts a process, and waits until it and those that it starts have reported.
  template <typename Body>
  void start(const Body& body, std::uint64_t flags, std::size_t count) {
    const pid_t self = ::getpid();
    const pid_t pid = fork_into(flags);
    if (pid < 0) fail("a process in new namespaces", errno);
    if (pid == 0) body(self);
    for (; count > 0; --count) {
      Report report{};
      if (::read(reports_, &report, sizeof report) != sizeof report) fail("read", errno);
      pids_.push_back(report.pid);
      if (report.error != 0) fail(report.what, report.error);
    }
  }

  [[noreturn]] void fail(const std::string& what, int code) {
    std::string hint;
    if (code == EAGAIN) hint = " (a limit on processes: ulimit -u, or pids.max of the cgroup)";
    if (code == ENOSPC) hint = " (a limit on namespaces: /proc/sys/user)";
    // Those that have not reported die with us.
    die("after " + std::to_string(pids_.size()) + " processes: " + what + hint, code);
  }

  std::size_t processes_;
  std::size_t namespaces_;
  std::vector<KindFlag> kinds_;
  std::size_t each_ = 1;
  int reports_ = -1;
  int report_ = -1;
  std::vector<pid_t> pids_;
};

/// Waits until stdin closes, or a signal arrives.
void wait_for_end(int signals) {
  pollfd events[] = {{STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}};
  for (;;) {
    if (::poll(events, 2, -1) < 0 && errno != EINTR) die("poll");
    if (events[1].revents != 0) return;
    char buffer[256];
    if (events[0].revents != 0 && ::read(STDIN_FILENO, buffer, sizeof buffer) <= 0) return;
  }
}

std::size_t parse(const char* text, std::size_t least) {
  char* end = nullptr;
  const unsigned long value = std::strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || value < least || value > 10'000'000) {
    refuse(std::string("not a number that can be used: ") + text);
  }
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::fprintf(stderr, "usage: world PROCESSES NAMESPACES [FDS [KINDS]]\n");
    return 1;
  }
  const std::size_t descriptors = argc > 3 ? parse(argv[3], 0) : 0;
  World world(parse(argv[1], 1), parse(argv[2], 0), parse_kinds(argc > 4 ? argv[4] : kCheapKinds));

  sigset_t ending;
  sigemptyset(&ending);
  for (const int each : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&ending, each);
  if (::sigprocmask(SIG_BLOCK, &ending, nullptr) != 0) die("sigprocmask");
  const int signals = ::signalfd(-1, &ending, SFD_CLOEXEC);
  if (signals < 0) die("signalfd");

  world.make(descriptors);
  std::puts("ready");
  std::fflush(stdout);
  wait_for_end(signals);
  world.end();
  return 0;
}
