// SPDX-License-Identifier: MIT
#include <clocale>

#include "common/table_text.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

TEST(DisplayWidth, IsThatOfTheLongestLine) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("a\nlong\nbc"), 4U);
}

TEST(DisplayWidth, CountsCharactersOfTheLocale) {
  const std::string before = std::setlocale(LC_CTYPE, nullptr);
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  EXPECT_EQ(display_width("über"), 4U);
  EXPECT_EQ(display_width("\xff"), 4U) << "shown as \\xff";
  std::setlocale(LC_CTYPE, before.c_str());
}

TEST(Fold, BreaksAtCommas) {
  const struct {
    const char* text;
    std::size_t width;
    const char* folded;
  } cases[] = {
      {"", 10, ""},
      {"one", 2, "one"},
      {"one, two", 8, "one, two"},
      {"one, two", 7, "one,\ntwo"},
      {"one, two, three", 9, "one, two,\nthree"},
      {"1 mount /run/a,b, 2 fds", 16, "1 mount /run/a,b,\n2 fds"},
      {"/a very long one, b", 5, "/a very long one,\nb"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(fold(c.text, c.width), c.folded) << c.text;
}

TEST(FoldCells, LeavesRoomForTheOtherColumns) {
  const std::vector<TableColumn> columns{{.name = "NS"},
                                         {.name = "HELD-BY", .is_foldable = true},
                                         {.name = "COMMAND", .is_last_resort = true}};
  const std::string held = "10 processes, 2 mounts /run/netns/blue, 3 fds (web 7)";
  const std::string command(100, 'x');
  const auto folded = [&](std::size_t width) {
    std::vector<TableRow> rows{{.cells = {"4026531840", held, command}}};
    fold_cells(columns, rows, width);
    EXPECT_EQ(rows[0].cells[0], "4026531840");
    EXPECT_EQ(rows[0].cells[2], command);
    return rows[0].cells[1];
  };
  EXPECT_EQ(folded(200), held);
  // A truncated command leaves 80 - (10 + 1) - (16 + 1) - 1 = 51.
  EXPECT_EQ(folded(80), "10 processes, 2 mounts /run/netns/blue,\n3 fds (web 7)");
  // Never narrower than is useful.
  EXPECT_EQ(folded(10), "10 processes,\n2 mounts /run/netns/blue,\n3 fds (web 7)");
}

}  // namespace
}  // namespace nsx::cli
