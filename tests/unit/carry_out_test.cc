// SPDX-License-Identifier: MIT
#include <csignal>
#include <fcntl.h>
#include <sched.h>

#include <nsx/plan.hh>
#include <nsx/process.hh>

#include "support.hh"

namespace nsx {
namespace {

using step::Fork;

Fork forwarding(std::vector<int> signals) {
  Fork fork;
  fork.forward = std::move(signals);
  return fork;
}

TEST(CarryOut, EndsWithTheProgram) {
  EXPECT_EQ(carried_out({shell("echo here; exit 7")}), "here\nended with 7");
  EXPECT_EQ(carried_out({shell("kill -USR1 $$")}), "died of " + std::to_string(SIGUSR1));
}

TEST(CarryOut, LooksTheProgramUpInPath) {
  EXPECT_EQ(carried_out({step::Execute{"sh", {"other-name", "-c", "echo $0"}}}),
            "other-name\nended with 0");
}

TEST(CarryOut, OfNoStepsIsNothing) {
  EXPECT_EQ(carried_out({}), "exit 0\nended with 0");
}

TEST(CarryOut, TellsWhichStepFailed) {
  const step::ChangeDirectory nowhere{-1, "/nowhere"};
  const std::string said =
      "cannot change the working directory to /nowhere: No such file or "
      "directory\nended with 98";
  EXPECT_EQ(carried_out({nowhere, shell("echo wrong")}), "step 0: " + said);
  EXPECT_EQ(carried_out({step::ChangeDirectory{-1, "/"}, nowhere, shell("echo wrong")}),
            "step 1: " + said);
}

TEST(CarryOut, TellsWhyAProgramCannotBeRun) {
  const TemporaryDirectory directory;
  write_file(directory / "data", "no program");
  EXPECT_EQ(carried_out({step::Execute{"/nowhere", {"nowhere"}}}),
            "step 0: cannot execute /nowhere: No such file or directory\nended with 98");
  EXPECT_EQ(
      carried_out({step::Execute{directory / "data", {"data"}}}),
      "step 0: cannot execute " + (directory / "data") + ": Permission denied\nended with 98");
}

TEST(CarryOutFork, GivesTheOutcomeOfTheChild) {
  EXPECT_EQ(carried_out({Fork{}, shell("echo here; exit 7")}), "here\nexit 7\nended with 0");
  EXPECT_EQ(carried_out({Fork{}, shell("kill -KILL $$")}), "signal 9\nended with 0");
}

TEST(CarryOutFork, ReturnsALaterFailureInTheChild) {
  EXPECT_EQ(carried_out({Fork{}, step::Execute{"/nowhere", {"nowhere"}}}),
            "step 1: cannot execute /nowhere: No such file or directory\n"
            "exit 98\nended with 0");
}

TEST(CarryOutFork, GetsTheStatusThoughTheCallerIgnoresChildren) {
  Child child([] {
    ::signal(SIGCHLD, SIG_IGN);
    const int status = carry_out_and_tell({Fork{}, shell("exit 7")});
    std::printf("%s\n", ::signal(SIGCHLD, SIG_DFL) == SIG_IGN ? "ignored again" : "changed");
    return status;
  });
  EXPECT_EQ(child.read_all(), "exit 7\nignored again\n");
}

TEST(CarryOutFork, LeavesTheSignalMaskAsItWas) {
  // SigBlk of both: first the program's, then the caller's.
  const step::Execute grep{"grep", {"grep", "SigBlk", "/proc/self/status"}};  // a shell changes it
  const std::string mask = "SigBlk:\t0000000000000200\n";                     // SIGUSR1 alone
  Child child([&] {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR1);
    ::sigprocmask(SIG_SETMASK, &set, nullptr);
    carry_out_and_tell({Fork{}, grep});
    return carry_out_and_tell({grep});
  });
  EXPECT_EQ(child.read_all(), mask + "exit 0\n" + mask);
}

/// A program that prints its PID and runs until a signal ends it, but no longer than its parent.
std::vector<Step> staying_program(Fork fork = {}) {
  fork.death_signal = SIGKILL;
  return {fork, shell("echo $$; exec sleep 300")};
}

/// Sends a signal to a process that waits for it, and returns when it has been accepted.
void send(pid_t pid, int signal) {
  const auto process = must(Process::open(newest_kernel(), pid));
  ::kill(pid, signal);
  for (int tries = 0; tries < 10'000; ++tries) {
    const std::string status = must(process.read("status"));
    if (status.find("ShdPnd:\t0000000000000000") != std::string::npos) return;
    ::usleep(1000);
  }
  ADD_FAILURE() << "signal " << signal << " is still pending";
}

TEST(CarryOutFork, PassesSignalsOn) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    Child parent([] {
      return carry_out_and_tell(staying_program(forwarding({SIGTERM, SIGINT, SIGHUP, SIGQUIT})));
    });
    ASSERT_NE(parent.read_line(), "");
    ::kill(parent.pid(), signal);
    EXPECT_EQ(parent.read_all(), "signal " + std::to_string(signal) + '\n');
  }
}

