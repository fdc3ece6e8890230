// SPDX-License-Identifier: MIT
// Plans with a root directory of other tools, and of changes to a target's mounts.
#include <algorithm>
#include <sys/mount.h>

#include <nsx/enter.hh>

#include "spelled.hh"
#include "support.hh"

namespace nsx {
namespace {

using Steps = std::vector<std::string>;

/// A target that is found in its own mount namespace (descriptor 102), and the host's tools.
EnterFacts facts_with_tools() {
  EnterFacts facts;
  facts.has_sys_admin = true;
  facts.namespaces.push_back({Kind::mnt, 102, "PID 42", false});
  ToolsFacts& tools = facts.tools.emplace();
  tools.path = "/";
  tools.of = "the host";
  tools.entries = {{.name = "bin", .link = "usr/bin"}, {.name = "usr"}};
  tools.of_caller = {"/dev/null"};
  tools.of_target = {{"/target", 7}, {"/proc", 8}, {"/run", 9, true}};
  tools.has_proc = true;
  tools.has_terminals = true;
  tools.working_directory = "/app";
  return facts;
}

EnterRequest request_with_tools() {
  EnterRequest request;
  request.tools.emplace();
  request.tools->word = "web";
  request.tools->home = "/root";
  request.program = {"id", {"id"}};
  request.protection.keeps_all_descriptors = true;
  return request;
}

/// Whether `steps` contains these, one after the other.
bool contains(const Steps& steps, const Steps& wanted) {
  return std::search(steps.begin(), steps.end(), wanted.begin(), wanted.end()) != steps.end();
}

TEST(PlanTools, MakesARootDirectoryInPlaceOfJoiningTheMountNamespace) {
  const Steps steps = spelled(must(plan_enter(request_with_tools(), facts_with_tools())));
  const std::string plain =
      std::to_string(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSYMFOLLOW);
  const std::string read_only = std::to_string(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
  const std::string own = std::to_string(MOUNT_ATTR_NOSUID);
  EXPECT_EQ(steps, (Steps{"prepare starter",
                          "hide",
                          "unshare mnt",
                          "slave",
                          "take -1:/usr," + read_only + " -1:/dev/null 102:/," + own +
                              " 102:/proc," + own + " 102:/run," + plain,
                          "new root",
                          "link /bin usr/bin",
                          "attach 0 to /usr",
                          "new tmpfs /tmp",
                          "attach 1 to /dev/null",
                          "link /dev/ptmx pts/ptmx",
                          "link /dev/fd /proc/self/fd",
                          "link /dev/stdin /proc/self/fd/0",
                          "link /dev/stdout /proc/self/fd/1",
                          "link /dev/stderr /proc/self/fd/2",
                          "attach 2 to /target",
                          "attach 3 to /proc",
                          "attach 4 to /run",
                          "enter root ro /target/app",
                          "variables NSX_TARGET=web PWD",
                          "exec id: id"}));
}

TEST(PlanTools, LeavesThemWritableOnRequest) {
  EnterRequest request = request_with_tools();
  request.tools->writable = true;
  request.tools->target_at = "/inside";
  EnterFacts facts = facts_with_tools();
  facts.tools->of_target[0].path = "/inside";
  const Steps steps = spelled(must(plan_enter(request, std::move(facts))));
  EXPECT_TRUE(contains(steps, {"enter root /inside/app"}));
  EXPECT_TRUE(std::none_of(steps.begin(), steps.end(), [](const std::string& step) {
    return step.find("/usr," + std::to_string(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID)) !=
           std::string::npos;
  }));
}

TEST(PlanTools, TakesThoseOfAnotherTargetByTheirDescriptors) {
  EnterFacts facts = facts_with_tools();
  facts.tools->path.clear();
  facts.tools->of = "container box";
  facts.tools->mnt = 55;
  facts.tools->entries = {{.name = "usr", .fd = 56}};
  const Plan plan = must(plan_enter(request_with_tools(), std::move(facts)));
  for (const Step& step : plan.steps) {
    if (const auto* taken = std::get_if<step::TakeTrees>(&step)) {
      EXPECT_EQ(taken->trees[0].mnt, 55);
      EXPECT_EQ(taken->trees[0].fd, 56);
      EXPECT_EQ(taken->trees[1].mnt, -1);
    }
  }
}

TEST(PlanTools, MountsAProcForThePidNamespaceWhereTheTargetHasNone) {
  EnterFacts facts = facts_with_tools();
  facts.tools->has_proc = false;
  facts.namespaces.push_back({Kind::pid, 104, "PID 42", false});
  EXPECT_TRUE(contains(spelled(must(plan_enter(request_with_tools(), std::move(facts)))),
                       {"fork death 0", "proc /proc", "exec id: id"}));
  // Root that has joined a user namespace may not mount any more.
  facts = facts_with_tools();
  facts.tools->has_proc = false;
  facts.namespaces.push_back({Kind::pid, 104, "PID 42", false});
  facts.namespaces.push_back({Kind::user, 106, "PID 42", false});
  const Steps steps = spelled(must(plan_enter(request_with_tools(), std::move(facts))));
  EXPECT_FALSE(contains(steps, {"proc /proc"}));
}

TEST(PlanTools, OpensANewDevptsWhereTheTargetHasNone) {
  EnterFacts facts = facts_with_tools();
  facts.tools->has_terminals = false;
  EXPECT_TRUE(contains(spelled(must(plan_enter(request_with_tools(), std::move(facts)))),
                       {"new devpts /dev/pts", "attach 2 to /target"}));
}

TEST(PlanTools, NamesTheTargetInThePromptWithoutCharactersThatAShellExpands) {
  EnterRequest request = request_with_tools();
  request.tools->word = "a$(reboot)`x`\\b";
  request.program = {"/bin/bash", {"-bash"}};
  EXPECT_TRUE(contains(spelled(must(plan_enter(request, facts_with_tools()))),
                       {"variables NSX_TARGET=a$(reboot)`x`\\b PWD debian_chroot=a__reboot__x__b "
                        "PS1=(a__reboot__x__b) \\u@\\h:\\w\\$ "}));
}

TEST(PlanTools, AppendsTheDirectoriesOfTheTargetToPath) {
  EnterRequest request = request_with_tools();
  request.tools->extended_path = "/bin";
  EnterFacts facts = facts_with_tools();
  facts.tools->search_path = "/opt/bin:relative::/app";
  EXPECT_TRUE(contains(spelled(must(plan_enter(request, std::move(facts)))),
                       {"variables NSX_TARGET=web PWD PATH=/bin:/target/opt/bin:/target/app"}));
}

TEST(PlanTools, TakesNeitherHomeNorShellFromTheTarget) {
  EnterRequest request = request_with_tools();
  request.user = User{.name = "root", .home = "/target/evil", .shell = "/target/evil/sh"};
  const Steps as_user = spelled(must(plan_enter(request, facts_with_tools())));
  EXPECT_TRUE(contains(as_user, {"variables NSX_TARGET=web PWD HOME=/ SHELL=/bin/sh"}));
  request.user.reset();
  request.tools->home.clear();
  EXPECT_TRUE(contains(spelled(must(plan_enter(request, facts_with_tools()))),
                       {"variables NSX_TARGET=web PWD HOME=/ SHELL=/bin/sh"}));
}

TEST(PlanTools, MountsTheNamesOfUsersOverThoseOfTheTools) {
  EnterFacts facts = facts_with_tools();
  facts.tools->databases = {{"/etc/passwd", "web:x:33:33::/:/usr/sbin/nologin\n"}};
  EXPECT_TRUE(contains(spelled(must(plan_enter(request_with_tools(), std::move(facts)))),
                       {"attach 4 to /run", "text /etc/passwd: web:x:33:33::/:/usr/sbin/nologin\n",
                        "enter root ro /target/app"}));
}

TEST(PlanTools, KeepsTheCallersPathsWithTheEnvironmentOfTheTarget) {
  EnterFacts facts = facts_with_tools();
  facts.environment = {"LD_PRELOAD=/evil.so"};
  const Plan plan = must(plan_enter(request_with_tools(), std::move(facts)));
  for (const Step& step : plan.steps) {
    if (const auto* environment = std::get_if<step::SetEnvironment>(&step)) {
      EXPECT_TRUE(environment->keeps_paths);
    }
  }
}

MountChangeRequest three_changes() {
  MountChangeRequest request;
  request.changes.push_back({.source = "/srv", .destination = "/app", .attributes = 1});
  request.changes.push_back({.action = MountChange::Action::tmpfs, .destination = "/cache"});
  request.changes.push_back({.action = MountChange::Action::unmount, .destination = "/old"});
  return request;
}

MountFacts facts_of_target() {
  MountFacts facts;
  facts.of = "PID 42";
  facts.root = 5;
  facts.mnt = 6;
  facts.sources = {{.fd = 7, .path = "/srv", .users = 8}, {}, {}};
  return facts;
}

TEST(PlanMountChanges, CopiesOutsideAndMountsInside) {
  EXPECT_EQ(spelled(plan_mount_changes(three_changes(), facts_of_target())),
            (Steps{"hide", "take -1:/srv,1,private,users 8", "join mnt fd 6 of PID 42",
                   "mount /srv inside on /app", "mount a new tmpfs inside on /cache",
                   "unmount /old inside"}));
}

TEST(PlanMountChanges, GainsTheRightInTheUserNamespaceFirst) {
  MountFacts facts = facts_of_target();
  facts.user = FoundNamespace{Kind::user, 9, "PID 42", false};
  facts.sources[0].users = -1;
  MountChangeRequest request = three_changes();
  request.make = true;
  request.force = true;
  EXPECT_EQ(
      spelled(plan_mount_changes(request, std::move(facts))),
      (Steps{"hide", "join user fd 9 of PID 42", "unshare mnt", "private", "take -1:/srv,1,private",
             "join mnt fd 6 of PID 42", "mount /srv inside on /app, making it",
             "mount a new tmpfs inside on /cache, making it", "unmount /old inside, lazily"}));
}

TEST(PlanMountChanges, LocksTheOptionsInAUserNamespace) {
  MountFacts facts = facts_of_target();
  facts.user = FoundNamespace{Kind::user, 9, "PID 42", false};
  facts.locks = true;
  EXPECT_EQ(spelled(plan_mount_changes(three_changes(), std::move(facts))),
            (Steps{"hide", "drop groups if allowed", "unshare mnt", "private",
                   "take -1:/srv,1,private,users 8", "new root", "attach 0 to /0", "enter root /",
                   "join user fd 9 of PID 42", "gid 0 uid 0", "unshare mnt", "take -1:/0,private",
                   "join mnt fd 6 of PID 42", "mount /srv inside on /app",
                   "mount a new tmpfs inside on /cache", "unmount /old inside"}));
}

}  // namespace
}  // namespace nsx
