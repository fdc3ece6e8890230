#include "plan/hints.hh"

#include <cerrno>

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
  // Which of the reasons depends on the sysctls of the machine.
  expect(hint_for_unshare(EPERM, {Kind::net, Kind::user}), "user");
  expect(hint_for_unshare(ENOSPC, {Kind::net}), "max_*_namespaces");
  expect(hint_for_unshare(EINVAL, {Kind::time}), "lack a kind");
  expect(hint_for_unshare(ENOMEM, {Kind::net}), "");
}

TEST(HintForSetns, SaysWhatIsMissing) {
  expect(hint_for_setns(EPERM, Kind::net), "run as root");
  expect(hint_for_setns(EPERM, Kind::user), "the user who made it");
  expect(hint_for_setns(EINVAL, Kind::pid), "below one's own");
  expect(hint_for_setns(EINVAL, Kind::net), "");
  expect(hint_for_setns(ESRCH, Kind::net), "");
}

TEST(HintForIdMap, IsForRefusalsOnly) {
  EXPECT_NE(hint_for_id_map(EPERM), "");
  EXPECT_EQ(hint_for_id_map(EPERM), hint_for_id_map(EACCES));
  expect(hint_for_id_map(EINVAL), "");
}

TEST(HintForMountProc, IsForRefusalsOnly) {
  expect(hint_for_mount_proc(EPERM), "--pid --fork");
  expect(hint_for_mount_proc(ENOENT), "");
}

}  // namespace
}  // namespace nsx
