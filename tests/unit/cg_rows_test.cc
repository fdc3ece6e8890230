// SPDX-License-Identifier: MIT
#include "nsx-cg/cells.hh"
#include "nsx-cg/columns.hh"
#include "nsx-cg/rows.hh"
#include "nsx-cg/top_model.hh"
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

/// The paths of the rows, in a tree with the path of the parent row after a colon.
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
  const auto found = [](const char* name) { return must(cli::parse_column(kColumnNames, name)); };
  EXPECT_EQ(found("pids/max"), column("PIDS/MAX"));
  EXPECT_EQ(found("cpu"), column("CPU%"));
  EXPECT_EQ(found("mem"), column("MEM"));
  EXPECT_EQ(found("Memory"), column("MEM"));
  EXPECT_EQ(found("pids"), column("PIDS/MAX"));
  EXPECT_FALSE(cli::parse_column(kColumnNames, "CP"));
  EXPECT_FALSE(cli::parse_column(kColumnNames, "EVENTS"));
  EXPECT_EQ(must(cli::parse_column(kTopNames, "Events")), kEventsColumn);
  EXPECT_EQ(must(cli::parse_column(kTopNames, "read")), column("RBPS"));
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
  CgroupRates rates;
  const auto cell = [&](cli::ColumnId id) { return info(id).cell({sample, rates}); };
  EXPECT_EQ(cell(column("MEM")), cli::Cell{});
  sample.memory = 3 << 20;
  sample.memory_max = kNoCgroupLimit;
  sample.pids_current = 3;
  EXPECT_EQ(cell(column("MEM")).shown, "3.0M");
  EXPECT_EQ(cell(column("LIMIT")).shown, "max");
  EXPECT_EQ(cell(column("PIDS/MAX")).shown, "3/-");
  sample.pids_max = 10;
  EXPECT_EQ(cell(column("PIDS/MAX")).shown, "3/10");
  rates.cpu = 0.5;
  EXPECT_EQ(cell(column("CPU%")).shown, "50.0");
}

TEST(CgroupCells, HaveJsonOfTheirOwn) {
  CgroupSample sample;
  CgroupRates rates;
  const auto json_of = [&](cli::ColumnId id) {
    cli::JsonWriter json;
    cli::write_member(info(id), {sample, rates}, json.open('{'));
    return json.close().take();
  };
  EXPECT_EQ(json_of(column("PIDS/MAX")), R"({"pids":null,"max":null})");
  EXPECT_EQ(json_of(column("RBPS")), R"({"rbps":null})");
  EXPECT_EQ(json_of(column("CPU-PSI")), R"({"cpu_psi":null})");
  EXPECT_EQ(json_of(column("FROZEN")), R"({"frozen":null})");
  EXPECT_EQ(json_of(column("CONTROLLERS")), R"({"controllers":[]})");
  sample.pids_current = 3;
  sample.pids_max = sample.memory_max = kNoCgroupLimit;
  sample.memory = 4096;
  sample.cpu_pressure = CgroupPressure{.some = {.avg10 = 1.5, .total = 7}};
  sample.frozen = true;
  sample.controllers = {"cpu", "io"};
  rates.cpu = 0.5;
  rates.read_bytes = 1023.5;
  EXPECT_EQ(json_of(column("PIDS/MAX")), R"({"pids":3,"max":"max"})");
  EXPECT_EQ(json_of(column("LIMIT")), R"({"limit":"max"})");
  EXPECT_EQ(json_of(column("MEM")), R"({"mem":4096})");
  EXPECT_EQ(json_of(column("CPU%")), R"({"cpu_percent":50.00})");
  EXPECT_EQ(json_of(column("RBPS")), R"({"rbps":1023.50})");
  EXPECT_EQ(json_of(column("CPU-PSI")),
            R"({"cpu_psi":{"some":{"avg10":1.50,"avg60":0.00,"avg300":0.00,"total":7},)"
            R"("full":{"avg10":0.00,"avg60":0.00,"avg300":0.00,"total":0}}})");
  EXPECT_EQ(json_of(column("FROZEN")), R"({"frozen":true})");
  EXPECT_EQ(json_of(column("CONTROLLERS")), R"({"controllers":["cpu","io"]})");
}

/// The command of a child of ours, in a reading with the child in its cgroup or in another.
std::string command_in(bool its_own) {
  const Kernel kernel = newest_kernel();
  const CgroupTree tree = must(CgroupTree::open(kernel));
  const Sleeper child;
  const Cgroup own = must(tree.own());
  CgroupReading reading;
  reading.cgroups.resize(1);
  CgroupSample& sample = reading.cgroups.front();
  sample.path = own.path();
  sample.id = inode_of(own.directory_path()) + (its_own ? 0 : 1);
  sample.pids = {child.pid(), kNobody};
  const std::size_t first = 0;
  const auto commands = read_commands(tree, reading, {&first, 1});
  EXPECT_EQ(commands.at(kNobody), "");
  return commands.at(child.pid());
}

TEST(ReadCommands, ReadsNoneOfAProcessOfAnotherCgroup) {
  EXPECT_NE(command_in(true), "");
  EXPECT_EQ(command_in(false), "") << "by now, another process has the PID";
}

}  // namespace
}  // namespace nsx::cg_tool
