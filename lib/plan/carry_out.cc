// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fcntl.h>
#include <optional>

#include <nsx/cgroup_control.hh>
#include <nsx/cgroup_run.hh>
#include <nsx/plan.hh>

#include "kernel/files.hh"
#include "kernel/trace.hh"
#include "plan/family.hh"
#include "plan/hints.hh"
#include "plan/mount_worker.hh"
#include "plan/perform.hh"
#include "try.hh"

namespace nsx {

namespace {

template <class Wanted>
bool has(const Plan& plan) {
  return std::any_of(plan.steps.begin(), plan.steps.end(),
                     [](const Step& step) { return std::holds_alternative<Wanted>(step); });
}

/// Formats a write to timens_offsets (time_namespaces(7)).
std::string time_offsets(const step::SetTimeOffsets& s) {
  std::string text;
  if (s.monotonic) text += "monotonic " + std::to_string(*s.monotonic) + " 0\n";
  if (s.boottime) text += "boottime " + std::to_string(*s.boottime) + " 0\n";
  return text;
}

/// Carries out steps in order, and keeps state that later steps need.
class Performer {
 public:
  Performer(const Kernel& kernel, const Plan& plan, const OnStart& on_start)
      : kernel_(kernel), plan_(plan), family_(on_start, has<step::BecomeInit>(plan)) {}

  /// Set in a parent, which has nothing left to do.
  const std::optional<Outcome>& ended() const { return ended_; }

  /// Reverts changes that would outlive a failure, and notifies the parent that the program will
  /// not start.
  void give_up() {
    if (outside_) {
      // The helper also reverts them when this process exits, but then nothing waits for it.
      [[maybe_unused]] const auto undone = attempt([&] { return outside_->undo(); });
    }
    mounts_.undo();
    family_.give_up();
  }

  Status operator()(const step::StartHelper&) {
    outside_ = TRY(Outside::start(kernel_));
    return {};
  }

  Status operator()(const step::BecomeOwner& s) {
    owns_its_files_ = false;
    return perform(s);
  }

  Status operator()(const step::WriteIdMaps& s) {
    if (s.allow_setgroups) {
      const char* word = *s.allow_setgroups ? "allow" : "deny";
      TRY(write_own_file("setgroups", word));
    }
    TRY(write_map("uid_map", s.uids));
    return write_map("gid_map", s.gids);
  }

  Status operator()(const step::SetTimeOffsets& s) {
    auto done = write_own_file("timens_offsets", time_offsets(s));
    if (!done) {
      done.error().set_what("cannot set the clock offsets in");
      done.error().set_hint(hint_for_time_offsets(done.error().code));
    }
    return done;
  }

  Status operator()(const step::Fork& s) {
    // After a Fork, only pins need the helper, and a waiting parent would keep it alive.
    if (!has<step::Pin>(plan_)) outside_.reset();
    ended_ = TRY(family_.fork(kernel_, s));
    return {};
  }
  Status operator()(const step::BecomeInit&) { return family_.become_init(); }

  Status operator()(const step::EnterCgroup& s) {
    auto tree = TRY(CgroupTree::open(kernel_));
    if (s.make) {
      const CgroupWanted wanted{.path = s.path, .settings = s.settings};
      const CgroupChangeOptions options{.leaf = s.leaf};
      auto made =
          TRY(TemporaryCgroup::make(tree, wanted, options, TemporaryCgroup::Ending::when_empty));
      // The process that removes it when it is empty waits until a process has joined.
      auto joined = join_cgroup(tree, made.cgroup());
      if (!joined) [[maybe_unused]]
        const auto removed = made.take_back(tree);
      return joined;
    }
    if (s.opened != nullptr) return join_cgroup(tree, *s.opened);
    auto cgroup = TRY(tree.open_cgroup(s.path));
    return join_cgroup(tree, cgroup);
  }

  Status operator()(const step::Pin& s) {
    std::vector<OwnedFd> namespaces;
    for (const auto& place : s.places) {
      namespaces.push_back(TRY(open_own(place.kind)));
    }
    return outside_->pin(s.places, namespaces);
  }

  Status operator()(const step::KeepPins&) { return outside_->keep(); }

  Status operator()(const step::Hide& s) {
    hidden_ = true;
    return perform(s);
  }

  Status operator()(const step::JoinNamespace& s) {
    TRY(perform(s));
    return s.kind == Kind::user ? stay_hidden() : Status{};
  }

  Status operator()(const step::SetIds& s) {
    TRY(perform(s));
    TRY(stay_hidden());
    // A change of ids has cleared it.
    return family_.renew_death_signal();
  }

  Status operator()(const step::PrepareStarter&) {
    starter_ = TRY(SealedStart::prepare(kernel_));
    return {};
  }

  Status operator()(const step::SetSecurityContext& s) {
    // The next exec is that of the starter, which sets the context itself.
    if (!has<step::PrepareStarter>(plan_)) return perform(s);
    context_ = s;
    return {};
  }

