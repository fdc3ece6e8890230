// The deeds of a change, and how they are taken back.

#include <fcntl.h>
#include <functional>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/cgroup_change.hh>

#include "cgroup/members.hh"
#include "cgroup/name.hh"
#include "cgroup/net_files.hh"
#include "cgroup/own.hh"
#include "cgroup/rules.hh"
#include "cgroup/undo.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

using Action = CgroupStep::Action;

class Performer {
 public:
  explicit Performer(const CgroupTree& tree) : tree_(tree) {}

  Status perform(const CgroupStep& step) {
    switch (step.action) {
      case Action::make:
        return make(step.path);
      case Action::move:
        return move(step.path, step.value);
      case Action::write:
        return write(step);
      case Action::delegate:
        return delegate(step);
    }
    return {};
  }

  /// The last first. What cannot be put back was changed by somebody else meanwhile.
  void undo() {
    for (auto each = undo_.rbegin(); each != undo_.rend(); ++each)
      (*each)();
  }

 private:
  Status make(const std::string& path) {
    auto above = tree_.open_cgroup(std::string(path_above(path)));
    if (!above) return error_of(above);
    const std::string name(last_name(path));
    constexpr mode_t kMode = 0755;
    if (::mkdirat(above->directory(), name.c_str(), kMode) != 0) {
      return tl::unexpected(explain_make(tree_.mount_point() + path, errno));
    }
    undo_.emplace_back([directory = share(std::move(*above)), name] {
      ::unlinkat(directory->directory(), name.c_str(), AT_REMOVEDIR);
    });
    return {};
  }

  Status move(const std::string& from_path, const std::string& to_path) {
    auto from = tree_.open_cgroup(from_path);
    if (!from) return error_of(from);
    auto to = tree_.open_cgroup(to_path);
    if (!to) return error_of(to);
    auto moved = move_all_processes(from_path, from->directory(), *to);
    undo_.emplace_back([back = share(std::move(*from)), pids = std::move(moved.pids)] {
      for (const pid_t pid : pids)
        [[maybe_unused]] const auto done = back->write("cgroup.procs", std::to_string(pid));
    });
    return moved.status;
  }

  Status write(const CgroupStep& step) {
    auto cgroup = tree_.open_cgroup(step.path);
    if (!cgroup) return error_of(cgroup);
    const char* file = step.file.c_str();
    // What can only be written has nothing to put back.
    const auto old = cgroup->read(file);
    auto done = cgroup->write(file, step.value.empty() ? "\n" : step.value);
    // What is no file has its own reasons.
    if (!done && is_net_file(file)) return error_of(done);
    if (!done) {
      return tl::unexpected(
          explain_write(tree_, *cgroup, step.file, step.value, done.error().code));
    }
    std::vector<std::string> writes;
    if (step.file == "cgroup.subtree_control") {
      writes.push_back(disabling(step.value));
    } else if (old) {
      writes = writes_to_restore(step.file, step.value, *old);
    }
    undo_.emplace_back([handle = share(std::move(*cgroup)), name = step.file, writes] {
      for (const std::string& text : writes)
        [[maybe_unused]] const auto put_back = handle->write(name.c_str(), text);
    });
    return {};
  }

  Status delegate(const CgroupStep& step) {
    auto cgroup = tree_.open_cgroup(step.path);
    if (!cgroup) return error_of(cgroup);
    auto before = give_cgroup(*cgroup, step.owner);
    if (!before) return error_of(before);
    undo_.emplace_back([handle = share(std::move(*cgroup)), owners = std::move(*before)] {
      give_back(*handle, owners);
    });
    return {};
  }

  /// "-cpu -memory" of "+cpu +memory": a plan enables only what is not enabled yet.
  static std::string disabling(std::string value) {
    for (char& c : value) {
      if (c == '+') c = '-';
    }
    return value;
  }

  /// std::function wants to be copied.
  static std::shared_ptr<const Cgroup> share(Cgroup cgroup) {
    return std::make_shared<const Cgroup>(std::move(cgroup));
  }

  const CgroupTree& tree_;
  std::vector<std::function<void()>> undo_;
};

/// A word for a shell: in quotes where that is needed.
std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(text);
  }
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + '\'';
}

}  // namespace

Status carry_out_cgroup_steps(const CgroupTree& tree, std::span<const CgroupStep> steps) {
  Performer performer(tree);
  for (const CgroupStep& step : steps) {
    if (auto done = performer.perform(step); !done) {
      performer.undo();
      return done;
    }
  }
  return {};
}

std::string describe(const CgroupTree& tree, const CgroupStep& step) {
  const std::string& top = tree.mount_point();
  const auto directory = [&](const std::string& path) { return path == "/" ? top : top + path; };
  switch (step.action) {
    case Action::make:
      return "mkdir " + shell_word(directory(step.path));
    case Action::move:
      return "for pid in $(cat " + shell_word(directory(step.path) + "/cgroup.procs") +
             "); do echo $pid > " + shell_word(directory(step.value) + "/cgroup.procs") + "; done";
    case Action::delegate: {
      const std::string owner =
          std::to_string(step.owner.uid) + ':' + std::to_string(step.owner.gid);
      const std::string where = shell_word(directory(step.path));
      return "chown " + owner + ' ' + where + "; for file in $(cat " + kDelegatedFiles +
             "); do [ ! -e " + where + "/$file ] || chown " + owner + ' ' + where + "/$file; done";
    }
    case Action::write:
      break;
  }
  if (is_net_file(step.file)) {
    return "nsx-cg set " + shell_word(step.path) + ' ' + step.file + '=' + shell_word(step.value);
  }
  return "echo " + shell_word(step.value) + " > " +
         shell_word(directory(step.path) + '/' + step.file);
}

}  // namespace nsx
