// SPDX-License-Identifier: MIT
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <nsx/create.hh>
#include <nsx/enter.hh>

#include "plan/perform.hh"
#include "spelled.hh"
#include "support.hh"

namespace nsx {
namespace {

using Steps = std::vector<std::string>;

EnterFacts in(Kind kind, bool shared = false) {
  EnterFacts facts;
  facts.has_sys_admin = true;
  facts.namespaces.push_back({kind, 7, "PID 42", shared});
  return facts;
}

/// The first words of each step.
Steps steps_of(EnterRequest request, EnterFacts facts) {
  request.program = {"id", {"id"}};
  request.preserve_credentials = true;
  return spelled(must(plan_enter(request, std::move(facts))));
}

constexpr const char* kFork = "fork death 0 forward 15 forward 2 forward 1 forward 3";

TEST(Protection, IsFromProgramsInAnothersMountOrUserNamespaceOrRoot) {
  const EnterRequest request{.protection = {.of_terminal = true}};
  EXPECT_EQ(steps_of(request, in(Kind::mnt)),
            (Steps{"close all but", "terminal for terminals", "prepare starter", "hide",
                   "join mnt fd 7 of PID 42", kFork, "exec id: id"}));
  EXPECT_EQ(steps_of(request, in(Kind::user)),
            (Steps{"close all but", "terminal for terminals", "hide", "join user fd 7 of PID 42",
                   kFork, "exec id: id"}));
  EnterFacts root;
  root.root = {9, "ROOT"};
  EXPECT_EQ(steps_of(request, std::move(root)),
            (Steps{"close all but", "terminal for terminals", "prepare starter", "root fd 9 (ROOT)",
                   kFork, "exec id: id"}));
  EnterFacts owned = in(Kind::net);
  owned.owner = {Kind::user, 8, "PID 42", false};
  EXPECT_TRUE(owned.is_anothers());
  EXPECT_FALSE(owned.has_other_files());
}

TEST(Protection, IsNotFromTheCallersOwnPrograms) {
  const EnterRequest request{.protection = {.of_terminal = true}};
  EXPECT_EQ(steps_of(request, in(Kind::net)),
            (Steps{"hide", "join net fd 7 of PID 42", "exec id: id"}));
  EXPECT_EQ(steps_of(request, in(Kind::mnt, true)),
            (Steps{"hide", "join mnt fd 7 of PID 42", "exec id: id"}));
}

TEST(Protection, LeavesWhatIsAskedFor) {
  EnterRequest request{.protection = {.of_terminal = true, .kept_descriptors = {5, 3}}};
  EXPECT_EQ(steps_of(request, in(Kind::mnt))[0], "close all but 5 3");
  request.protection.keeps_all_descriptors = true;
  EXPECT_EQ(steps_of(request, in(Kind::mnt))[0], "terminal for terminals");
  request.follow.terminal = FollowRequest::Terminal::its_own;
  EXPECT_EQ(steps_of(request, in(Kind::mnt))[0], "terminal");
  request.follow.terminal = FollowRequest::Terminal::callers;
  request.fork = false;
  EXPECT_EQ(steps_of(request, in(Kind::mnt)),
            (Steps{"prepare starter", "hide", "join mnt fd 7 of PID 42", "exec id: id"}));
}

TEST(Protection, IsFromProgramsOfANewRoot) {
  CreateRequest request{.protection = {.of_terminal = true}, .program = {"id", {"id"}}};
  EXPECT_EQ(spelled(must(plan_create(request, {}))), (Steps{"exec id: id"}));
  request.root = "/srv";
  // The fork was not requested: TERM and INT are not ignored.
  EXPECT_EQ(
      spelled(must(plan_create(request, {}))),
      (Steps{"close all but", "terminal for terminals", "prepare starter",
             "fork death 0 forward 15 forward 2 forward 1 forward 3", "root /srv", "exec id: id"}));
}

TEST(Protection, OfAProgramFromTheTargetsEnvironment) {
  EnterRequest request{.environment = true};
  EnterFacts facts = in(Kind::net);
  facts.environment = {"A=B"};
  EXPECT_EQ(steps_of(request, std::move(facts))[2], "environment but paths A=B");
  facts = in(Kind::mnt);
  facts.environment = {"A=B"};
  EXPECT_EQ(steps_of(request, std::move(facts))[4], "environment A=B");
}

TEST(Environment, KeepsOwnPaths) {
  const char* const own[] = {"PATH=/bin", "MINE=1", "LD_DEBUG=x", "TERM=vt100", nullptr};
  EXPECT_EQ(with_own_paths({"A=B", "PATH=/evil", "LD_PRELOAD=/evil", "LD_=", "F=() { x; }", "=C",
                            "D", "PATHS=1", "MANPAGER=x", "BASH_FUNC_ls%%=() { x; }"},
                           own),
            (Steps{"A=B", "=C", "D", "PATHS=1", "PATH=/bin", "LD_DEBUG=x", "TERM=vt100"}));
  EXPECT_EQ(with_own_paths({"A=B"}, nullptr), Steps{"A=B"});
}

bool is_kept(int fd) {
  return ::fcntl(fd, F_GETFD) == 0;
}

TEST(Descriptors, AreMarkedButThoseThatAreKept) {
  const OwnedFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  using Mark = Status (*)(int, const std::vector<int>&);
  for (const Mark mark : {&close_on_exec_above_stderr, &mark_listed_descriptors}) {
    const OwnedFd one(::open("/dev/null", O_RDONLY));
    const OwnedFd two(::open("/dev/null", O_RDONLY));
    const OwnedFd far(::fcntl(one.get(), F_DUPFD, 200));
    ASSERT_TRUE(mark(proc.get(), {far.get(), one.get(), 0, 1}));
    EXPECT_TRUE(is_kept(one.get()));
    EXPECT_FALSE(is_kept(two.get()));
    EXPECT_TRUE(is_kept(far.get()));
    ASSERT_TRUE(mark(proc.get(), {}));
    EXPECT_FALSE(is_kept(one.get()));
    EXPECT_FALSE(is_kept(far.get()));
    EXPECT_TRUE(is_kept(STDERR_FILENO));
  }
}

}  // namespace
}  // namespace nsx
