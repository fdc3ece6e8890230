// SPDX-License-Identifier: MIT
#pragma once
// A made-up machine: processes with an age and a cgroup, mounted cgroups, and the state of
// container runtimes below its own root.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <nsx/target.hh>

#include "fake_proc.hh"
#include "kernel/files.hh"
#include "support.hh"

namespace nsx {

class FakeMachine {
 public:
  /// A machine with cgroup v2 only, and all user ids.
  FakeMachine() {
    ::umask(S_IWGRP | S_IWOTH);  // what others may write to is not trusted
    mount_cgroup2();
    write_file(proc_.path() + "/self/uid_map", "0 0 4294967295\n");
  }

  /// A process that started at this clock tick, in the cgroup of this path (v2).
  void add(pid_t pid, std::uint64_t start, const std::string& cgroup, pid_t parent = 1,
           char state = 'S') {
    proc_.write(pid, "stat",
                std::to_string(pid) + " (sleep) " + state + ' ' + std::to_string(parent) +
                    " 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 " + std::to_string(start) +
                    " 5128192 998\n");
    set_cgroup(pid, "0::" + cgroup + '\n');
    list_in_cgroup(pid, cgroup);
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

  /// Makes it readable for other users.
  void open_to_all() {
    for (const std::string& directory : {proc_.path(), root_.path()})
      ASSERT_EQ(::chmod(directory.c_str(), 0755), 0);
  }

  /// Gives a cgroup to a user, as systemd does.
  void delegate(const std::string& path, uid_t uid) {
    const std::string directory = root_ / ("sys/fs/cgroup" + path);
    ASSERT_EQ(::chown(directory.c_str(), uid, uid), 0);
    mark_delegated(path);
  }
  void mark_delegated(const std::string& path) {
    const std::string directory = root_ / ("sys/fs/cgroup" + path);
    ASSERT_EQ(::setxattr(directory.c_str(), "trusted.delegate", "1", 1, 0), 0);
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

  /// As systemd mounts cgroups: v2 only.
  void mount_cgroup2() {
    set_mountinfo("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  }

  Result<Target> resolve(const std::string& text) const {
    return resolve_target(proc_.kernel(), text, {root_.path()});
  }

  /// The result of resolving a text: "web: container web (PID 4021)", or why there is none.
  std::string resolved(const std::string& text) const {
    auto target = resolve(text);
    if (!target) return failure(target);
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

  /// The cgroup of a listed container; empty: it is not listed, or has none.
  std::string cgroup_of_listed(const std::string& name) const {
    for (const TargetName& each : list_targets(proc_.kernel(), {root_.path()}, "container")) {
      EXPECT_EQ(each.prefix, "container");
      if (each.name == name) return each.cgroup;
    }
    return {};
  }

  const std::string& root() const { return root_.path(); }
  Kernel kernel() const { return proc_.kernel(); }

 private:
  /// A process is listed where its own file places it.
  void list_in_cgroup(pid_t pid, const std::string& path) {
    const std::string file = "sys/fs/cgroup" + path + "/cgroup.procs";
    std::string text;
    if (std::filesystem::exists(root_ / file))
      text = must(read_file_at(AT_FDCWD, (root_ / file).c_str()));
    const std::string line = std::to_string(pid) + '\n';
    if (!text.starts_with(line) && text.find('\n' + line) == std::string::npos) text += line;
    write(file, text);
  }

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
