// SPDX-License-Identifier: MIT
#include "kernel/spawn.hh"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <new>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "support.hh"

namespace nsx {
namespace {

using std::chrono::milliseconds;

/// The report of a child about itself.
struct Facts {
  std::array<char, 16> name{};
  int dumpable = -1;
  bool blocks_usr1 = false;
  bool is_in_root_directory = false;
  pid_t parent = 0;
};

Facts facts() {
  Facts facts;
  ::prctl(PR_GET_NAME, facts.name.data());
  facts.dumpable = ::prctl(PR_GET_DUMPABLE);
  sigset_t blocked;
  ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
  facts.blocks_usr1 = ::sigismember(&blocked, SIGUSR1) == 1;
  std::array<char, 4096> here{};
  facts.is_in_root_directory = ::getcwd(here.data(), here.size()) == std::string_view("/");
  facts.parent = ::getppid();
  return facts;
}

constexpr auto kTellFacts = [](const Channel& channel) {
  channel.send(facts());
  return 0;
};

Facts facts_of(const SpawnOptions& options) {
  auto child = must(spawn(options, kTellFacts));
  Facts came;
  EXPECT_TRUE(child.channel().receive(came));
  EXPECT_EQ(child.wait(), 0);
  return came;
}

TEST(Spawn, EndsWithTheStatusOfItsLife) {
  auto child = must(spawn({}, [](const Channel& channel) { return channel ? 1 : 42; }));
  EXPECT_GT(child.pid(), 0);
  const int status = child.wait();
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_EQ(child.pid(), -1);
}

TEST(Spawn, TellsTheSignalThatEndedIt) {
  auto child = must(spawn({}, [](const Channel&) { return ::pause(); }));
  child.kill();
  const int status = child.wait();
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(Spawn, NeverUnwindsIntoTheCaller) {
  const pid_t self = ::getpid();
  struct Guard {
    pid_t self;
    ~Guard() {
      if (::getpid() != self) abi::end_process(99);
    }
  };
  const Guard guard{self};
  for (const bool detached : {false, true}) {
    auto child = must(spawn({.has_channel = true, .detached = detached},
                            [](const Channel&) -> int { throw std::bad_alloc(); }));
    // Its end, and no message.
    EXPECT_FALSE(must(child.channel().receive_status()));
    if (!detached) {
      const int status = child.wait();
      ASSERT_TRUE(WIFEXITED(status));
      EXPECT_EQ(WEXITSTATUS(status), ENOMEM);
    }
  }
}

TEST(Spawn, IsLikeTheCallerUnlessAskedFor) {
  const Facts came = facts_of({.has_channel = true});
  const Facts here = facts();
  EXPECT_EQ(came.name, here.name);
  EXPECT_EQ(came.dumpable, here.dumpable);
  EXPECT_EQ(came.is_in_root_directory, here.is_in_root_directory);
  EXPECT_FALSE(came.blocks_usr1);
  EXPECT_EQ(came.parent, ::getpid());
}

TEST(Spawn, BlocksSignalsInTheChildAlone) {
  EXPECT_TRUE(facts_of({.has_channel = true, .blocks_signals = true}).blocks_usr1);
  EXPECT_FALSE(facts().blocks_usr1);
}

TEST(Spawn, StaysBehindUnderAName) {
  const Facts came = facts_of({.name = "nsx-test", .has_channel = true});
  EXPECT_STREQ(came.name.data(), "nsx-test");
  EXPECT_EQ(came.dumpable, 0);
  EXPECT_TRUE(came.blocks_usr1);
  EXPECT_TRUE(came.is_in_root_directory);
}

TEST(Spawn, KeepsTheseDescriptorsAndTheChannelAlone) {
  const OwnedFd kept(::open("/", O_PATH | O_CLOEXEC));
  const OwnedFd closed(::open("/", O_PATH | O_CLOEXEC));
  ASSERT_TRUE(closed);
  auto child = must(spawn({.name = "nsx-test", .keep_fds = {-1, kept.get()}, .has_channel = true},
                          [](const Channel& channel) {
                            std::vector<std::string> open;
                            DIR* directory = ::opendir("/proc/self/fd");
                            while (const dirent* entry = ::readdir(directory)) {
                              if (entry->d_name[0] != '.') open.emplace_back(entry->d_name);
                            }
                            std::erase(open, std::to_string(::dirfd(directory)));
                            std::erase(open, std::to_string(channel.fd()));
                            return channel.send_words(open) ? 0 : 1;
                          }));
  EXPECT_EQ(must(child.channel().receive_words())->words,
            std::vector<std::string>{std::to_string(kept.get())});
  EXPECT_EQ(child.wait(), 0);
}

TEST(Spawn, DetachedIsNobodysChild) {
  Child caller([] {
    auto child = must(spawn({.has_channel = true, .detached = true}, [](const Channel& channel) {
      char go = 0;
      if (!channel.receive(go)) return 1;
      return kTellFacts(channel);
    }));
    if (child.pid() != -1 || ::waitpid(-1, nullptr, 0) != -1 || errno != ECHILD) return 1;
    // It has been reparented by now.
    child.channel().send('g');
    Facts came;
    if (!child.channel().receive(came)) return 2;
    return came.parent == ::getpid() ? 3 : 0;
  });
  EXPECT_EQ(caller.wait(), 0);
}

TEST(Spawn, EndsWithItsChannel) {
  // It detects the end of the caller's end only if it has none of its own.
  bool has_ended = false;
  {
    const auto child = must(spawn({.has_channel = true}, [](const Channel& channel) {
      channel.wait_for_end();
      return 0;
    }));
    has_ended = ::waitpid(child.pid(), nullptr, WNOHANG) != 0;
  }
  EXPECT_FALSE(has_ended);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(Spawn, IsKilledIfItHasNoChannelAndNobodyWaits) {
  const pid_t pid = must(spawn({}, [](const Channel&) { return ::pause(); })).pid();
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
}

TEST(Spawn, DiesWithTheCallersThread) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const OwnedFd output(pipe[0]);
  OwnedFd input(pipe[1]);
  Child caller([&] {
    auto child = must(spawn({.has_channel = true, .death_signal = SIGKILL}, [](const Channel& c) {
      c.send('h');
      return ::pause();
    }));
    char here = 0;
    if (!child.channel().receive(here)) return 1;
    std::printf("here\n");
    std::fflush(stdout);
    return ::pause();
  });
  input = OwnedFd();
  ASSERT_EQ(caller.read_line(), "here");
  EXPECT_FALSE(is_readable_within(output.get(), milliseconds(0)));
  ::kill(caller.pid(), SIGKILL);
  EXPECT_TRUE(is_readable_within(output.get(), milliseconds(10'000)));
}

TEST(Spawn, LetsGoOfAChildThatDoesNotEnd) {
  auto child = must(spawn({}, [](const Channel&) { return ::pause(); }));
  const pid_t pid = child.pid();
  child.wait_or_let_go(milliseconds(1));
  EXPECT_EQ(child.pid(), -1);
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
  // A child that ends leaves no zombie.
  auto other = must(spawn({}, [](const Channel&) { return 0; }));
  other.wait_or_let_go(milliseconds(10'000));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(Spawn, WorksWhereStatusesAreThrownAway) {
  Child caller([] {
    ::signal(SIGCHLD, SIG_IGN);
    auto child = must(spawn({}, [](const Channel&) { return 3; }));
    if (child.wait() != 0) return 1;
    const auto detached = must(spawn({.has_channel = true, .detached = true}, kTellFacts));
    Facts came;
    return detached.channel().receive(came) ? 0 : 2;
  });
  EXPECT_EQ(caller.wait(), 0);
}

TEST(Spawn, WorksInAProcessWithThreads) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  std::thread other([&] {
    char end = 0;
    [[maybe_unused]] const auto n = ::read(pipe[0], &end, 1);
  });
  auto child =
      must(spawn({}, [](const Channel&) { return std::string(100, 'x').size() == 100 ? 1 : 0; }));
  const int status = child.wait();
  ::close(pipe[1]);
  other.join();
  ::close(pipe[0]);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

TEST(Spawn, TellsWhyNot) {
  NSX_NEEDS_ROOT();
  Child caller([] {
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0 || ::setuid(65534) != 0) return 1;
    for (const bool detached : {false, true}) {
      const auto child = spawn({.detached = detached}, [](const Channel&) { return 0; });
      if (failure_code(child) != EAGAIN || child.error().what() != "cannot fork") return 2;
    }
    if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return 3;
    const auto child = spawn({.has_channel = true}, [](const Channel&) { return 0; });
    return failure(child) == "cannot create a pair of sockets: Too many open files" ? 0 : 4;
  });
  EXPECT_EQ(caller.wait(), 0);
}

}  // namespace
}  // namespace nsx