  Status operator()(const step::Execute& s) {
    TRY(family_.tell_start(kernel_));
    if (!starter_) return perform(s);
    return starter_->execute(
        s, context_, {.report = family_.report_fd(), .undo = outside_ ? outside_->fd() : -1});
  }

  Status operator()(const step::StartWatcher& s) { return family_.start_watcher(s.signal); }
  Status operator()(const step::OpenTerminal& s) { return family_.open_terminal(s); }
  Status operator()(const step::CloseDescriptors& s) {
    return close_on_exec_above_stderr(kernel_.proc(), s.kept);
  }

  Status operator()(const step::TakeTrees& s) { return mounts_.take(s); }
  Status operator()(const step::NewRoot&) { return mounts_.start_root(); }
  Status operator()(const step::AttachTree& s) { return mounts_.attach(s); }
  Status operator()(const step::MountNew& s) { return mounts_.mount(s); }
  Status operator()(const step::MountText& s) { return mounts_.mount_text(s); }
  Status operator()(const step::MakeLink& s) { return mounts_.link(s); }
  Status operator()(const step::EnterNewRoot& s) { return mounts_.enter_root(s); }

  Status operator()(const step::MountInside& s) { return mounts_.mount_inside(s); }
  Status operator()(const step::UnmountInside& s) { return mounts_.unmount_inside(s); }

  Status operator()(const step::MountProc& s) { return perform(s, kernel_.proc()); }
  Status operator()(const step::MountSys& s) { return perform(s, kernel_.proc()); }

  Status operator()(const auto& s) { return perform(s); }

 private:
  /// A change of credentials resets the dumpable flag to /proc/sys/fs/suid_dumpable, which may be 1
  /// (proc(5)).
  Status stay_hidden() const { return hidden_ ? perform(step::Hide{}) : Status{}; }

  /// Writes a file of this process in /proc. After BecomeOwner, the process does not own its files
  /// there, so that no process of that user can access it; the helper can still write them.
  Status write_own_file(const char* file, const std::string& text) {
    if (!owns_its_files_) return outside_->write(file, text);
    const std::string path = std::string("/proc/self/") + file;
    auto done = write_file_at(AT_FDCWD, path.c_str(), text);
    if (!done) done.error().set_hint(hint_for_id_map(done.error().code));
    return done;
  }

  Status write_map(const char* file, const step::WriteIdMaps::Map& map) {
    using Writer = step::WriteIdMaps::Writer;
    if (map.ids.empty()) return {};
    switch (map.writer) {
      case Writer::self:
        return write_own_file(file, format_id_map(map.ids));
      case Writer::helper:
        return outside_->write(file, format_id_map(map.ids));
      case Writer::newidmap:
        break;
    }
    return outside_->write_map_by(map.tool, map.ids);
  }

  /// Opens this process's namespace; for pid and time that of its children if it has not forked
  /// yet.
  Result<OwnedFd> open_own(Kind kind) const {
    const char* file = !family_.has_forked() && info(kind).for_children != nullptr
                           ? info(kind).for_children
                           : name(kind);
    auto fd = open_at(kernel_.proc(), (std::string("self/ns/") + file).c_str(), O_RDONLY);
    if (!fd && kind == Kind::pid && fd.error().code == ENOENT) {
      return refuse("pin", "the pid namespace", "it has no process yet", "add --fork");
    }
    return fd;
  }

  const Kernel& kernel_;
  const Plan& plan_;
  bool owns_its_files_ = true;
  bool hidden_ = false;
  std::optional<Outside> outside_;
  std::optional<SealedStart> starter_;
  MountWorker mounts_{kernel_};
  std::optional<step::SetSecurityContext> context_;  ///< for the starter
  Family family_;
  std::optional<Outcome> ended_;
};

/// "step 3 of 9: join the net namespace of PID 42".
std::string step_text(const Plan& plan, std::size_t i) {
  return "step " + std::to_string(i + 1) + " of " + std::to_string(plan.steps.size()) + ": " +
         describe(plan.steps[i]);
}

}  // namespace

tl::expected<Outcome, PlanFailure> carry_out(const Kernel& kernel, const Plan& plan,
                                             const OnStart& on_start) {
  Performer performer(kernel, plan, on_start);
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    auto done = attempt([&] {
      trace(TraceArea::plan, [&] { return step_text(plan, i); });
      return std::visit(performer, plan.steps[i]);
    });
    if (!done) {
      [[maybe_unused]] const auto traced = attempt([&]() -> Status {
        trace(TraceArea::plan, [&] {
          return "step " + std::to_string(i + 1) + " failed: " + done.error().message();
        });
        return {};
      });
      performer.give_up();
      return tl::unexpected(PlanFailure{std::move(done.error()), i});
    }
    if (performer.ended()) return *performer.ended();
  }
  return Outcome{};
}

}  // namespace nsx
