#include "nsx-cg/cells.hh"
#include "nsx-cg/columns.hh"
#include "nsx-cg/rows.hh"
#include "support.hh"

namespace nsx::cg_tool {
namespace {

/// "/" with a (c, d) and b below it; each has as many processes as its index.
CgroupReading some_reading() {
  CgroupReading reading;
  const auto add = [&](const char* path, std::optional<std::size_t> parent) {
    CgroupSample sample;
    sample.path = path;
    sample.parent = parent;
    sample.processes = reading.cgroups.size();
    reading.cgroups.push_back(std::move(sample));
  };
  add("/", std::nullopt);
  add("/a", 0);
  add("/a/c", 1);
  add("/a/d", 1);
  add("/b", 0);
  return reading;
}

/// The paths of the rows, with that of the row above behind a colon in a tree.
std::vector<std::string> shown(const RowRequest& request) {
  const CgroupReading reading = some_reading();
  const auto rows = make_rows(reading, request);
  std::vector<std::string> text;
  for (const Row& row : rows) {
    text.push_back(reading.cgroups[row.cgroup].path);
    if (row.parent) text.back() += ':' + reading.cgroups[rows[*row.parent].cgroup].path;
  }
  return text;
}

using Paths = std::vector<std::string>;

TEST(CgroupRows, AreAllInTheirOrder) {
  EXPECT_EQ(shown({}), (Paths{"/", "/a", "/a/c", "/a/d", "/b"}));
  EXPECT_EQ(shown({.is_tree = true}), (Paths{"/", "/a:/", "/a/c:/a", "/a/d:/a", "/b:/"}));
}

TEST(CgroupRows, AreThoseOfAFilter) {
  const auto only_d = [](std::size_t cgroup) { return cgroup == 3; };
  EXPECT_EQ(shown({.accepts = only_d}), Paths{"/a/d"});
  EXPECT_EQ(shown({.is_tree = true, .accepts = only_d}), (Paths{"/", "/a:/", "/a/d:/a"}));
  EXPECT_EQ(shown({.is_tree = true, .accepts = [](std::size_t) { return false; }}), Paths{});
}

TEST(CgroupRows, AreNotDeeper) {
  EXPECT_EQ(shown({.depth = 0}), Paths{"/"});
  EXPECT_EQ(shown({.is_tree = true, .depth = 1}), (Paths{"/", "/a:/", "/b:/"}));
}

TEST(CgroupRows, AreSorted) {
  const std::vector<cli::Value> keys{std::uint64_t{0}, 2.5, std::monostate(), std::uint64_t{9},
                                     std::uint64_t{3}};
  RowRequest request;
  request.key = [&](std::size_t cgroup) -> const cli::Value& { return keys[cgroup]; };
  EXPECT_EQ(shown(request), (Paths{"/a/c", "/", "/a", "/b", "/a/d"}));
  request.descending = true;
  EXPECT_EQ(shown(request), (Paths{"/a/d", "/b", "/a", "/", "/a/c"}));
  request.is_tree = true;
  EXPECT_EQ(shown(request), (Paths{"/", "/b:/", "/a:/", "/a/d:/a", "/a/c:/a"}));
}

TEST(CgroupColumns, AreFoundByName) {
  EXPECT_EQ(must(parse_column("pids/max")), Column::pids);
  EXPECT_EQ(must(parse_columns("+cpu%,OOM", {Column::cgroup_name})),
            (std::vector{Column::cgroup_name, Column::cpu, Column::oom}));
  EXPECT_FALSE(parse_columns("NAME,", {}));
  EXPECT_FALSE(parse_column("CPU"));
  for (std::size_t i = 0; i < kColumns.size(); ++i)
    EXPECT_EQ(static_cast<std::size_t>(kColumns[i].column), i);
}

TEST(CgroupCells, HaveUnits) {
  EXPECT_EQ(size_text(0, false), "0");
  EXPECT_EQ(size_text(1023, false), "1023");
  EXPECT_EQ(size_text(1024, false), "1.0K");
  EXPECT_EQ(size_text(10 * 1024, false), "10K");
  EXPECT_EQ(size_text(1048575, false), "1.0M");
  EXPECT_EQ(size_text(UINT64_MAX, false), "16E");
  EXPECT_EQ(size_text(1048575, true), "1048575");

  CgroupSample sample;
  EXPECT_EQ(make_cell(Column::mem, sample, {}, false), cli::Cell{});
  sample.memory = 3 << 20;
  sample.memory_max = kNoCgroupLimit;
  sample.pids_current = 3;
  EXPECT_EQ(make_cell(Column::mem, sample, {}, false).shown, "3.0M");
  EXPECT_EQ(make_cell(Column::limit, sample, {}, false).shown, "max");
  EXPECT_EQ(make_cell(Column::pids, sample, {}, false).shown, "3/-");
  sample.pids_max = 10;
  EXPECT_EQ(make_cell(Column::pids, sample, {}, false).shown, "3/10");
  EXPECT_EQ(make_cell(Column::cpu, sample, {.cpu = 0.5}, false).shown, "50.0");
}

}  // namespace
}  // namespace nsx::cg_tool
