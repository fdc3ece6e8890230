// SPDX-License-Identifier: MIT
#include "fake_proc.hh"
#include "made_census.hh"
#include "nsx-ls/list.hh"
#include "support.hh"

namespace nsx::ls_tool {
namespace {

class RowsAsJson : public testing::Test {
 protected:
  RowsAsJson() {
    const CensusIndex net = made_.ns(Kind::net, 10);
    made_.ns(Kind::uts, 20);
    made_.process(5, 1, {net}, 4000000);
  }

  std::string json(const std::vector<Row>& rows, const std::vector<cli::ColumnId>& columns) const {
    const FakeProc proc;
    const Kernel kernel = proc.kernel();
    FactReader reader(kernel, made_.census);
    for (const Row& row : rows) {
      const Subject subject = subject_of(made_.census, row.ns);
      reader.read({&subject, 1}, facts_of(columns));
    }
    return json_of(rows, columns, made_.census, reader.facts());
  }

  MadeCensus made_;
};

TEST_F(RowsAsJson, HaveNumbersTextsListsAndNull) {
  EXPECT_EQ(json({{0, {}}, {1, {}}}, {column("NS"), column("TYPE"), column("PID"), column("USER"),
                                      column("NSFS"), column("HELD-BY")}),
            R"({"namespaces":[)"
            R"({"ns":10,"type":"net","pid":5,"user":"4000000","nsfs":[],)"
            R"("held_by":[{"type":"process","count":1}]},)"
            R"({"ns":20,"type":"uts","pid":null,"user":null,"nsfs":[],"held_by":[]}]})"
            "\n");
}

TEST_F(RowsAsJson, Nest) {
  const std::vector<Row> rows{{0, {}}, {1, 0}, {0, 1}, {1, 0}, {0, {}}};
  EXPECT_EQ(json(rows, {column("NS")}),
            R"({"namespaces":[{"ns":10,"children":[{"ns":20,"children":[{"ns":10}]},{"ns":20}]},)"
            R"({"ns":10}]})"
            "\n");
}

TEST_F(RowsAsJson, AreAnEmptyListForNone) {
  EXPECT_EQ(json({}, {column("NS")}), "{\"namespaces\":[]}\n");
}

TEST_F(RowsAsJson, NestAsDeepAsTheyAre) {
  std::vector<Row> rows{{0, {}}};
  for (std::size_t i = 0; i < 100000; ++i)
    rows.push_back({0, i});
  const std::string text = json(rows, {column("NS")});
  EXPECT_EQ(std::count(text.begin(), text.end(), '{'), 100002);
  EXPECT_EQ(std::count(text.begin(), text.end(), '}'), 100002);
}

}  // namespace
}  // namespace nsx::ls_tool
