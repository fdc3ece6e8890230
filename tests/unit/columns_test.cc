// SPDX-License-Identifier: MIT
#include "nsx-ls/columns.hh"

#include <algorithm>
#include <set>

#include "support.hh"

namespace nsx::ls_tool {
namespace {

using Columns = std::vector<cli::ColumnId>;

TEST(LsColumns, HaveNamesOfTheirOwnAndSayWhatTheyAre) {
  std::set<std::string> names;
  for (const LsColumn& each : kColumns) {
    EXPECT_TRUE(names.insert(each.table.name).second) << each.table.name;
    EXPECT_STRNE(each.help, "") << each.table.name;
    EXPECT_NE(each.cell, nullptr) << each.table.name;
  }
  EXPECT_STREQ(lsns_columns().back().table.name, "ONS");
}

TEST(ParseColumns, TakesAList) {
  const Columns standard{column("PID"), column("USER")};
  const struct {
    const char* list;
    Columns columns;
  } cases[] = {
      {"NS", {column("NS")}},
      {"NS,TYPE", {column("NS"), column("TYPE")}},
      {"TYPE,NS,TYPE", {column("TYPE"), column("NS"), column("TYPE")}},
      {"ns,Type", {column("NS"), column("TYPE")}},
      {"+NS", {column("PID"), column("USER"), column("NS")}},
      {"+pns,ONS", {column("PID"), column("USER"), column("PNS"), column("ONS")}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(must(cli::parse_columns(kColumnNames, c.list, standard)), c.columns) << c.list;
}

TEST(ParseColumns, RefusesWhatIsNoColumn) {
  for (const char* list : {"", "+", "NS,", ",NS", "NS TYPE", "NS,,TYPE", "N", "NSX", "NS,+TYPE"}) {
    EXPECT_FALSE(cli::parse_columns(kColumnNames, list, {column("PID")})) << list;
  }
  EXPECT_EQ(failure(cli::parse_columns(kColumnNames, "NS,frob", {})),
            "unknown column 'frob': expected one of NS, TYPE, PATH, NPROCS, PID, PPID, "
            "COMMAND, UID, USER, NETNSID, NSFS, PNS, ONS, ID, HELD-BY, NAME, CONTAINER, UNIT, "
            "CGROUP, THREADS, OWNER-USER, UIDMAP, GIDMAP, LEADER, AGE");
}

}  // namespace
}  // namespace nsx::ls_tool
