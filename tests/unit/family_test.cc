// SPDX-License-Identifier: MIT
#include <csignal>
#include <cstdio>
#include <sched.h>
#include <unistd.h>

#include <nsx/plan.hh>

#include "support.hh"

namespace nsx {
namespace {

using step::BecomeInit;
using step::Fork;

/// In a new pid namespace with an init, which needs no privilege.
std::vector<Step> with_init(Fork fork, const std::string& script) {
  return {step::Unshare{{Kind::user, Kind::pid}},
          step::WriteIdMaps{{{{0, ::geteuid(), 1}}}, {{{0, ::getegid(), 1}}}, false},
          std::move(fork), BecomeInit{}, shell(script)};
}

class Init : public testing::Test {
 protected:
  void SetUp() override { NSX_NEEDS_USER_NAMESPACES(); }
};

TEST_F(Init, EndsWithTheProgramsStatus) {
  EXPECT_EQ(carried_out(with_init({}, "echo $$; exit 7")), "2\nexit 7\nended with 0");
}

TEST_F(Init, TellsTheSignalThatTheProgramDiedOf) {
  EXPECT_EQ(carried_out(with_init({}, "kill -USR1 $$")),
            "signal " + std::to_string(SIGUSR1) + "\nended with 0");
}

TEST_F(Init, ReportsAFailureAfterItInTheProgram) {
  auto steps = with_init({}, "");
  steps.back() = step::Execute{"/nowhere", {"nowhere"}};
  EXPECT_EQ(carried_out(steps),
            "step 4: cannot execute /nowhere: No such file or directory\nexit 98\nended with 0");
}

TEST_F(Init, ReapsOrphans) {
  // The orphan's number is free again when it has been reaped; a zombie would still accept a
  // signal.
  EXPECT_EQ(carried_out(with_init({},
                                  "orphan=$(sh -c 'true & echo $!'); tries=0;"
                                  "while kill -0 $orphan && [ $tries -lt 1000 ]; do "
                                  "sleep 0.01; tries=$((tries + 1)); done 2>/dev/null;"
                                  "kill -0 $orphan 2>/dev/null || echo reaped")),
            "reaped\nexit 0\nended with 0");
}

TEST_F(Init, TakesEverythingWithIt) {
  // The pipe ends when no process holds it any more: sleep has ended with its namespace.
  EXPECT_EQ(carried_out(with_init({}, "sleep 300 & echo on")), "on\nexit 0\nended with 0");
}

TEST_F(Init, PassesSignalsOn) {
  for (const int signal : {SIGTERM, SIGHUP, SIGUSR2, SIGRTMIN + 3}) {
    Child parent([&] {
      Fork fork;
      fork.death_signal = SIGKILL;
      fork.forward = {signal};
      return carry_out_and_tell(with_init(fork, "echo here; exec sleep 300"));
    });
    ASSERT_EQ(parent.read_line(), "here");
    ::kill(parent.pid(), signal);
    EXPECT_EQ(parent.read_all(), "signal " + std::to_string(signal) + '\n');
  }
}

TEST_F(Init, StopsTheParentWithTheProgramAndGoesOn) {
  Child parent([] { return carry_out_and_tell(with_init({}, "kill -STOP $$; exit 5")); });
  const int status = parent.wait(WUNTRACED);
  ASSERT_TRUE(WIFSTOPPED(status)) << status;
  ::kill(parent.pid(), SIGCONT);
  EXPECT_EQ(parent.read_all(), "exit 5\n");
}

TEST_F(Init, HoldsNoDescriptorOfTheProgram) {
  // Standard output is a pipe, whose reader sees its end when the program closes it.
  Child parent([] {
    return carry_out_and_tell(with_init({}, "echo on; exec >/dev/null 2>&1; sleep 0.2; exit 4"));
  });
  EXPECT_EQ(parent.read_line(), "on");
  EXPECT_EQ(parent.read_all(), "exit 4\n");
}

/// Carries out and prints the arguments of OnStart, one word for each fact.
int carry_out_and_tell_start(const std::vector<Step>& steps) {
  Plan plan;
  plan.steps = steps;
  int told = 0;
  const auto outcome = carry_out(newest_kernel(), plan, [&](const Started& started) {
    ++told;
    std::printf("started inside %d net %d pid %d\n", started.pid_inside,
                started.namespaces[static_cast<std::size_t>(Kind::net)].inode ==
                        inode_of("/proc/self/ns/net")
                    ? 1
                    : 0,
                started.pid != started.pid_inside && ::kill(started.pid, 0) == 0 ? 1 : 0);
    std::fflush(stdout);
  });
  if (!outcome) ::_exit(98);
  std::printf("told %d, exit %d\n", told, outcome->exit_status);
  return 0;
}

TEST_F(Init, TellsTheStart) {
  Child parent([] { return carry_out_and_tell_start(with_init({}, "sleep 0.2; exit 3")); });
  EXPECT_EQ(parent.read_all(), "started inside 2 net 1 pid 1\ntold 1, exit 3\n");
}

TEST(OnStart, IsCalledOnceThoughTheProgramEndsAtOnce) {
  for (int i = 0; i < 100; ++i) {
    Child parent([] {
      Plan plan;
      plan.steps = {Fork{}, step::Execute{"true", {"true"}}};
      int told = 0;
      (void)carry_out(newest_kernel(), plan, [&](const Started&) { ++told; });
      return told;
    });
    const int status = parent.wait();
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
  }
}

TEST(OnStart, IsNotCalledForAProgramThatCannotBeExecuted) {
  Child parent([] {
    return carry_out_and_tell_start({Fork{}, step::Execute{"/nowhere", {"nowhere"}}});
  });
  EXPECT_EQ(parent.read_all(), "told 0, exit 98\n");
}

TEST(Watcher, EndsTheChildOfAParentThatWasKilled) {
  // Without a parent-death signal, which a change of ids would clear.
  Child parent([] {
    return carry_out_and_tell(
        {step::StartWatcher{SIGKILL}, Fork{}, shell("echo $$; exec sleep 300")});
  });
  ASSERT_NE(parent.read_line(), "");
  ::kill(parent.pid(), SIGKILL);
  // The end of the pipe, which only the program held.
  EXPECT_EQ(parent.read_all(), "");
}

TEST(Watcher, SendsNothingWhenTheProgramEndsByItself) {
  EXPECT_EQ(carried_out({step::StartWatcher{SIGKILL}, Fork{SIGKILL, {}}, shell("exit 6")}),
            "exit 6\nended with 0");
}

TEST(Watcher, EndsWhenTheParentGivesUp) {
  EXPECT_EQ(carried_out({step::StartWatcher{SIGKILL}, step::ChangeDirectory{-1, "/nowhere"}}),
            "step 1: cannot change the working directory to /nowhere: No such file or directory\n"
            "ended with 98");
}

TEST(Terminal, IsTheProgramsControllingTerminal) {
  const std::string said =
      carried_out({step::OpenTerminal{}, Fork{}, shell("test -t 0 && echo through >/dev/tty")});
  EXPECT_TRUE(said.starts_with("through")) << said;
}

}  // namespace
}  // namespace nsx
