#pragma once
// A machine that never was: processes with an age and a cgroup, mounted cgroups, and the state of
// container runtimes below a root of its own.

#include <nsx/target.hh>

#include "fake_proc.hh"
#include "support.hh"

namespace nsx {

class FakeMachine {
 public:
  /// A process that started at this clock tick, in the cgroup of this path (v2).
  void add(pid_t pid, std::uint64_t start, const std::string& cgroup, pid_t parent = 1,
           char state = 'S') {
    proc_.write(pid, "stat",
                std::to_string(pid) + " (sleep) " + state + ' ' + std::to_string(parent) +
                    " 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 " + std::to_string(start) +
                    " 5128192 998\n");
    set_cgroup(pid, "0::" + cgroup + '\n');
  }

  void set_cgroup(pid_t pid, const std::string& text) { proc_.write(pid, "cgroup", text); }

  void remove(pid_t pid) { std::filesystem::remove_all(proc_.path() + '/' + std::to_string(pid)); }

  /// A cgroup of v2, or of name=systemd on a hybrid machine, with the PIDs in it.
  void add_cgroup(const std::string& path, std::initializer_list<pid_t> pids = {}) {
    add_cgroup_below("/sys/fs/cgroup", path, pids);
  }
  void add_systemd_cgroup(const std::string& path, std::initializer_list<pid_t> pids = {}) {
    add_cgroup_below("/sys/fs/cgroup/systemd", path, pids);
  }

  void write(const std::string& path, std::string_view text) {
    std::filesystem::create_directories(std::filesystem::path(root_ / path).parent_path());
    write_file(root_ / path, text);
  }

  /// Puts a tree of tests/data/runtimes below the root.
  void add_state(const std::string& runtime) {
    std::filesystem::copy(
        std::string(NSX_TEST_DATA) + "/runtimes/" + runtime, root_.path(),
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  }

  void set_mountinfo(const std::string& text) {
    proc_.add_directory("self");
    write_file(proc_.path() + "/self/mountinfo", text);
  }

  /// As systemd mounts cgroups: v2 alone.
  void mount_cgroup2() {
    set_mountinfo("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  }

  Result<Target> resolve(const std::string& text) const {
    return resolve_target(proc_.kernel(), text, {root_.path()});
  }

  /// What a text leads to: "web: container web (PID 4021)", or why it leads nowhere.
  std::string resolved(const std::string& text) const {
    auto target = resolve(text);
    if (!target) return target.error().message();
    EXPECT_TRUE(target->process);
    return target->name;
  }

  std::vector<std::string> listed() const {
    std::vector<std::string> lines;
    for (const TargetName& each : list_targets(proc_.kernel(), {root_.path()})) {
      lines.push_back(each.prefix + ':' + each.name +
                      (each.description.empty() ? "" : " (" + each.description + ')'));
    }
    return lines;
  }

  const std::string& root() const { return root_.path(); }
  Kernel kernel() const { return proc_.kernel(); }

 private:
  void add_cgroup_below(const std::string& mount, const std::string& path,
                        std::initializer_list<pid_t> pids) {
    std::string text;
    for (const pid_t pid : pids)
      text += std::to_string(pid) + '\n';
    write(mount + path + "/cgroup.procs", text);
  }

  FakeProc proc_;
  TemporaryDirectory root_;
};

}  // namespace nsx
