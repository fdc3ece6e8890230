// SPDX-License-Identifier: MIT
// Undoing a change, the content of a snapshot, and the limit that applies: without a cgroup.

#include "account/account.hh"
#include "cgroup/files.hh"
#include "cgroup/plan.hh"
#include "nsx-cg/commands.hh"
#include "support.hh"

namespace nsx {
namespace {

using cg_tool::format_snapshot;

using Writes = std::vector<std::string>;

TEST(Undo, WritesWhatWasThere) {
  EXPECT_EQ(writes_to_restore("memory.max", "1048576", "max\n"), Writes{"max"});
  EXPECT_EQ(writes_to_restore("cpu.max", "max 100000", "50000 100000\n"), Writes{"50000 100000"});
  EXPECT_EQ(writes_to_restore("cpuset.cpus", "0", "\n"), Writes{"\n"});
  EXPECT_EQ(writes_to_restore("misc.max", "a 1", "a max\nb 2\n"), (Writes{"a max", "b 2"}));
}

TEST(Undo, OfADiskTouchesNoOther) {
  const char* old =
      "8:0 rbps=1 wbps=max riops=max wiops=max\n8:16 rbps=2 wbps=max riops=max wiops=max\n";
  EXPECT_EQ(writes_to_restore("io.max", "8:16 rbps=9", old),
            Writes{"8:16 rbps=2 wbps=max riops=max wiops=max"});
  EXPECT_EQ(writes_to_restore("io.max", "8:1 rbps=9", old),
            Writes{"8:1 rbps=max wbps=max riops=max wiops=max"});
  EXPECT_EQ(writes_to_restore("io.weight", "8:0 50", "default 100\n"), Writes{"8:0 default"});
  EXPECT_EQ(writes_to_restore("io.weight", "default 50", "default 100\n"), Writes{"default 100"});
  EXPECT_EQ(writes_to_restore("io.latency", "8:0 target=5", ""), Writes{"8:0 target=0"});
}

TEST(Undo, OfControllersLeavesOthers) {
  const char* file = "cgroup.subtree_control";
  EXPECT_EQ(writes_to_restore(file, "+memory", "cpu\n"), Writes{"-memory"});
  EXPECT_EQ(writes_to_restore(file, "+cpu -io +pids", "cpu io\n"), (Writes{"+io", "-pids"}));
  EXPECT_EQ(writes_to_restore(file, "+cpu -io", "cpu\n"), Writes{});
}

TEST(Controller, IsThatOfItsFiles) {
  EXPECT_EQ(controller_of("memory.max"), "memory");
  EXPECT_EQ(controller_of("cpuset.cpus"), "cpuset");
  EXPECT_EQ(controller_of("hugetlb.2MB.max"), "hugetlb");
  for (const char* file : {"cgroup.procs", "cpu.pressure", "memory.pressure", "cpu.stat"})
    EXPECT_EQ(controller_of(file), "") << file;
  EXPECT_TRUE(lists_controller("cpu memory\n", "memory"));
  EXPECT_FALSE(lists_controller("cpuset memory\n", "cpu"));
}

TEST(Setting, IsNoDeedAndNoRecord) {
  for (const char* file : {"memory.max", "cgroup.max.depth", "cpuset.cpus.partition"})
    EXPECT_TRUE(is_setting(file)) << file;
  for (const char* file : {"cgroup.procs", "cgroup.kill", "cgroup.freeze", "memory.reclaim",
                           "memory.peak", "cpu.pressure", "cgroup.pressure", "cgroup.type"}) {
    EXPECT_FALSE(is_setting(file)) << file;
  }
}

CgroupSnapshot some_snapshot() {
  return {{{".", {"memory", "io"}, {{"memory.max", "max"}}},
           {"a\tb/\"c\"",
            {},
            {{"io.max", "8:0 rbps=1"}, {"io.max", "8:16 rbps=2"}, {"cpuset.cpus", ""}}}}};
}

TEST(Snapshot, IsTheSameAfterJson) {
  const auto text = must(format_snapshot(some_snapshot()));
  EXPECT_EQ(must(parse_snapshot(text)), some_snapshot());
}

TEST(Snapshot, IsWrittenInLines) {
  EXPECT_EQ(must(format_snapshot(some_snapshot())), R"({
  "nsx_cgroups": 1,
  "cgroups": [
    {
      "path": ".",
      "controllers": [
        "memory",
        "io"
      ],
      "settings": {
        "memory.max": "max"
      }
    },
    {
      "path": "a\tb/\"c\"",
      "controllers": [],
      "settings": {
        "io.max": [
          "8:0 rbps=1",
          "8:16 rbps=2"
        ],
        "cpuset.cpus": ""
      }
    }
  ]
}
)");
}

TEST(Snapshot, OfANameThatIsNotTextIsRefused) {
  const CgroupSnapshot snapshot{{{".", {}, {}}, {"a\xff", {}, {}}}};
  EXPECT_EQ(failure(format_snapshot(snapshot)),
            "cannot export the cgroup a\\xff: its name is not UTF-8, which JSON requires");
}

std::string with_cgroups(const std::string& cgroups) {
  return R"({"nsx_cgroups": 1, "cgroups": )" + cgroups + "}";
}

TEST(Snapshot, TakesAnyTextAndRefusesWhatIsNone) {
  for (const char* text : {"", "x", "[]", "{}", "null", "1", "\"nsx_cgroups\"",
                           R"({"nsx_cgroups": 2, "cgroups": [{"path": "."}]})",
                           R"({"nsx_cgroups": "1", "cgroups": [{"path": "."}]})",
                           R"({"nsx_cgroups": 1})", R"({"cgroups": [{"path": "."}]})"}) {
    EXPECT_FALSE(parse_snapshot(text)) << text;
  }
  for (const char* cgroups : {"[]",
                              "{}",
                              "[1]",
                              "[{}]",
                              R"([{"path": ""}])",
                              R"([{"path": "/a"}])",
                              R"([{"path": "../a"}])",
                              R"([{"path": "a/../b"}])",
                              R"([{"path": "a//b"}])",
                              R"([{"path": "a\nb"}])",
                              R"([{"path": "a\u0000b"}])",
                              R"([{"path": 1}])",
                              R"([{"path": ".", "settings": []}])",
                              R"([{"path": ".", "settings": {"memory.max": 1}}])",
                              R"([{"path": ".", "settings": {"../x.y": "1"}}])",
                              R"([{"path": ".", "settings": {"cgroup.procs": "1"}}])",
                              R"([{"path": ".", "settings": {"cgroup.subtree_control": "+cpu"}}])",
                              R"([{"path": ".", "settings": {"memory.max": "1\n2"}}])",
                              R"([{"path": ".", "settings": {"io.max": [["8:0"]]}}])",
                              R"([{"path": ".", "controllers": "cpu"}])",
                              R"([{"path": ".", "controllers": ["cpu -io"]}])",
                              R"([{"path": ".", "controllers": [1]}])"}) {
    EXPECT_FALSE(parse_snapshot(with_cgroups(cgroups))) << cgroups;
  }
  EXPECT_TRUE(parse_snapshot(with_cgroups(R"([{"path": "."}])")));
  EXPECT_TRUE(parse_snapshot(with_cgroups(R"([{"path": "..a/b.."}])")));
  EXPECT_FALSE(parse_snapshot(std::string(1000000, '[')));
}

TEST(EffectiveLimit, IsTheLowest) {
  ExplainedLimit limit;
  limit.file = "memory.max";
  limit.levels = {{"/a/b", "max"}, {"/a", "1048576"}, {"/", "2097152"}};
  EXPECT_EQ(effective_level(limit), 1U);
  limit.levels = {{"/a/b", "max"}, {"/a", "max"}};
  EXPECT_EQ(effective_level(limit), std::nullopt);
  limit.levels = {{"/a/b", "4096"}, {"/a", "4096"}};
  EXPECT_EQ(effective_level(limit), 1U);
}

TEST(EffectiveLimit, OfCpusIsAShare) {
  ExplainedLimit limit;
  limit.file = "cpu.max";
  limit.levels = {{"/a/b", "60000 200000"}, {"/a", "50000 100000"}, {"/", "max 100000"}};
  EXPECT_EQ(effective_level(limit), 0U);
}

}  // namespace
}  // namespace nsx
