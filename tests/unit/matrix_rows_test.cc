// SPDX-License-Identifier: MIT
#include "fake_proc.hh"
#include "made_census.hh"
#include "nsx-ls/views.hh"
#include "support.hh"

namespace nsx::ls_tool {
namespace {

MatrixRow row(const Census& census, std::size_t process, std::string name = {}) {
  return {std::move(name), census.processes[process].pid, census.processes[process].namespaces};
}

std::vector<MatrixRow> all_rows(const Census& census) {
  std::vector<MatrixRow> rows;
  for (std::size_t i = 0; i < census.processes.size(); ++i)
    rows.push_back(row(census, i));
  return rows;
}

/// "-", "first", "=LABEL" or "?"
std::string cell(const Matrix& matrix, std::size_t row, Kind kind) {
  const MatrixCell& cell = matrix.cell(row, kind);
  switch (cell.state) {
    case MatrixCell::State::as_init:
      return "-";
    case MatrixCell::State::first:
      return "first";
    case MatrixCell::State::shared:
      return '=' + matrix.rows()[cell.first].label();
    case MatrixCell::State::unknown:
      break;
  }
  return "?";
}

/// The cells of some kinds, row by row.
std::vector<std::string> cells(const Matrix& matrix, KindSet kinds) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < matrix.rows().size(); ++i) {
    std::string line;
    for (const Kind kind : kinds)
      line += (line.empty() ? "" : " ") + cell(matrix, i, kind);
    lines.push_back(line);
  }
  return lines;
}

/// PID 1, and three others: two share a net namespace, and the third has an invisible one.
struct Scene : MadeCensus {
  Scene() {
    const CensusIndex init_net = ns(Kind::net, 10);
    const CensusIndex init_uts = ns(Kind::uts, 11);
    const CensusIndex net = ns(Kind::net, 20);
    const CensusIndex uts = ns(Kind::uts, 21);
    process(1, 0, {init_net, init_uts});
    process(5, 1, {net, init_uts});
    process(6, 1, {net, uts});
    process(7, 1, {init_net});
  }
};

TEST(Matrix, TellsWhatIsSharedWithWhom) {
  const Scene scene;
  const auto& init = scene.census.processes[0].namespaces;
  const Matrix matrix(all_rows(scene.census), init);
  EXPECT_EQ(cells(matrix, {Kind::net, Kind::uts}),
            (std::vector<std::string>{"- -", "first -", "=5 first", "- ?"}));
  EXPECT_EQ(matrix.others(1, Kind::net), (std::vector<std::size_t>{2}));
  EXPECT_EQ(matrix.others(2, Kind::net), (std::vector<std::size_t>{1}));
  EXPECT_TRUE(matrix.others(2, Kind::uts).empty());
  EXPECT_TRUE(matrix.others(3, Kind::uts).empty());
}

TEST(Matrix, NamesTheFirstRowThatIsThere) {
  const Scene scene;
  const auto& init = scene.census.processes[0].namespaces;
  const Matrix matrix({row(scene.census, 2, "web"), row(scene.census, 1, "db")}, init);
  EXPECT_EQ(cells(matrix, {Kind::net, Kind::uts}),
            (std::vector<std::string>{"first first", "=web -"}));
}

TEST(Matrix, OfNothing) {
  EXPECT_TRUE(Matrix({}, {}).rows().empty());
}

TEST(FindProcess, FindsThoseThatAreThere) {
  const Scene scene;
  for (const pid_t pid : {1, 5, 6, 7}) {
    const CensusProcess* found = find_process(scene.census, pid);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->pid, pid);
  }
  for (const pid_t pid : {0, 2, 8})
    EXPECT_EQ(find_process(scene.census, pid), nullptr);
  EXPECT_EQ(find_process({}, 1), nullptr);
}

TEST(SharesAll, IsOfTheKindsThatAreAskedForAndSeen) {
  const Scene scene;
  const auto& processes = scene.census.processes;
  const auto shares = [&](std::size_t process, KindSet kinds) {
    return shares_all(processes[process].namespaces, processes[0].namespaces, kinds);
  };
  EXPECT_TRUE(shares(0, KindSet::all()));
  EXPECT_FALSE(shares(1, KindSet::all()));
  EXPECT_TRUE(shares(1, {Kind::uts}));
  EXPECT_TRUE(shares(3, KindSet::all()));
}

TEST(CommandsOf, AreNotThoseOfOthersThatHaveTheNumbersByNow) {
  Scene scene;
  FakeProc proc;
  for (CensusProcess& process : scene.census.processes) {
    process.start_time = 100;
    proc.add({.pid = process.pid, .name = "of-" + std::to_string(process.pid), .start_time = 100});
  }
  scene.census.processes[1].start_time = 99;
  EXPECT_EQ(commands_of(proc.kernel(), scene.census, all_rows(scene.census)),
            (std::vector<std::string>{"of-1", "", "of-6", "of-7"}));
}

}  // namespace
}  // namespace nsx::ls_tool
