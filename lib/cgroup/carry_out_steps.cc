// SPDX-License-Identifier: MIT
// The steps of a change: describing, carrying out and undoing them.

#include <algorithm>
#include <fcntl.h>
#include <functional>
#include <map>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/cgroup_change.hh>

#include "cgroup/control.hh"
#include "cgroup/files.hh"
#include "cgroup/net.hh"
#include "cgroup/plan.hh"
#include "cgroup/rules.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"
#include "kernel/trace.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kSubtreeControl = "cgroup.subtree_control";

/// Returns "+cpu +memory", or the same with '-'.
std::string controller_list(const std::vector<std::string>& controllers, char sign) {
  std::string text;
  for (const std::string& controller : controllers) {
    if (!text.empty()) text += ' ';
    text += sign + controller;
  }
  return text;
}

class Performer {
 public:
  Performer(const CgroupTree& tree, std::span<const CgroupStep> steps)
      : tree_(tree), steps_(steps) {}

  Status operator()(const cgroup_step::Make& step) {
    auto above = TRY(open(std::string(path_above(step.path))));
    const std::string name(last_name(step.path));
    constexpr mode_t kMode = 0755;
    undo_.emplace_back(
        [above, name] { ::unlinkat(above->directory(), name.c_str(), AT_REMOVEDIR); });
    if (::mkdirat(above->directory(), name.c_str(), kMode) != 0) {
      const int code = errno;
      undo_.pop_back();
      return tl::unexpected(explain_make(tree_, step.path, code));
    }
    auto cgroup = TRY(open(step.path));
    made_.push_back({std::move(above), std::move(cgroup)});
    return {};
  }

  Status operator()(const cgroup_step::MoveProcesses& step) {
    auto from = TRY(open(step.from));
    auto to = TRY(open(step.to));
    const auto moved = std::make_shared<std::vector<pid_t>>();
    undo_.emplace_back([from, moved] {
      for (const pid_t pid : *moved)
        [[maybe_unused]] const auto done = from->write("cgroup.procs", std::to_string(pid));
    });
    return move_all_processes(step.from, from->directory(), *to, *moved);
  }

  Status operator()(const cgroup_step::EnableControllers& step) {
    auto cgroup = TRY(open(step.path));
    undo_.emplace_back([this, cgroup, &step] { disable_again(*cgroup, step, steps_); });
    return write(*cgroup, kSubtreeControl, controller_list(step.controllers, '+'));
  }

  Status operator()(const cgroup_step::WriteSetting& step) {
    auto cgroup = TRY(open(step.path));
    // A write-only file has no old value to restore.
    const auto old = cgroup->read(step.file.c_str());
    std::vector<std::string> writes;
    if (old) writes = writes_to_restore(step.file, step.value, *old);
    undo_.emplace_back([cgroup, name = step.file, writes] {
      for (const std::string& text : writes)
        [[maybe_unused]] const auto put_back = cgroup->write(name.c_str(), text);
    });
    return write(*cgroup, step.file, step.value);
  }

  Status operator()(const cgroup_step::Delegate& step) {
    auto cgroup = TRY(open(step.path));
    const auto owners = std::make_shared<std::vector<FileOwner>>();
    undo_.emplace_back([cgroup, owners] { give_back(*cgroup, *owners); });
    return give_cgroup(*cgroup, step.owner, *owners);
  }

  /// Undoes the steps in reverse order. If something cannot be restored, another process has
  /// changed it in the meantime.
  void undo() {
    for (; !undo_.empty(); undo_.pop_back()) {
      [[maybe_unused]] const auto done = attempt([&]() -> Status {
        undo_.back()();
        return {};
      });
    }
  }

  std::vector<MadeCgroup> take_made() { return std::move(made_); }

 private:
  using Handle = std::shared_ptr<const Cgroup>;

  /// Opens each cgroup once and keeps it open until the end, as undoing may need it.
  Result<Handle> open(const std::string& path) {
    const auto found = open_.find(path);
    if (found != open_.end()) return found->second;
    auto cgroup = TRY(tree_.open_cgroup(path));
    return open_.emplace(path, std::make_shared<const Cgroup>(std::move(cgroup))).first->second;
  }

  /// Writes a file, as the last action of a step: if it fails, there is nothing to undo.
  Status write(const Cgroup& cgroup, const std::string& file, const std::string& value) {
    auto done = cgroup.write(file.c_str(), value.empty() ? "\n" : value);
    if (done) return {};
    undo_.pop_back();
    // The network has no file in the kernel, and reports its own reasons.
    if (is_net_file(file)) return error_of(done);
    return tl::unexpected(explain_write(tree_, cgroup, file, value, done.error().code));
  }

  const CgroupTree& tree_;
  std::span<const CgroupStep> steps_;
  std::map<std::string, Handle> open_;  // by path
  std::vector<MadeCgroup> made_;
  /// How to undo each step. Recorded before the step is carried out, as memory could run out
  /// afterwards.
  std::vector<std::function<void()>> undo_;
};

/// Returns the value that removes the line of a disk, or an empty one for files without such lines.
std::string_view reset_value(std::string_view file) {
  if (file == "io.max") return "rbps=max wbps=max riops=max wiops=max";
  if (file == "io.weight" || file == "io.bfq.weight") return "default";
  if (file == "io.latency") return "target=0";
  return {};
}

/// Returns the writes that undo a write to cgroup.subtree_control: only for controllers that it
/// enabled or disabled.
std::vector<std::string> writes_to_restore_controllers(std::string_view written,
                                                       std::string_view old) {
  std::vector<std::string> writes;
  for (const std::string& word : split_controllers(written)) {
    const std::string name = word.substr(1);
    const bool was_enabled = lists_controller(old, name);
    if (word.front() == '+' && !was_enabled) writes.push_back('-' + name);
    if (word.front() == '-' && was_enabled) writes.push_back('+' + name);
  }
  return writes;
}

