#include "nsx-ls/columns.hh"

#include <algorithm>
#include <set>

#include "support.hh"

namespace nsx::ls_tool {
namespace {

using Columns = std::vector<Column>;

TEST(Columns, StandAtTheirPlacesUnderTheirOwnNames) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kColumns[i].column), i) << kColumns[i].name;
    EXPECT_TRUE(names.insert(kColumns[i].name).second) << kColumns[i].name;
    EXPECT_EQ(must(parse_columns(kColumns[i].name, {})), Columns{kColumns[i].column});
  }
  EXPECT_EQ(static_cast<std::size_t>(Column::age) + 1, kColumns.size()) << "the last column";
}

TEST(ParseColumns, TakesAList) {
  const Columns standard{Column::pid, Column::user};
  const struct {
    const char* list;
    Columns columns;
  } cases[] = {
      {"NS", {Column::ns}},
      {"NS,TYPE", {Column::ns, Column::type}},
      {"TYPE,NS,TYPE", {Column::type, Column::ns, Column::type}},
      {"ns,Type", {Column::ns, Column::type}},
      {"+NS", {Column::pid, Column::user, Column::ns}},
      {"+pns,ONS", {Column::pid, Column::user, Column::pns, Column::ons}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(must(parse_columns(c.list, standard)), c.columns) << c.list;
}

TEST(ParseColumns, RefusesWhatIsNoColumn) {
  for (const char* list : {"", "+", "NS,", ",NS", "NS TYPE", "NS,,TYPE", "N", "NSX", "NS,+TYPE"}) {
    EXPECT_FALSE(parse_columns(list, {Column::pid})) << list;
  }
  EXPECT_EQ(failure(parse_columns("NS,frob", {})),
            "cannot show the column 'frob': no such column (NS, TYPE, PATH, NPROCS, PID, PPID, "
            "COMMAND, UID, USER, NETNSID, NSFS, PNS, ONS, ID, HELD-BY, NAME, CONTAINER, UNIT, "
            "CGROUP, THREADS, OWNER-USER, UIDMAP, GIDMAP, LEADER, AGE)");
}

}  // namespace
}  // namespace nsx::ls_tool
