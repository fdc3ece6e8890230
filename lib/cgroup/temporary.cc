// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <span>
#include <unistd.h>

#include <nsx/cgroup_control.hh>
#include <nsx/cgroup_run.hh>

#include "cgroup/control.hh"
#include "cgroup/files.hh"
#include "cgroup/net.hh"
#include "cgroup/plan.hh"
#include "cgroup/rules.hh"
#include "kernel/files.hh"
#include "kernel/spawn.hh"
#include "try.hh"

namespace nsx {

namespace {

void wait_until_empty(int cgroup) {
  auto events = open_at(cgroup, "cgroup.events", O_RDONLY);
  while (events && is_populated(cgroup)) {
    // poll(2) reports changes since the last read of this descriptor.
    char byte = 0;
    [[maybe_unused]] const ssize_t seen = ::pread(events->get(), &byte, 1, 0);
    if (!is_populated(cgroup)) return;
    if (!wait_for_change(events->get(), {})) return;
  }
}

/// Selects the cgroup at `path` and its ancestors from all created cgroups, parents first. `chain`
/// must have enough capacity: this runs after the steps, when memory must not run out.
void keep_chain(std::span<const MadeCgroup> made, const std::string& path,
                std::vector<MadeCgroup>& chain) {
  for (auto each = made.rbegin(); each != made.rend(); ++each) {
    const bool belongs =
        chain.empty() ? each->cgroup->path() == path : each->cgroup == chain.back().above;
    if (belongs) chain.push_back(*each);
  }
  std::ranges::reverse(chain);
}

std::vector<std::string> names_of(std::span<const MadeCgroup> chain) {
  std::vector<std::string> names;
  for (const MadeCgroup& each : chain)
    names.emplace_back(last_name(each.cgroup->path()));
  return names;
}

/// Returns paths for nested cgroups with these names, relative to the parent of the first.
std::vector<std::string> relative_paths(std::span<const std::string> names) {
  std::vector<std::string> paths;
  for (const std::string& name : names)
    paths.push_back(paths.empty() ? name : paths.back() + '/' + name);
  return paths;
}

/// The cleaner process. It creates the cgroup itself, so that whenever the owner is killed, there
/// is a process that knows what to remove.
class Cleaner {
 public:
  Cleaner(const CgroupTree& tree, std::span<const CgroupStep> steps, std::string path,
          TemporaryCgroup::Ending ending, const Channel& owner)
      : tree_(tree), steps_(steps), path_(std::move(path)), ending_(ending), owner_(owner) {}

  void live() {
    // Signals to the owner's process group must not kill this process.
    ::setsid();
    const Status made = attempt([&] { return make(); });
    // If the owner is gone, the wait below notices. If it gets no answer, it assumes a failure.
    const auto sent = attempt([&] { return made ? send_made() : owner_.send_status(made); });
    if (!made) return;
    if (!sent) return clean();
    stay_behind("nsx-cg-cleaner", {owner_.fd(), cgroup(), above()});
    const auto word = attempt([&] { return owner_.receive_words(); });
    if (!word || !*word) clean();
  }

 private:
  Status make() {
    chain_.reserve(steps_.size());
    const auto made = TRY(carry_out_cgroup_steps(tree_, steps_));
    keep_chain(made, path_, chain_);
    return {};
  }

  /// Sends the result to start_cleaner().
  Status send_made() const {
    TRY(owner_.send_status({}));
    const int lent[]{above()};
    return owner_.send_words(names_of(chain_), lent);
  }

  /// Removes the cgroup. Nothing else would, so it waits for memory if that is short.
  void clean() const {
    const auto remove = [&]() -> Status {
      if (ending_ == TemporaryCgroup::Ending::killed) {
        [[maybe_unused]] const auto killed = kill_and_wait(cgroup());
      } else {
        wait_until_empty(cgroup());
      }
      return remove_made(above(), cgroup(), relative_paths(names_of(chain_)));
    };
    constexpr int kTries = 100;
    constexpr useconds_t kPause = 100000;
    for (int i = 0; i < kTries; ++i) {
      const Status done = attempt(remove);
      if (done || done.error().code != ENOMEM) return;
      ::usleep(kPause);
    }
  }

  int above() const { return chain_.front().above->directory(); }
  int cgroup() const { return chain_.back().cgroup->directory(); }

