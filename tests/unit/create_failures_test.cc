// SPDX-License-Identifier: MIT
// A failure at any step of a plan to create leaves nothing: no process, mount or file.

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <nsx/create.hh>

#include "support.hh"

namespace nsx {
namespace {

using Source = IdMapRequest::Block::Source;

/// All mounts, and all files that a plan could have made.
std::string look_around() {
  const OwnedFd file(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  std::string text;
  char piece[4096];
  for (ssize_t n = 0; (n = ::read(file.get(), piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(n));
  for (const auto& entry : std::filesystem::recursive_directory_iterator("/run"))
    text += entry.path().string() + '\n';
  return text;
}

/// Whether this process, which adopts all orphans, is left by its last child.
bool is_alone() {
  for (int tries = 0; tries < 10'000; ++tries) {
    const pid_t ended = ::waitpid(-1, nullptr, WNOHANG);
    if (ended < 0) return true;
    if (ended == 0) ::usleep(1000);
  }
  return false;
}

/// A process with its own mounts, where /run is empty except for the files "net" and "uts", and all
/// rights there. It prints errors.
class Scene : public Child {
 public:
  explicit Scene(const std::function<void()>& body)
      : Child([&] {
          // A mount namespace can only be pinned in an older one, and some kernels determine their
          // order on each CPU separately.
          cpu_set_t here;
          CPU_ZERO(&here);
          CPU_SET(static_cast<unsigned>(::sched_getcpu()), &here);
          if (::sched_setaffinity(0, sizeof here, &here) != 0)
            std::printf("cannot stay: %s\n", std::strerror(errno));
          const bool is_root = ::geteuid() == 0;
          const bool entered =
              is_root ? ::unshare(CLONE_NEWNS) == 0 : become_root_in_new_namespaces(CLONE_NEWNS);
          if (!entered || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
              ::mount("none", "/run", "tmpfs", 0, nullptr) != 0 ||
              ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
            std::printf("no scene: %s\n", std::strerror(errno));
            return 1;
          }
          write_file("/run/net", "");
          write_file("/run/uts", "");
          body();
          return 0;
        }) {}
};

/// Carries a plan out in a child, and returns what it leaves.
void try_steps(const std::vector<Step>& steps, const std::string& name) {
  const std::string before = look_around();
  {
    Child child([&] { return carry_out_and_tell(steps); });
    const std::string said = child.read_all();
    child.wait();
    if (said.find("/nowhere") == std::string::npos) {
      std::printf("%s: another failure: %s\n", name.c_str(), said.c_str());
    }
  }
  if (!is_alone()) std::printf("%s: a process is left\n", name.c_str());
  if (look_around() != before) {
    std::printf("%s: mounts or files are left:\n%s\n", name.c_str(), look_around().c_str());
  }
}

/// Fails at each step of the plan for this request in turn.
void fail_everywhere(CreateRequest request, const std::string& name) {
  request.program = {"/nowhere", {"nowhere"}};
  const auto facts = must(read_create_facts(newest_kernel(), request));
  const Plan plan = must(plan_create(request, facts));
  try_steps(plan.steps, name + ", at the end");
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    std::vector<Step> steps = plan.steps;
    steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(i),
                 step::ChangeDirectory{-1, "/nowhere"});
    try_steps(steps, name + ", before step " + std::to_string(i) + ": " + action(plan.steps[i]));
  }
}

class CreateFailures : public testing::Test {
 protected:
  void SetUp() override { NSX_NEEDS_USER_NAMESPACES(); }
};

/// Compares the errors that a test prints.
void expect_silence(const std::function<void()>& body) {
  Scene scene(body);
  EXPECT_EQ(scene.read_all(), "");
}

TEST_F(CreateFailures, LeaveNothingWithoutAFork) {
  expect_silence([] {
    CreateRequest request{.kinds = {Kind::mnt, Kind::ipc}};
    request.files = {{Kind::net, "/run/net"}, {Kind::uts, "/run/uts"}};
    request.working_directory = "/";
    fail_everywhere(request, "files");
  });
}

TEST_F(CreateFailures, LeaveNothingWithEverything) {
  expect_silence([] {
    CreateRequest request{.kinds = KindSet::all(), .pin = "blue", .fork = true};
    request.files = {{Kind::net, "/run/net"}};
    request.follow.kill_child = SIGKILL;
    request.init = true;
    request.users.blocks = request.groups.blocks = {{Source::range, {0, 0, 1}}};
    request.monotonic = 10;
    request.hostname = "blue";
    request.loopback = true;
    request.mount_proc = "/proc";
    request.keep_capabilities = true;
    fail_everywhere(request, "everything");
  });
}

TEST_F(CreateFailures, LeaveNothingForAnotherOwner) {
  if (::geteuid() != 0) return;  // only root can make another user the owner
  expect_silence([] {
    CreateRequest request{.kinds = {Kind::time}, .pin = "blue"};
    request.owner = {{65534, 65534}};
    request.users.own = request.groups.own = IdMapRequest::Own{0};
    request.boottime = 10;
    fail_everywhere(request, "owner");
  });
}

TEST_F(CreateFailures, OfTheCallLeavesNoHelper) {
  expect_silence([] {
    // Defect 4: unshare(2) itself fails, here because of a nonexistent kind.
    try_steps({step::StartHelper{}, step::JoinNamespace{Kind::net, -1, "/nowhere"}}, "setns");
  });
}

TEST_F(CreateFailures, OfAPinTakesBackTheOthers) {
  expect_silence([] {
    try_steps({step::StartHelper{}, step::Unshare{{Kind::net, Kind::uts}}, step::Fork{},
               step::Pin{{{Kind::net, "/run/netns/blue", true},
                          {Kind::net, "/run/net", false},
                          {Kind::uts, "/run/nowhere", false}}},
               shell("echo wrong")},
              "pin");
  });
}

TEST_F(CreateFailures, ByASignalLeavesNothing) {
  expect_silence([] {
    const std::string before = look_around();
    {
      const Child child([] {
        // A full pipe.
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return 1;
        while (::write(ends[1], "full", 4) > 0) {
        }
        ::fcntl(ends[1], F_SETFL, 0);
        return carry_out_and_tell(
            {step::StartHelper{}, step::Unshare{{Kind::net}},
             step::Pin{{{Kind::net, "/run/net", false}, {Kind::net, "/run/netns/blue", true}}},
             // Blocks in write(2), when all pins are made and none is kept yet.
             step::JoinCgroup{ends[1], "nowhere"}});
      });
      while (look_around().find(" /run/netns/blue ") == std::string::npos)
        ::usleep(1000);
    }  // killed here
    if (!is_alone()) std::printf("a process is left\n");
    if (look_around() != before) std::printf("left:\n%s\n", look_around().c_str());
  });
}

}  // namespace
}  // namespace nsx
