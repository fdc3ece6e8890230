#include "nsx-ls/rows_json.hh"

#include "fake_proc.hh"
#include "made_census.hh"
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

  std::string json(const std::vector<Row>& rows, const std::vector<Column>& columns) const {
    const FakeProc proc;
    const Kernel kernel = proc.kernel();
    Cells cells(kernel, made_.census);
    return json_of(rows, columns, cells);
  }

  MadeCensus made_;
};

TEST_F(RowsAsJson, HaveNumbersTextsListsAndNull) {
  EXPECT_EQ(json({{0, {}}, {1, {}}}, {Column::ns, Column::type, Column::pid, Column::user,
                                      Column::nsfs, Column::held_by}),
            R"({"namespaces":[)"
            R"({"ns":10,"type":"net","pid":5,"user":"4000000","nsfs":[],)"
            R"("held_by":[{"type":"process","count":1}]},)"
            R"({"ns":20,"type":"uts","pid":null,"user":null,"nsfs":[],"held_by":[]}]})"
            "\n");
}

TEST_F(RowsAsJson, Nest) {
  const std::vector<Row> rows{{0, {}}, {1, 0}, {0, 1}, {1, 0}, {0, {}}};
  EXPECT_EQ(json(rows, {Column::ns}),
            R"({"namespaces":[{"ns":10,"children":[{"ns":20,"children":[{"ns":10}]},{"ns":20}]},)"
            R"({"ns":10}]})"
            "\n");
}

TEST_F(RowsAsJson, AreAnEmptyListForNone) {
  EXPECT_EQ(json({}, {Column::ns}), "{\"namespaces\":[]}\n");
}

TEST_F(RowsAsJson, NestAsDeepAsTheyAre) {
  std::vector<Row> rows{{0, {}}};
  for (std::size_t i = 0; i < 100000; ++i)
    rows.push_back({0, i});
  const std::string text = json(rows, {Column::ns});
  EXPECT_EQ(std::count(text.begin(), text.end(), '{'), 100002);
  EXPECT_EQ(std::count(text.begin(), text.end(), '}'), 100002);
}

}  // namespace
}  // namespace nsx::ls_tool
