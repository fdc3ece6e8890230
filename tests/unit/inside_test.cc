// SPDX-License-Identifier: MIT
#include <csignal>
#include <cstring>
#include <sched.h>
#include <sys/prctl.h>

#include <nsx/inside.hh>

#include "support.hh"

namespace nsx {
namespace {

constexpr uid_t kSomebody = 65534;

Namespace open_of(const Kernel& kernel, const std::string& pid, const char* kind) {
  return must(Namespace::open_file(kernel, "/proc/" + pid + "/ns/" + kind));
}

bool set_host_name(const char* name) {
  return ::sethostname(name, std::strlen(name)) == 0;
}

/// A process in user and UTS namespaces that this user has made.
class Host : public Child {
 public:
  Host(uid_t user, const char* name)
      : Child([=] {
          if (user != ::geteuid() && ::setresuid(user, user, user) != 0) return 1;
          ::prctl(PR_SET_DUMPABLE, 1);  // else its maps are root's to write
          if (!become_root_in_new_namespaces(CLONE_NEWUTS) || !set_host_name(name)) return 1;
          std::puts("ready");
          std::fflush(stdout);
          return ::pause();
        }) {
    EXPECT_EQ(read_line(), "ready");
  }
};

TEST(ReadHostNames, AreThoseOfTheNamespaceAndTheCallerStays) {
  NSX_NEEDS_USER_NAMESPACES();
  Child child([] {
    if (!become_root_in_new_namespaces(CLONE_NEWUTS) || !set_host_name("upper")) return 1;
    for (const Kernel& kernel : kernels()) {
      const Namespace upper = open_of(kernel, "self", "uts");
      if (::unshare(CLONE_NEWUTS) != 0 || !set_host_name("lower")) return 2;
      const Namespace lower = open_of(kernel, "self", "uts");
      if (must(read_host_names(kernel, upper)).host != "upper") return 3;
      if (must(read_host_names(kernel, lower)).host != "lower") return 4;
      if (open_of(kernel, "self", "uts").identity() != lower.identity()) return 5;
      if (!set_host_name("upper")) return 6;
    }
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(ReadHostNames, OfWhatTheUserHasMadeNeedNoOtherRight) {
  NSX_NEEDS_USER_NAMESPACES();
  const Host host(::geteuid() == 0 ? kSomebody : ::geteuid(), "mine");
  const Namespace uts = open_of(newest_kernel(), std::to_string(host.pid()), "uts");
  Child child([&] {
    if (::geteuid() == 0 && ::setresuid(kSomebody, kSomebody, kSomebody) != 0) return 1;
    return must(read_host_names(newest_kernel(), uts)).host == "mine" ? 0 : 2;
  });
  EXPECT_EQ(child.wait(), 0) << child.read_all();
}

TEST(ReadHostNames, OfOthersNeedARight) {
  if (::geteuid() != 0) GTEST_SKIP() << "nothing of others is there for an ordinary user";
  NSX_NEEDS_USER_NAMESPACES();
  const Host host(0, "not mine");
  const Namespace uts = open_of(newest_kernel(), std::to_string(host.pid()), "uts");
  Child child([&] {
    if (::setresuid(kSomebody, kSomebody, kSomebody) != 0) return 1;
    std::puts(failure(read_host_names(newest_kernel(), uts)).c_str());
    return 0;
  });
  EXPECT_EQ(child.read_line(), "cannot look into the uts namespace " +
                                   std::to_string(uts.identity().inode) +
                                   ": Operation not permitted");
}

TEST(ReadFileInside, NeedsNoProcessThere) {
  NSX_NEEDS_USER_NAMESPACES();
  Child child([] {
    if (!become_root_in_new_namespaces(0)) return 1;
    const Kernel kernel = newest_kernel();
    std::optional<Namespace> empty;
    {
      const Host host(0, "short-lived");
      empty = open_of(kernel, std::to_string(host.pid()), "user");
    }
    std::puts(must(read_file_inside(kernel, *empty, "uid_map")).c_str());
    return 0;
  });
  EXPECT_EQ(child.read_line(), "         0          0          1");
}

TEST(ReadFileInside, LeavesNoChildBehind) {
  const Kernel kernel = newest_kernel();
  // From other tests: a child that took too long to end was not waited for.
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
  EXPECT_NE(must(read_file_inside(kernel, open_of(kernel, "self", "user"), "uid_map")), "");
  const pid_t left = ::waitpid(-1, nullptr, WNOHANG);
  const int code = errno;
  EXPECT_EQ(left, -1);
  EXPECT_EQ(code, ECHILD);
}

}  // namespace
}  // namespace nsx