TEST(CarryOutFork, IgnoresTheTerminalsSignalsIfToldTo) {
  Child parent([] { return carry_out_and_tell(staying_program()); });
  const pid_t program = std::stoi(parent.read_line());
  send(parent.pid(), SIGTERM);
  send(parent.pid(), SIGINT);  // when this one is taken, the other has had its effect
  ::kill(program, SIGUSR1);
  EXPECT_EQ(parent.read_all(), "signal " + std::to_string(SIGUSR1) + '\n');
}

TEST(CarryOutFork, StopsAndGoesOnWithTheProgram) {
  Child parent([] { return carry_out_and_tell({Fork{}, shell("kill -STOP $$; exit 5")}); });
  const int status = parent.wait(WUNTRACED);
  ASSERT_TRUE(WIFSTOPPED(status)) << status;
  ::kill(parent.pid(), SIGCONT);
  EXPECT_EQ(parent.read_all(), "exit 5\n");
}

TEST(CarryOutFork, KillsTheProgramWhenTheParentDies) {
  Child parent([] { return carry_out_and_tell(staying_program()); });
  const pid_t program = std::stoi(parent.read_line());
  ::kill(parent.pid(), SIGKILL);
  EXPECT_EQ(parent.read_all(), "");  // comes when both are gone
  if (HasFailure()) ::kill(program, SIGKILL);
}

TEST(CarryOutDirectories, GoByPathAndByDescriptor) {
  const TemporaryDirectory directory;
  const OwnedFd fd(::open(directory.path().c_str(), O_PATH | O_CLOEXEC));
  const std::string expected = directory.path() + "\nended with 0";
  const auto pwd = shell("pwd -P");
  EXPECT_EQ(carried_out({step::ChangeDirectory{-1, directory.path()}, pwd}), expected);
  EXPECT_EQ(carried_out({step::ChangeDirectory{fd.get(), "for people"}, pwd}), expected);
  EXPECT_EQ(carried_out({step::ChangeDirectory{-1, "/"},
                         step::ChangeDirectory{fd.get(), "for people"}, pwd}),
            expected);
}

TEST(CarryOutIds, CanBeOnesOwn) {
  const std::string ids = std::to_string(::getgid()) + ' ' + std::to_string(::getuid());
  EXPECT_EQ(carried_out({step::SetIds{::getgid(), ::getuid()}, shell("echo $(id -g) $(id -u)")}),
            ids + "\nended with 0");
}

/// Root of a new user namespace, with rights over the namespaces created with it.
std::vector<Step> as_root_of(KindSet kinds, std::vector<Step> more) {
  kinds.insert(Kind::user);
  std::vector<Step> steps{
      step::Unshare{kinds},
      step::WriteIdMaps{{{{0, ::geteuid(), 1}}}, {{{0, ::getegid(), 1}}}, false},
  };
  steps.insert(steps.end(), more.begin(), more.end());
  return steps;
}

class CarryOutInNewNamespaces : public testing::Test {
 protected:
  void SetUp() override { NSX_NEEDS_USER_NAMESPACES(); }
};

TEST_F(CarryOutInNewNamespaces, MapsIds) {
  EXPECT_EQ(carried_out(as_root_of({}, {shell("id -u; id -g; cat /proc/self/setgroups")})),
            "0\n0\ndeny\nended with 0");
}

TEST_F(CarryOutInNewNamespaces, TellsARefusedMap) {
  const std::uint32_t count = 2;  // more than one's own needs a right that no one has here
  const std::string said =
      carried_out({step::Unshare{{Kind::user}},
                   step::WriteIdMaps{{{{0, ::geteuid(), count}, {0, 0, 1}}}, {}, false}});
  EXPECT_TRUE(said.starts_with("step 1: cannot write /proc/self/uid_map: ")) << said;
}

