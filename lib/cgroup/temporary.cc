#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsx/cgroup_control.hh>
#include <nsx/cgroup_run.hh>

#include "cgroup/events.hh"
#include "cgroup/name.hh"
#include "cgroup/removal.hh"
#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/leave.hh"

namespace nsx {

namespace {

/// The last word to the cleaner: there is nothing to do.
constexpr char kDone = 'd';

void wait_until_empty(int cgroup) {
  auto events = open_at(cgroup, "cgroup.events", O_RDONLY);
  while (events && is_populated(cgroup)) {
    // poll(2) tells of what came after this descriptor was read last.
    char byte = 0;
    [[maybe_unused]] const ssize_t seen = ::pread(events->get(), &byte, 1, 0);
    if (!is_populated(cgroup)) return;
    if (!wait_for_change(events->get(), {})) return;
  }
}

[[noreturn]] void clean_at_the_end(TemporaryCgroup::Ending ending, int pipe, int cgroup, int above,
                                   const std::vector<std::string>& made) {
  ::setsid();
  stay_behind("nsx-cg-cleaner", {pipe, cgroup, above});
  char word = 0;
  ssize_t n = 0;
  while ((n = ::read(pipe, &word, 1)) < 0 && errno == EINTR) {
  }
  if (n == 0) {
    if (ending == TemporaryCgroup::Ending::killed) {
      [[maybe_unused]] const auto killed = kill_and_wait(cgroup);
    } else {
      wait_until_empty(cgroup);
    }
    [[maybe_unused]] const auto removed = remove_made(above, cgroup, made);
  }
  abi::end_process(0);
}

}  // namespace

Result<TemporaryCgroup> TemporaryCgroup::make(const CgroupTree& tree, const CgroupWanted& wanted,
                                              const CgroupChangeOptions& options, Ending ending) {
  CgroupWanted one = wanted;
  one.must_be_new = true;
  auto steps = plan_cgroups(tree, {&one, 1}, options);
  if (!steps) return error_of(steps);
  if (auto done = carry_out_cgroup_steps(tree, *steps); !done) return error_of(done);
  auto cgroup = tree.open_cgroup(one.path);
  if (!cgroup) return error_of(cgroup);

  TemporaryCgroup made(std::move(*cgroup));
  std::string first;
  for (const CgroupStep& step : *steps) {
    const bool leads_there = step.action == CgroupStep::Action::make &&
                             (one.path == step.path || one.path.starts_with(step.path + '/'));
    if (!leads_there) continue;
    if (first.empty()) first = path_above(step.path);
    made.made_.push_back(step.path.substr(first == "/" ? 1 : first.size() + 1));
  }
  auto above = tree.open_cgroup(first);
  if (!above) return error_of(above);
  auto copy = open_at(above->directory(), ".", O_RDONLY | O_DIRECTORY);
  if (!copy) return error_of(copy);
  made.above_ = std::move(*copy);
  if (auto done = made.start_cleaner(ending); !done) {
    [[maybe_unused]] const auto removed = made.remove();
    return error_of(done);
  }
  return made;
}

Status TemporaryCgroup::start_cleaner(Ending ending) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail("open", "a pipe");
  const OwnedFd theirs(ends[0]);
  OwnedFd ours(ends[1]);
  // Twice, so that it is not a child that the program knows nothing of.
  const pid_t between = ::fork();
  if (between < 0) return fail("fork", "a cleaner");
  if (between == 0) {
    const pid_t cleaner = ::fork();
    if (cleaner == 0) {
      clean_at_the_end(ending, theirs.get(), cgroup_.directory(), above_.get(), made_);
    }
    abi::end_process(cleaner < 0 ? errno : 0);
  }
  int status = 0;
  while (::waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    return fail("fork", "a cleaner", WEXITSTATUS(status));
  }
  cleaner_ = std::move(ours);
  return {};
}

Status TemporaryCgroup::remove() {
  auto done = kill_and_wait(cgroup_.directory());
  if (done) done = remove_made(above_.get(), cgroup_.directory(), made_);
  if (done) keep();
  if (!done) done.error().subject = cgroup_.path();
  return done;
}

void TemporaryCgroup::keep() {
  if (!cleaner_) return;
  [[maybe_unused]] const ssize_t told = ::write(cleaner_.get(), &kDone, 1);
  cleaner_ = OwnedFd();
}

std::string unused_cgroup_name(const CgroupTree& tree, const std::string& path) {
  const std::string above = path == "/" ? path : path + '/';
  const std::string name = "nsx-" + std::to_string(::getpid());
  std::string unused = name;
  for (int i = 2; tree.open_cgroup(above + unused); ++i)
    unused = name + '-' + std::to_string(i);
  return unused;
}

}  // namespace nsx
