// SPDX-License-Identifier: MIT
#include "made_census.hh"
#include "nsx-ls/views.hh"
#include "support.hh"

namespace nsx::ls_tool {
namespace {

std::string json_of(const Detail& detail) {
  cli::JsonWriter json;
  write_json(detail, json);
  return json.take();
}

TEST(ParseTimeOffsets, TakesWhatTheKernelWrites) {
  const auto offsets = parse_time_offsets(
      "monotonic          -5         0\n"
      "boottime         3600 500000000\n");
  ASSERT_TRUE(offsets);
  EXPECT_EQ(*offsets, (TimeOffsets{{-5, 0}, {3600, 500000000}}));
}

TEST(ParseTimeOffsets, RefusesOtherTexts) {
  for (const char* text : {"monotonic", "monotonic 1", "monotonic one 0", "boottime 1 2x"}) {
    EXPECT_FALSE(parse_time_offsets(text)) << text;
  }
}

TEST(SummarizeMounts, CountsAndTakesTheRootThatIsSeen) {
  const Mounts mounts = summarize_mounts(
      "1 0 8:1 / / rw - ext4 /dev/vda1 rw\n"
      "2 1 0:5 / /proc rw - proc proc rw\n"
      "3 1 0:9 /a\\040tree / rw - overlay over\\040lay rw\n");
  EXPECT_EQ(mounts, (Mounts{3, "over lay", "overlay", "/a tree"}));
  EXPECT_EQ(summarize_mounts(""), Mounts());
}

/// The PIDs shown for a uts namespace with this process and another, whose start time in the census
/// is this.
std::vector<pid_t> shown_beside_us(std::uint64_t start_time) {
  const Kernel kernel = newest_kernel();
  const Sleeper other;
  const auto stat_of = [&](pid_t pid) {
    return must(must(Process::open(kernel, pid)).read("stat"));
  };
  const auto uts = must(must(Process::open(kernel, ::getpid())).open_namespace(kernel, Kind::uts));
  MadeCensus made;
  made.ns(Kind::uts, uts.identity().inode);
  made.process(::getpid(), 1, {0});
  made.process(other.pid(), ::getpid(), {0});
  made.census.processes[0].start_time = parse_process_stat(stat_of(::getpid()))->start_time;
  made.census.processes[1].start_time =
      start_time != 0 ? start_time : parse_process_stat(stat_of(other.pid()))->start_time;
  std::vector<pid_t> pids;
  for (const Member& member : read_detail(kernel, made.census, uts).detail.members) {
    EXPECT_FALSE(member.command.empty());
    pids.push_back(member.pid == other.pid() ? 2 : 1);
  }
  return pids;
}

TEST(ReadDetail, LeavesOutAProcessThatHasTheNumberOfAnother) {
  EXPECT_EQ(shown_beside_us(0), (std::vector<pid_t>{1, 2}));
  EXPECT_EQ(shown_beside_us(1), std::vector<pid_t>{1});
}

TEST(InnermostPid, IsTheLastOfItsLine) {
  EXPECT_EQ(innermost_pid("Name:\tx\nNSpid:\t4021\t17\t1\nNSpgid:\t4021\n"), 1);
  EXPECT_EQ(innermost_pid("Name:\tx\nNSpid:\t4021\n"), 4021);
  EXPECT_EQ(innermost_pid("Name:\tx\nNSpid:\t"), std::nullopt);
  EXPECT_EQ(innermost_pid("Name:\tNSpid:\n"), std::nullopt);
  EXPECT_EQ(innermost_pid(""), std::nullopt);
}

Detail made(Kind kind) {
  Detail detail;
  detail.kind = kind;
  detail.identity.inode = 42;
  return detail;
}

TEST(LinesOf, TellWhatThereIs) {
  EXPECT_EQ(lines_of(made(Kind::ipc)),
            "type:       ipc\n"
            "ns:         42\n");

  Detail user = made(Kind::user);
  user.identity.id = 7;
  user.creator = 4000000;
  user.owners = {{{0, 20, 0}, 4000001}, {{0, OwnerStep::kFirstUserInode, 0}, 0}};
  user.holders.emplace_back().count = 2;
  user.maps = UserMaps{{{0, 1000, 1}, {1, 100000, 65536}}, {}};
  EXPECT_EQ(lines_of(user),
            "type:       user\n"
            "ns:         42\n"
            "id:         7\n"
            "made by:    4000000\n"
            "owner:      user 20, made by 4000001\n"
            "owner:      user 4026531837, initial\n"
            "held by:    2 processes\n"
            "uid map:    0 inside is 1000 outside\n"
            "uid map:    1 inside is 100000 outside (65536 IDs)\n"
            "gid map:    not set\n");
}

TEST(LinesOf, TellWhatAKindHas) {
  Detail net = made(Kind::net);
  net.interfaces = {{1, "lo", "", "", true, {{"127.0.0.1", 8}, {"::1", 128}}},
                    {2, "e\x1b[2J", "veth", "02:03", false, {}}};
  EXPECT_NE(lines_of(net).find("interface:  lo up 127.0.0.1/8 ::1/128\n"
                               "interface:  e\\x1b[2J (veth) down 02:03\n"),
            std::string::npos)
      << lines_of(net);

  Detail uts = made(Kind::uts);
  uts.names = HostNames{"web\x1b", "(none)"};
  EXPECT_TRUE(lines_of(uts).ends_with("host:       web\\x1b\n")) << lines_of(uts);
  uts.names->domain = "example";
  EXPECT_TRUE(lines_of(uts).ends_with("domain:     example\n"));

  Detail mnt = made(Kind::mnt);
  mnt.mounts = Mounts{22, "/dev/vda1", "ext4", "/"};
  EXPECT_TRUE(lines_of(mnt).ends_with("mounts:     22\nroot:       /dev/vda1 (ext4)\n"));
  mnt.mounts->root_path = "/web";
  EXPECT_TRUE(lines_of(mnt).ends_with("root:       /dev/vda1[/web] (ext4)\n"));

  Detail pid = made(Kind::pid);
  pid.parent = NamespaceIdentity{0, 41, 0};
  pid.init = 4021;
  EXPECT_TRUE(lines_of(pid).ends_with("parent:     pid 41\ninit:       4021\n"));
}

TEST(LinesOf, WriteOffsetsAsAPersonWould) {
  const struct {
    ClockOffset offset;
    const char* written;
  } cases[] = {
      {{0, 0}, "+0 s"},           {{3600, 0}, "+3600 s"},      {{-5, 0}, "-5 s"},
      {{1, 500000000}, "+1.5 s"}, {{-1, 500000000}, "-0.5 s"}, {{-2, 1}, "-1.999999999 s"},
  };
  for (const auto& c : cases) {
    Detail time = made(Kind::time);
    time.offsets = TimeOffsets{c.offset, {}};
    EXPECT_NE(lines_of(time).find(std::string("monotonic:  ") + c.written + '\n'),
              std::string::npos)
        << lines_of(time);
  }
}

TEST(DetailJson, HasWhatThereIsAndNothingElse) {
  EXPECT_EQ(json_of(made(Kind::ipc)),
            R"({"type":"ipc","ns":42,"owners":[],"held_by":[],"processes":[]})");

  Detail pid = made(Kind::pid);
  pid.identity.id = 7;
  pid.owners = {{{0, 20, 0}, std::nullopt}};
  pid.parent = NamespaceIdentity{0, 41, 6};
  pid.init = 9;
  pid.members = {{9, 1, 3, 4000000, "sleep\xff"}, {10, 0, 9, 4000000, ""}};
  EXPECT_EQ(
      json_of(pid),
      R"({"type":"pid","ns":42,"id":7,"owners":[{"ns":20,"is_first":false}],)"
      R"("parent":{"ns":41,"id":6},"held_by":[],"init":9,"processes":[)"
      R"({"pid":9,"nspid":1,"ppid":3,"uid":4000000,"user":"4000000","command":"sleep\ufffd"},)"
      R"({"pid":10,"ppid":9,"uid":4000000,"user":"4000000","command":""}]})");
}

TEST(DetailJson, HasListsAndNumbers) {
  Detail net = made(Kind::net);
  net.interfaces = {{2, "eth0", "veth", "02:03", true, {{"10.0.0.2", 24}}}};
  EXPECT_NE(json_of(net).find(R"("interfaces":[{"index":2,"name":"eth0","kind":"veth",)"
                              R"("hardware_address":"02:03","up":true,)"
                              R"("addresses":[{"address":"10.0.0.2","prefix":24}]}])"),
            std::string::npos)
      << json_of(net);
  Detail time = made(Kind::time);
  time.offsets = TimeOffsets{{-5, 0}, {0, 1}};
  EXPECT_NE(json_of(time).find(R"("monotonic":{"seconds":-5,"nanoseconds":0},)"
                               R"("boottime":{"seconds":0,"nanoseconds":1})"),
            std::string::npos);
}

// --- On the real kernel --------------------------------------------------------------------------

TEST(FindNamed, TakesANumberForThatOfANamespace) {
  const Kernel kernel = newest_kernel();
  const ino_t uts = inode_of("/proc/self/ns/uts");
  const ViewRequest request;
  OperandCensus census(kernel, request);
  for (const KindSet kinds : {KindSet{}, KindSet{Kind::uts}, KindSet{Kind::uts, Kind::net}}) {
    const Named named = must(find_named(kernel, census, std::to_string(uts), kinds));
    ASSERT_EQ(named.namespaces.size(), 1U);
    EXPECT_EQ(named.namespaces[0].identity().inode, uts);
  }
  EXPECT_FALSE(find_named(kernel, census, std::to_string(uts), {Kind::net}));
  EXPECT_FALSE(find_named(kernel, census, std::to_string(uts), {Kind::net, Kind::mnt}));
}

TEST(FindNamed, TellsOfTheProcessThatWasMeant) {
  const Kernel kernel = newest_kernel();
  const Sleeper sleeper;
  const std::string pid = std::to_string(sleeper.pid());
  const ViewRequest request;
  OperandCensus census(kernel, request);
  const auto named = find_named(kernel, census, pid, {});
  // Ids are counted from 1: there may be a namespace of this number.
  if (!named) {
    EXPECT_NE(failure(named).find("\nhint: for the process with this PID: nsx-ls --task=" + pid),
              std::string::npos);
  }
}

}  // namespace
}  // namespace nsx::ls_tool