TEST_F(CarryOutInNewNamespaces, DropsGroupsOnlyWhereThatIsAllowed) {
  EXPECT_EQ(
      carried_out(as_root_of({}, {step::DropGroups{}, shell("echo wrong")})),
      "step 2: cannot drop supplementary groups: Operation not permitted\nhint: needs CAP_SETGID "
      "in a user namespace that allows setgroups\nended with 98");
  EXPECT_EQ(carried_out(as_root_of({}, {step::DropGroups{true}, shell("echo on")})),
            "on\nended with 0");
}

TEST_F(CarryOutInNewNamespaces, RefusesIdsThatAreNotMapped) {
  EXPECT_EQ(carried_out(as_root_of({}, {step::SetIds{5, {}}})),
            "step 2: cannot become GID 5: Invalid argument\nhint: map this id in the user "
            "namespace, or choose another\nended with 98");
  EXPECT_EQ(carried_out(as_root_of({}, {step::SetIds{{}, 5}})),
            "step 2: cannot become UID 5: Invalid argument\nhint: map this id in the user "
            "namespace, or choose another\nended with 98");
}

TEST_F(CarryOutInNewNamespaces, LeavesNoWayOutOfANewRoot) {
  const TemporaryDirectory directory;
  Child child([&] {
    const OwnedFd fd(::open(directory.path().c_str(), O_PATH | O_CLOEXEC));
    const int status =
        carry_out_and_tell(as_root_of({}, {step::ChangeRoot{fd.get(), "for people"}}));
    const bool inside = ::chdir("..") == 0 && ::access("proc", F_OK) != 0;
    std::printf("%s\n", inside ? "inside" : "outside");
    return status;
  });
  EXPECT_EQ(child.read_all(), "exit 0\ninside\n");
}

TEST_F(CarryOutInNewNamespaces, MountsProcForThePidNamespace) {
  EXPECT_EQ(carried_out(as_root_of({Kind::pid, Kind::mnt},
                                   {Fork{}, step::SetPropagation{}, step::MountProc{"/proc", false},
                                    shell("echo /proc/[0-9]*")})),
            "/proc/1\nexit 0\nended with 0");
}

TEST_F(CarryOutInNewNamespaces, SetsThePropagation) {
  using Mode = step::SetPropagation::Mode;
  const struct {
    Mode mode;
    const char* field;  // the propagation flags of the root mount, that of a peer group apart
  } cases[] = {{Mode::private_, "-"}, {Mode::shared, "shared"}};
  for (const auto& c : cases) {
    const std::string said = carried_out(
        as_root_of({Kind::mnt}, {step::SetPropagation{c.mode},
                                 shell("while read id up dev root at flags opt rest; do "
                                       "[ $at = / ] && last=$opt; done </proc/self/mountinfo; "
                                       "echo ${last%%:*}")}));
    EXPECT_EQ(said, std::string(c.field) + "\nended with 0");
  }
}

TEST_F(CarryOutInNewNamespaces, JoinsWhatItIsGiven) {
  Child target([] {
    if (!become_root_in_new_namespaces(CLONE_NEWUTS) || ::sethostname("nsx-test", 8) != 0) return 1;
    std::printf("there\n");
    std::fflush(stdout);
    return ::pause();
  });
  ASSERT_EQ(target.read_line(), "there");
  const std::string directory = "/proc/" + std::to_string(target.pid()) + "/ns/";
  const OwnedFd user(::open((directory + "user").c_str(), O_RDONLY | O_CLOEXEC));
  const OwnedFd uts(::open((directory + "uts").c_str(), O_RDONLY | O_CLOEXEC));
  const step::JoinNamespace join_user{Kind::user, user.get(), "PID 1"};
  const step::JoinNamespace join_uts{Kind::uts, uts.get(), "PID 1"};

  EXPECT_EQ(carried_out({join_user, join_uts, shell("uname -n; id -u")}),
            "nsx-test\n0\nended with 0");
  EXPECT_TRUE(carried_out({step::JoinNamespace{Kind::net, uts.get(), "PID 1"}})
                  .starts_with("step 0: cannot join the net namespace of PID 1: Invalid argument"));
}

TEST_F(CarryOutInNewNamespaces, HintsAtWhatIsMissing) {
  const auto said = carried_out(as_root_of(
      {}, {step::SetIds{0, 0}, step::JoinNamespace{Kind::user, 99, "PID 1"}, shell("echo wrong")}));
  EXPECT_EQ(said,
            "step 3: cannot join the user namespace of PID 1: Bad file descriptor\n"
            "ended with 98");
}

}  // namespace
}  // namespace nsx
