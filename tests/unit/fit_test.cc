// SPDX-License-Identifier: MIT
#include <clocale>

#include "common/table_text.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

class Fit : public testing::Test {
 protected:
  void SetUp() override {
    before_ = std::setlocale(LC_CTYPE, nullptr);
    ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  }
  void TearDown() override { std::setlocale(LC_CTYPE, before_.c_str()); }

 private:
  std::string before_;
};

TEST_F(Fit, CutsOffTheEndOrTheStart) {
  const struct {
    const char* text;
    std::size_t width;
    bool keeps_end;
    const char* cut;
  } cases[] = {
      {"", 3, false, ""},
      {"abc", 3, false, "abc"},
      {"abcd", 3, false, "ab…"},
      {"abcd", 3, true, "…cd"},
      {"abcd", 1, false, "…"},
      {"4026532177", 7, false, "…532177"},
      {"=web-frontend", 7, false, "=web-f…"},
      {"über\nalles", 4, false, "über\nall…"},
      {"漢字漢字", 6, false, "漢字…"},
      {"漢字漢字", 4, true, "…字"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(cut(c.text, c.width, c.keeps_end), c.cut) << c.text;
}

TEST(FitInC, MarksWhatIsCutWithDots) {
  EXPECT_EQ(cut("abcdefgh", 6, false), "abc...");
  EXPECT_EQ(cut("abcdefgh", 2, false), "..");
}

TEST_F(Fit, KeepsTheStartOfIds) {
  const std::string id = "0123456789ab" + std::string(52, 'c');
  EXPECT_EQ(with_short_ids(id), "0123456789ab");
  EXPECT_EQ(with_short_ids("/docker-" + id + ".scope"), "/docker-0123456789ab.scope");
  EXPECT_EQ(with_short_ids(id + 'd'), id + 'd') << "one digit too many";
  EXPECT_EQ(with_short_ids("deadbeef"), "deadbeef");
}

struct Fitted {
  std::vector<TableColumn> columns;
  std::vector<TableRow> rows;
  std::vector<std::string> names = {};

  void fit(std::size_t width) {
    for (const TableColumn& column : columns)
      names.emplace_back(column.name);
    fit_table(columns, names, rows, {.width = width});
  }

  std::string heads() const {
    std::string text;
    for (const std::string& name : names)
      text += (text.empty() ? "" : " ") + name;
    return text;
  }
  std::size_t width() const {
    std::size_t sum = columns.size() - 1;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      std::size_t widest = std::max(display_width(names[i]), columns[i].width);
      for (const TableRow& row : rows)
        widest = std::max(widest, display_width(row.cells[i]));
      sum += widest;
    }
    return sum;
  }
};

Fitted table() {
  return {{{.name = "NS", .is_right = true, .width = 10},
           {.name = "NETNSID", .least = 7, .is_optional = true},
           {.name = "NSFS", .least = 16, .keeps_end = true},
           {.name = "COMMAND", .is_last_resort = true, .least = 10}},
          {{.cells = {"4026531840", "", "/run/netns/a-rather-long-name", "sleep for quite long"}},
           {.cells = {"4026531841", "", "", "x"}}}};
}

TEST_F(Fit, LeavesWhatFitsAlone) {
  Fitted all = table();
  all.fit(80);
  EXPECT_EQ(all.heads(), "NS NETNSID NSFS COMMAND");
  EXPECT_EQ(all.rows[0].cells[2], "/run/netns/a-rather-long-name");
}

TEST_F(Fit, RemovesWhatSaysNothingFirst) {
  Fitted all = table();
  all.fit(61);
  EXPECT_EQ(all.heads(), "NS NSFS COMMAND");
  EXPECT_EQ(all.rows[0].cells[2], "sleep for quite long") << "then it fits";
}

TEST_F(Fit, CountsAColumnWithoutText) {
  Fitted all{{{.name = "", .least = 7}, {.name = ""}}, {{.cells = {"abcdefghij", ""}}}};
  all.fit(11);
  EXPECT_EQ(all.rows[0].cells[0], "abcdefgh…");
}

TEST_F(Fit, ShrinksTheLastResortThenTheWidest) {
  Fitted all = table();
  all.fit(44);
  EXPECT_EQ(all.heads(), "NS NSFS COMMAND");
  EXPECT_EQ(all.rows[0].cells[1], "…ns/a-rather-long-name");
  EXPECT_EQ(all.rows[0].cells[2], "sleep for…");
}

TEST_F(Fit, CutsAndRemovesTheLastColumnInTheEnd) {
  Fitted all = table();
  all.fit(35);
  EXPECT_EQ(all.rows[0].cells[2], "sleep …");
  all = table();
  all.fit(29);
  EXPECT_EQ(all.heads(), "NS NSFS …");
}

TEST_F(Fit, NeverIsWiderThanAsked) {
  for (std::size_t width = 8; width < 100; ++width) {
    Fitted all = table();
    all.fit(width);
    EXPECT_LE(all.width(), width);
    for (const TableRow& row : all.rows)
      EXPECT_EQ(row.cells.size(), all.columns.size());
  }
}

TEST_F(Fit, WhatStandsForNothingCountsAsNothing) {
  Fitted all{{{.name = "PID"},
              {.name = "time", .least = 6, .is_optional = true, .nothing = "-"},
              {.name = "net", .least = 6, .is_optional = true, .nothing = "-"}},
             {{.cells = {"1", "-", "4026531840"}}, {.cells = {"2", "-", "-"}}}};
  all.fit(16);
  EXPECT_EQ(all.heads(), "PID net");
}

TEST_F(Fit, DrawsTheTreeOfWhatItCuts) {
  Fitted all{{{.name = "NS", .is_right = true, .has_tree = true}, {.name = "TYPE", .least = 4}},
             {{.cells = {"40", "user of somebody"}},
              {.cells = {"41", "user"}, .parent = 0},
              {.cells = {"42", "net"}, .parent = 1},
              {.cells = {"43", "net"}, .parent = 0},
              {.cells = {"44", "net"}}}};
  all.fit(14);
  std::string drawn;
  for (const TableRow& row : all.rows) {
    EXPECT_FALSE(row.parent);
    drawn += row.cells[0] + '\n';
  }
  EXPECT_EQ(drawn, "40\n├─41\n│ └─42\n└─43\n44\n");
  EXPECT_EQ(all.rows[0].cells[1], "user o…");
}

TEST_F(Fit, RemovesExtraColumnsForTheOthers) {
  Fitted all = table();
  all.columns[2].is_extra = true;
  all.fit(44);
  EXPECT_EQ(all.heads(), "NS NSFS COMMAND");
  all = table();
  all.columns[2].is_extra = true;
  all.fit(35);
  EXPECT_EQ(all.heads(), "NS COMMAND");
  EXPECT_EQ(all.rows[0].cells[1], "sleep for quite long");
}

TEST_F(Fit, KeepsStylesBesideTheirCells) {
  Fitted all = table();
  for (TableRow& row : all.rows)
    row.styles = {Style::red, Style::green, Style::blue, Style::cyan};
  all.fit(29);
  EXPECT_EQ(all.rows[0].styles, (std::vector{Style::red, Style::blue, Style::plain}));
}

}  // namespace
}  // namespace nsx::cli
