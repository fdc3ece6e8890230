// SPDX-License-Identifier: MIT
#include "plan/hints.hh"

#include <cerrno>
#include <fcntl.h>

#include <nsx/fd.hh>

#include "fake_proc.hh"
#include "kernel/capabilities.hh"
#include "support.hh"

namespace nsx {
namespace {

/// Whether the hint has these words; "" stands for no hint.
void expect(const std::string& hint, const char* words) {
  EXPECT_EQ(hint.empty(), *words == '\0') << hint;
  EXPECT_NE(hint.find(words), std::string::npos) << hint;
}

TEST(HintForUnshare, SaysWhatIsMissing) {
  expect(hint_for_unshare(EPERM, {Kind::net}), "CAP_SYS_ADMIN");
  expect(hint_for_unshare(EPERM, {Kind::net}, ", or x"), ", or x");
  // The reason depends on the sysctls of the machine.
  expect(hint_for_unshare(EPERM, {Kind::net, Kind::user}), "user");
  expect(hint_for_unshare(ENOSPC, {Kind::net}), "max_*_namespaces");
  expect(hint_for_unshare(EINVAL, {Kind::time}), "lack one of these kinds");
  expect(hint_for_unshare(ENOMEM, {Kind::net}), "");
}

TEST(HintForUserNamespaces, NamesTheSysctlAndTheProfile) {
  FakeProc fake;
  const auto hint = [&] {
    const OwnedFd proc(::open(fake.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return hint_for_user_namespaces(proc.get());
  };
  expect(hint(), "");
  fake.add_directory("sys/kernel");
  const std::string kernel = fake.path() + "/sys/kernel/";
  write_file(kernel + "apparmor_restrict_unprivileged_userns", "0\n");
  write_file(kernel + "unprivileged_userns_clone", "1\n");
  expect(hint(), "");
  write_file(kernel + "apparmor_restrict_unprivileged_userns", "1\n");
  expect(hint(), "/nsx/apparmor/nsx-unshare /etc/apparmor.d/ && systemctl reload apparmor, or");
  expect(hint(), "sysctl kernel.apparmor_restrict_unprivileged_userns=0");
  write_file(kernel + "unprivileged_userns_clone", "0\n");
  expect(hint(), "sysctl kernel.unprivileged_userns_clone=1");
}

TEST(HintForSetns, SaysWhatIsMissing) {
  expect(hint_for_setns(EPERM, Kind::net),
         "needs CAP_SYS_ADMIN in the user namespace that owns it");
  expect(hint_for_setns(EPERM, Kind::user), "the user who created it");
  expect(hint_for_setns(EINVAL, Kind::pid), "only descendants");
  expect(hint_for_setns(EINVAL, Kind::net), "");
  expect(hint_for_setns(ESRCH, Kind::net), "");
}

TEST(HintForIdMap, IsForRefusalsOnly) {
  EXPECT_NE(hint_for_id_map(EPERM), "");
  EXPECT_EQ(hint_for_id_map(EPERM), hint_for_id_map(EACCES));
  expect(hint_for_id_map(EINVAL), "");
}

/// A proc mount, which shows the namespaces of this process.
OwnedFd proc() {
  return OwnedFd(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

TEST(HintForMount, IsForRefusalsOnly) {
  EXPECT_NE(hint_for_mount(EPERM, proc().get(), Kind::pid, "--pid"), "");
  expect(hint_for_mount(ENOENT, proc().get(), Kind::pid, "--pid"), "");
}

TEST(CoveredParts, AreThoseOfFileSystemsOfTheType) {
  constexpr std::string_view kMounts =
      "1 0 0:1 / / rw - overlay overlay rw\n"
      "2 1 0:2 / /proc rw - proc proc rw\n"
      "3 2 0:3 / /proc/kcore rw - tmpfs tmpfs rw\n"
      "4 2 0:2 /sys /proc/sys ro - proc proc rw\n"
      "5 4 0:4 / /proc/sys/fs/binfmt_misc rw - binfmt_misc none rw\n"
      "6 1 0:5 / /sys rw - sysfs sysfs rw\n"
      "7 6 0:6 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
      "8 7 0:7 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw\n"
      "9 6 0:8 / /sys/firmware ro - tmpfs tmpfs rw\n"
      "10 1 0:3 / /process rw - tmpfs tmpfs rw\n";
  using Parts = std::vector<std::string>;
  EXPECT_EQ(covered_parts(kMounts, "proc"), (Parts{"/proc/kcore", "/proc/sys"}));
  EXPECT_EQ(covered_parts(kMounts, "sysfs"), (Parts{"/sys/firmware"}));
  EXPECT_EQ(covered_parts(kMounts, "nfs"), Parts{});
}

TEST(HintForPropagation, OffersWhatAvoidsIt) {
  expect(hint_for_propagation(EINVAL, "--x leaves it"), "--x leaves it, or before the chroot");
  expect(hint_for_propagation(EINVAL, ""), "chroot(2): before the chroot");
  expect(hint_for_propagation(EPERM, "--x"), "");
}

TEST(HintForCapability, NeverSaysWhatWasDone) {
  const auto hint = [](const Privilege& privilege, Over over) {
    return hint_for_capability(privilege, "CAP_X", over);
  };
  for (const Over over : {Over::own, Over::another}) {
    expect(hint({.can_be_had = true}, over), "needs CAP_X: run as root");
    expect(hint({.can_be_had = true, .is_root = true}, over), "this root lacks it");
    for (const bool is_root : {false, true})
      expect(hint({.is_root = is_root}, over), "needs CAP_X: the bounding set lacks it");
  }
  const Privilege all{.has = true, .can_be_had = true, .is_root = true};
  expect(hint(all, Over::own), "seccomp");
  expect(hint(all, Over::another), "outside");
}

}  // namespace
}  // namespace nsx