/// Moves processes back out of a leaf and removes it.
void empty_leaf(const CgroupTree& tree, const cgroup_step::MoveProcesses& move) {
  const auto leaf = tree.open_cgroup(move.to);
  const auto above = tree.open_cgroup(move.from);
  if (!leaf || !above) return;
  std::vector<pid_t> moved;
  [[maybe_unused]] const auto done = move_all_processes(move.to, leaf->directory(), *above, moved);
  ::unlinkat(above->directory(), std::string(last_name(move.to)).c_str(), AT_REMOVEDIR);
}

/// Whether others have created child cgroups since the steps were planned.
bool has_new_children(const Cgroup& cgroup, const cgroup_step::EnableControllers& enabled,
                      std::span<const CgroupStep> steps) {
  const auto names = list_directories_at(cgroup.directory(), ".");
  if (!names) return true;
  const std::string above = cgroup.is_top() ? "/" : cgroup.path() + '/';
  return std::ranges::any_of(*names, [&](const std::string& name) {
    return std::ranges::find(enabled.children, name) == enabled.children.end() &&
           !makes(steps, above + name);
  });
}

/// Formats a step as a shell command.
class Describer {
 public:
  explicit Describer(const std::string& mount_point) : top_(mount_point) {}

  std::string operator()(const cgroup_step::Make& step) const {
    return "mkdir " + shell_word(directory(step.path));
  }
  std::string operator()(const cgroup_step::EnableControllers& step) const {
    return echo(controller_list(step.controllers, '+'), step.path, kSubtreeControl);
  }
  std::string operator()(const cgroup_step::MoveProcesses& step) const {
    return "for pid in $(cat " + shell_word(directory(step.from) + "/cgroup.procs") +
           "); do echo $pid > " + shell_word(directory(step.to) + "/cgroup.procs") + "; done";
  }
  std::string operator()(const cgroup_step::WriteSetting& step) const {
    if (!is_net_file(step.file)) return echo(step.value, step.path, step.file);
    return "nsx-cg set " + shell_word(step.path) + ' ' + step.file + '=' + shell_word(step.value);
  }
  std::string operator()(const cgroup_step::Delegate& step) const {
    const std::string owner = std::to_string(step.owner.uid) + ':' + std::to_string(step.owner.gid);
    const std::string where = shell_word(directory(step.path));
    return "chown " + owner + ' ' + where + "; for file in $(cat " + kDelegatedFiles +
           "); do [ ! -e " + where + "/$file ] || chown " + owner + ' ' + where + "/$file; done";
  }

 private:
  std::string directory(const std::string& path) const { return path == "/" ? top_ : top_ + path; }
  std::string echo(const std::string& value, const std::string& path,
                   const std::string& file) const {
    return "echo " + shell_word(value) + " > " + shell_word(directory(path) + '/' + file);
  }

  const std::string& top_;
};

}  // namespace

Result<std::vector<MadeCgroup>> carry_out_cgroup_steps(const CgroupTree& tree,
                                                       std::span<const CgroupStep> steps) {
  Performer performer(tree, steps);
  for (const CgroupStep& step : steps) {
    auto done = attempt([&] {
      trace(TraceArea::plan, [&] { return describe(tree.mount_point(), step); });
      return std::visit(performer, step);
    });
    if (!done) {
      performer.undo();
      return error_of(done);
    }
  }
  return performer.take_made();
}

std::string describe(const std::string& mount_point, const CgroupStep& step) {
  return std::visit(Describer(mount_point), step);
}

std::vector<std::string> writes_to_restore(std::string_view file, std::string_view written,
                                           std::string_view old) {
  if (file == kSubtreeControl) return writes_to_restore_controllers(written, old);
  const std::string_view reset = reset_value(file);
  if (!reset.empty()) {
    // The line of one disk, or the default.
    std::string_view rest = written;
    const std::string_view key = next_field(rest, ' ');
    std::string_view lines = old;
    while (!lines.empty()) {
      const std::string_view line = next_field(lines, '\n');
      std::string_view value = line;
      if (next_field(value, ' ') == key) return {std::string(line)};
    }
    return {std::string(key) + ' ' + std::string(reset)};
  }
  std::vector<std::string> writes;
  while (!old.empty()) {
    const std::string_view line = next_field(old, '\n');
    if (!line.empty()) writes.emplace_back(line);
  }
  // The old value was empty, such as a list of CPUs. The kernel does not accept an empty write.
  if (writes.empty()) writes.emplace_back("\n");
  return writes;
}

bool makes(std::span<const CgroupStep> steps, const std::string& path) {
  return std::ranges::find(steps, CgroupStep(cgroup_step::Make{path})) != steps.end();
}

void disable_again(const Cgroup& cgroup, const cgroup_step::EnableControllers& enabled,
                   std::span<const CgroupStep> steps) {
  if (has_new_children(cgroup, enabled, steps)) return;
  [[maybe_unused]] const auto done =
      cgroup.write(kSubtreeControl, controller_list(enabled.controllers, '-'));
}

void take_back_outside(const CgroupTree& tree, std::span<const CgroupStep> steps) {
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (const auto* enabled = std::get_if<cgroup_step::EnableControllers>(&*step)) {
      if (const auto cgroup = tree.open_cgroup(enabled->path)) {
        disable_again(*cgroup, *enabled, steps);
      }
    } else if (const auto* move = std::get_if<cgroup_step::MoveProcesses>(&*step)) {
      if (makes(steps, move->to)) empty_leaf(tree, *move);
    }
  }
}

}  // namespace nsx