  const CgroupTree& tree_;
  std::span<const CgroupStep> steps_;
  std::string path_;
  TemporaryCgroup::Ending ending_;
  const Channel& owner_;
  std::vector<MadeCgroup> chain_;
};

/// Explains a failed fork: the cleaner starts in the caller's cgroup.
Error cannot_spawn(const CgroupTree& tree, Error error) {
  if (!is_from_fork(error)) return error;
  error.set_subject("a cleaner");
  const auto own = error.code == EAGAIN ? tree.own() : fail("find", "", error.code);
  auto full = own ? explain_full(tree, *own) : std::nullopt;
  return full ? std::move(*full) : std::move(error);
}

/// What a cleaner has created, as its owner knows it.
struct Cleaned {
  OwnedFd cleaner;  ///< the cleaner acts if this connection is closed without a message
  OwnedFd above;    ///< the directory in which the first was created
  std::vector<std::string> names;  ///< parents first
};

/// Starts a cleaner and waits until it has created the cgroup.
Result<Cleaned> start_cleaner(const CgroupTree& tree, std::span<const CgroupStep> steps,
                              const std::string& path, TemporaryCgroup::Ending ending) {
  // Detached, as the program must not have a child that it does not know about.
  auto cleaner = spawn({.has_channel = true, .detached = true}, [&](const Channel& owner) {
    Cleaner(tree, steps, path, ending, owner).live();
    return 0;
  });
  if (!cleaner) return tl::unexpected(cannot_spawn(tree, std::move(cleaner.error())));
  Channel channel = cleaner->take_channel();
  const bool is_made = TRY(channel.receive_status());
  std::optional<WordMessage> made;
  if (is_made) made = TRY(channel.receive_words());
  if (!made || made->fds.size() != 1) {
    return refuse("make the cgroup", path, "the process that creates it was killed");
  }
  return Cleaned{channel.take_fd(), std::move(made->fds.front()), std::move(made->words)};
}

/// Refuses to start a program in a frozen cgroup. `path` does not exist yet.
Status check_none_frozen_above(const CgroupTree& tree, std::string path) {
  while (path != "/") {
    path = path_above(path);
    if (const auto above = tree.open_cgroup(path)) {
      return check_not_frozen(tree, *above, "run a program below the cgroup");
    }
  }
  return {};
}

}  // namespace

Result<TemporaryCgroup> TemporaryCgroup::make(const CgroupTree& tree, const CgroupWanted& wanted,
                                              const CgroupChangeOptions& options, Ending ending) {
  CgroupWanted one = wanted;
  one.path = TRY(normal_cgroup_path(one.path, tree.mount_point()));
  one.must_be_new = true;
  auto steps = TRY(plan_cgroups(tree, {&one, 1}, options));
  return carry_out(tree, one.path, std::move(steps), ending);
}

Result<TemporaryCgroup> TemporaryCgroup::carry_out(const CgroupTree& tree, const std::string& path,
                                                   std::vector<CgroupStep> steps, Ending ending) {
  if (!makes(steps, path)) return refuse("make the cgroup", path, "the plan is for another cgroup");
  TRY(check_none_frozen_above(tree, path));
  auto cleaned = TRY(start_cleaner(tree, steps, path, ending));
  // From here on, a failure closes the connection, and the cleaner cleans up.
  auto cgroup = TRY(tree.open_cgroup(path));
  TemporaryCgroup temporary(std::move(cgroup));
  temporary.cleaner_ = std::move(cleaned.cleaner);
  temporary.above_ = std::move(cleaned.above);
  temporary.made_ = relative_paths(cleaned.names);
  temporary.steps_ = std::move(steps);
  return temporary;
}

Status TemporaryCgroup::remove() {
  auto done = kill_and_wait(cgroup_.directory());
  if (done) done = remove_made(above_.get(), cgroup_.directory(), made_);
  if (done) keep();
  if (!done) done.error().set_subject(cgroup_.path());
  return done;
}

Status TemporaryCgroup::take_back(const CgroupTree& tree) {
  TRY(remove());
  take_back_outside(tree, steps_);
  return {};
}

void TemporaryCgroup::keep() {
  if (!cleaner_) return;
  const Channel cleaner(std::move(cleaner_));
  const std::vector<std::string> words{"keep"};
  [[maybe_unused]] const auto sent = cleaner.send_words(words);
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
