// SPDX-License-Identifier: MIT
#include <csignal>
#include <dirent.h>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/prctl.h>

#include <nsx/enter.hh>

#include "support.hh"

namespace nsx {
namespace {

/// A process that is alone in new namespaces of most kinds.
class Container {
 public:
  Container() : outer_(&start) { pid_ = std::stoi(outer_.read_line()); }

  pid_t pid() const { return pid_; }

 private:
  static int start() {
    if (!become_root_in_new_namespaces(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET |
                                       CLONE_NEWPID)) {
      return 1;
    }
    const pid_t inner = ::fork();
    if (inner == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      return ::pause();
    }
    std::printf("%d\n", inner);
    std::fflush(stdout);
    return ::pause();
  }

  Child outer_;
  pid_t pid_ = 0;
};

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::size_t count_descriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  std::size_t count = 0;
  while (::readdir(directory) != nullptr)
    ++count;
  ::closedir(directory);
  return count;
}

/// The outcome of a plan, carried out by a child of a process that adopts everything it leaves.
std::string carried_out_watched(const std::vector<Step>& steps) {
  Child watcher([&] {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t child = ::fork();
    if (child == 0) return carry_out_and_tell(steps);
    ::waitpid(child, nullptr, 0);
    std::printf("%s\n", ::waitpid(-1, nullptr, WNOHANG) == -1 ? "alone" : "not alone");
    return 0;
  });
  return watcher.read_all();
}

TEST(EnterFailures, LeaveNothingBehindAtAnyStep) {
  NSX_NEEDS_USER_NAMESPACES();
  const Container container;
  const std::string their_mounts = "/proc/" + std::to_string(container.pid()) + "/mountinfo";
  const std::string mounts = text_of("/proc/self/mountinfo") + text_of(their_mounts);
  const std::size_t descriptors = count_descriptors();

  EnterRequest request{.all = true, .root = PathOrTarget(), .working_directory = PathOrTarget()};
  request.mount_proc = "/proc";
  request.environment = true;
  request.keep_capabilities = true;
  request.follow.kill_child = SIGKILL;
  request.program = {"true", {"true"}};
  std::size_t tries = 0;
  for (std::size_t at = 0, count = 1; at < count; ++at, ++tries) {
    const Kernel kernel = newest_kernel();
    auto target = must(resolve_target(kernel, std::to_string(container.pid())));
    Plan plan =
        must(plan_enter(request, must(read_enter_facts(kernel, request, std::move(target)))));
    count = plan.steps.size();
    plan.steps.insert(plan.steps.begin() + static_cast<std::ptrdiff_t>(at),
                      step::ChangeDirectory{-1, "/nowhere"});
    const std::string said = carried_out_watched(plan.steps);
    EXPECT_TRUE(said.starts_with("step " + std::to_string(at) +
                                 ": cannot change the working directory to /nowhere"))
        << said;
    EXPECT_TRUE(said.ends_with("\nalone\n")) << said;
    EXPECT_EQ(text_of("/proc/self/mountinfo") + text_of(their_mounts), mounts);
  }
  EXPECT_GT(tries, 10U);
  EXPECT_EQ(count_descriptors(), descriptors);
}

}  // namespace
}  // namespace nsx
