// SPDX-License-Identifier: MIT
#include <array>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>

#include <nsx/enter.hh>

#include "fake_proc.hh"
#include "support.hh"

namespace nsx {
namespace {

/// The facts for a request about the process with this PID.
EnterFacts facts_of(const Kernel& kernel, pid_t pid, const EnterRequest& request) {
  return must(read_enter_facts(kernel, request, must(resolve_target(kernel, std::to_string(pid)))));
}

TEST(ReadEnterFacts, FindsTheNamespacesOfTheTarget) {
  const Sleeper target;
  const std::string whose = "PID " + std::to_string(target.pid());
  for (const Kernel& kernel : kernels()) {
    const auto facts =
        facts_of(kernel, target.pid(), {.selections = {{Kind::net, {}, {}}, {Kind::uts, {}, {}}}});
    ASSERT_EQ(facts.namespaces.size(), 2U);
    EXPECT_EQ(facts.namespaces[0].kind, Kind::net);
    EXPECT_EQ(facts.namespaces[1].kind, Kind::uts);
    for (const FoundNamespace& found : facts.namespaces) {
      EXPECT_EQ(found.of, whose);
      EXPECT_TRUE(found.shared);
      EXPECT_EQ(::fcntl(found.fd, F_GETFD), FD_CLOEXEC);
    }
    EXPECT_EQ(facts.handles.size(), 2U);
    EXPECT_FALSE(facts.uid_map);
  }
}

TEST(ReadEnterFacts, OfAllAreTheKindsOfThisKernel) {
  const Sleeper target;
  KindSet known;
  for (const Kind kind : KindSet::all()) {
    const std::string link = std::string("/proc/self/ns/") + name(kind);
    if (::access(link.c_str(), F_OK) == 0) known.insert(kind);
  }
  for (const Kernel& kernel : kernels()) {
    const auto facts = facts_of(kernel, target.pid(), {.all = true});
    KindSet found;
    for (const FoundNamespace& ns : facts.namespaces)
      found.insert(ns.kind);
    EXPECT_EQ(found, known);
    EXPECT_FALSE(facts.uid_map || facts.gid_map);  // it is the caller's own
  }
}

TEST(ReadEnterFacts, PreferAFileToTheTargets) {
  const Sleeper target;
  const auto facts = facts_of(newest_kernel(), target.pid(),
                              {.selections = {{Kind::net, "/proc/self/ns/net", {}}}, .all = true});
  std::size_t nets = 0;
  for (const FoundNamespace& ns : facts.namespaces) {
    if (ns.kind != Kind::net) continue;
    ++nets;
    EXPECT_EQ(ns.of, "/proc/self/ns/net");
  }
  EXPECT_EQ(nets, 1U);
}

TEST(ReadEnterFacts, TellSharedNamespacesFromOthers) {
  NSX_NEEDS_USER_NAMESPACES();
  Child target([] {
    if (!become_root_in_new_namespaces(CLONE_NEWUTS)) return 1;
    std::printf("there\n");
    std::fflush(stdout);
    return ::pause();
  });
  ASSERT_EQ(target.read_line(), "there");
  for (const Kernel& kernel : kernels()) {
    const auto facts = facts_of(kernel, target.pid(), {.all = true});
    for (const FoundNamespace& ns : facts.namespaces) {
      EXPECT_EQ(ns.shared, ns.kind != Kind::user && ns.kind != Kind::uts) << name(ns.kind);
    }
    const std::uint32_t uid = ::geteuid();
    EXPECT_EQ(facts.uid_map, (IdMap{{0, uid, 1}}));
  }
}

TEST(ReadEnterFacts, OpenDirectories) {
  const Sleeper target;
  const TemporaryDirectory directory;
  const auto facts =
      facts_of(newest_kernel(), target.pid(),
               {.root = PathOrTarget(), .working_directory = PathOrTarget(directory.path())});
  ASSERT_TRUE(facts.root && facts.working_directory);
  EXPECT_EQ(facts.root->path, "the root directory of PID " + std::to_string(target.pid()));
  EXPECT_EQ(facts.working_directory->path, directory.path());
  EXPECT_EQ(inode_of("/proc/self/fd/" + std::to_string(facts.root->fd)), inode_of("/"));
  EXPECT_EQ(inode_of("/proc/self/fd/" + std::to_string(facts.working_directory->fd)),
            inode_of(directory.path()));
}

TEST(ReadEnterFacts, KnowWhetherTheCallerHasPrivilege) {
  NSX_NEEDS_USER_NAMESPACES();
  const auto has_sys_admin = [] {
    return must(read_enter_facts(newest_kernel(), {})).has_sys_admin ? 1 : 0;
  };
  Child root([&] { return become_root_in_new_namespaces(0) ? has_sys_admin() : 9; });
  EXPECT_EQ(WEXITSTATUS(root.wait()), 1);
  Child nobody([&] {
    // A process that joins a user namespace gets all capabilities in it, and loses them by an exec
    // or a change from UID 0.
    if (!become_root_in_new_namespaces(0)) return 9;
    const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    if (::syscall(SYS_capset, &header, none.data()) != 0) return 8;
    return has_sys_admin();
  });
  EXPECT_EQ(WEXITSTATUS(nobody.wait()), 0);
}

/// What a process with this AppArmor label provides for a program that follows it; `own` is the
/// caller's label.
std::optional<step::SetSecurityContext> context_for(std::string_view label, std::string_view own) {
  FakeProc proc;
  for (const char* process : {"42", "self"}) {
    proc.add_directory(std::string(process) + "/attr/apparmor");
    write_file(proc.path() + '/' + process + "/attr/apparmor/current",
               std::string_view(process) == "42" ? label : own);
  }
  return facts_of(proc.kernel(), 42, {.follow_context = true}).security_context;
}

TEST(ReadEnterFacts, FollowAnAppArmorProfile) {
  const auto context = context_for("docker-default (enforce)\n", "unconfined\n");
  ASSERT_TRUE(context);
  EXPECT_EQ(context->context, "docker-default");
  EXPECT_TRUE(context->is_apparmor);
  EXPECT_EQ(context_for("a (b)//&:ns://c (complain)\n", "unconfined\n")->context,
            "a (b)//&:ns://c");
  EXPECT_EQ(context_for("unconfined\n", "mine (enforce)\n")->context, "unconfined");
  // Under some profiles, even taking the same label needs a privilege.
  EXPECT_FALSE(context_for("unconfined\n", "unconfined\n"));
  EXPECT_FALSE(context_for("mine (enforce)\n", "mine (complain)\n"));
  FakeProc proc;
  proc.add_directory("42");
  EXPECT_FALSE(facts_of(proc.kernel(), 42, {.follow_context = true}).security_context);
}

TEST(ReadEnterFacts, SayWhatIsWrong) {
  const struct {
    EnterRequest request;
    std::string message;
  } cases[] = {
      {{.selections = {{Kind::net, {}, {}}}},
       "cannot enter the net namespace: neither a target nor a file is given"},
      {{.all = true}, "cannot enter the cgroup namespace: neither a target nor a file is given"},
      {{.selections = {{Kind::net, "/proc/self/ns/uts", {}}}},
       "cannot join /proc/self/ns/uts as the net namespace: its kind is uts"},
      {{.selections = {{Kind::net, "/nowhere", {}}}},
       "cannot open /nowhere: No such file or directory"},
      {{.root = PathOrTarget()}, "cannot use the directory: no target process is given"},
      {{.root = PathOrTarget("/nowhere")},
       "cannot open the directory /nowhere: No such file or directory"},
      {{.working_directory = PathOrTarget("/dev/null")},
       "cannot open the directory /dev/null: Not a directory"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(failure(read_enter_facts(newest_kernel(), c.request)), c.message);
}

}  // namespace
}  // namespace nsx
