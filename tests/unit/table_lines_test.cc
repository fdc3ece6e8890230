// SPDX-License-Identifier: MIT
#include <clocale>
#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <sys/ioctl.h>

#include <nsx/fd.hh>

#include "common/table_text.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

/// What `print` writes to the stream that it gets.
template <class Print>
std::string printed(Print print) {
  char* data = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&data, &size);
  if (out == nullptr) throw std::runtime_error("no memory stream");
  print(out);
  std::fclose(out);
  std::string text(data, size);
  std::free(data);
  return text;
}

/// A terminal as standard output, during its lifetime.
class TerminalOutput {
 public:
  explicit TerminalOutput(int width)
      : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)),
        before_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)) {
    winsize size{};
    size.ws_col = static_cast<unsigned short>(width);
    const OwnedFd slave(::grantpt(master_.get()) == 0 && ::unlockpt(master_.get()) == 0
                            ? ::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC)
                            : -1);
    if (!before_ || ::ioctl(slave.get(), TIOCSWINSZ, &size) != 0) {
      throw std::runtime_error("no terminal");
    }
    std::fflush(stdout);
    ::dup2(slave.get(), STDOUT_FILENO);
  }
  ~TerminalOutput() { ::dup2(before_.get(), STDOUT_FILENO); }
  TerminalOutput(const TerminalOutput&) = delete;
  TerminalOutput& operator=(const TerminalOutput&) = delete;

 private:
  OwnedFd master_;
  OwnedFd before_;
};

/// Tables of all sorts, the same ones in each run.
class Tables {
 public:
  bool chance(unsigned percent) { return number(100) < percent; }
  /// From 0 to below `end`.
  std::size_t number(std::size_t end) { return random_() % end; }

  TableOptions options() {
    TableOptions options;
    if (chance(25)) options.format = TableFormat::raw;
    options.headings = chance(75);
    options.color = chance(50);
    options.truncate = chance(75);
    options.fit = chance(50);
    options.lone_backslashes = chance(25);
    options.wrap = chance(50);
    return options;
  }

  std::vector<TableColumn> columns() {
    static const char* const kNames[] = {"A",    "NS",           "PATH", "NPROCS",
                                         "漢字", "LONG HEADING", "é\t"};
    std::vector<TableColumn> columns(1 + number(6));
    for (TableColumn& column : columns) {
      column.name = kNames[number(std::size(kNames))];
      column.is_right = chance(40);
      column.is_last_resort = chance(20);
      column.is_list = chance(15);
      column.is_foldable = chance(15);
      column.is_optional = chance(20);
      column.keeps_end = chance(20);
      column.width = chance(30) ? number(12) : 0;
      column.least = chance(50) ? number(8) : 0;
    }
    if (chance(40)) columns[number(columns.size())].has_tree = true;
    return columns;
  }

  std::vector<TableRow> rows(const std::vector<TableColumn>& columns) {
    std::vector<TableRow> rows(chance(10) ? 0 : 1 + number(12));
    // Emptied columns, so that whole ones are empty often enough.
    std::vector<bool> is_empty;
    for (std::size_t i = 0; i < columns.size(); ++i)
      is_empty.push_back(chance(15));
    std::vector<std::size_t> above;  // the rows that may have children
    for (std::size_t row = 0; row < rows.size(); ++row) {
      for (std::size_t i = 0; i < columns.size(); ++i) {
        rows[row].cells.push_back(is_empty[i] ? "" : cell(columns[i].is_list));
      }
      if (chance(50)) {
        for (std::size_t i = 0; i < columns.size(); ++i)
          rows[row].styles.push_back(static_cast<Style>(number(9)));
      }
      above.resize(number(above.size() + 1));
      if (!above.empty()) rows[row].parent = above.back();
      above.push_back(row);
    }
    return rows;
  }

 private:
  std::string cell(bool is_list) {
    static constexpr std::string_view kTexts[] = {
        "4026531840", "1",       "a b",    "\t",         "back\\slash", "\\x41",
        "漢字",       "e\u0301", "\u0301", "über",       "\xff",        "\x1b[31mred",
        "\u202e",     "x, y, z", "\u0378", "line\nfeed", " ",           "nsx-ls --matrix"};
    std::string text;
    while (chance(60)) {
      if (is_list && !text.empty()) text += '\0';
      text += kTexts[number(std::size(kTexts))];
    }
    return text;
  }

  std::mt19937 random_{18};
};

class Lines : public testing::Test {
 protected:
  void SetUp() override { before_ = std::setlocale(LC_CTYPE, nullptr); }
  void TearDown() override { std::setlocale(LC_CTYPE, before_.c_str()); }

  /// Compares tables with those of libsmartcols. Returns how many it prints alike.
  static int compare(int count) {
    Tables tables;
    int alike = 0;
    const auto width = terminal_width();
    for (int i = 0; i < count; ++i) {
      const TableOptions options = tables.options();
      const std::vector<TableColumn> columns = tables.columns();
      const TableText text = table_text(columns, tables.rows(columns), options, width);
      const TableLines lines(text, options);
      if (!lines.are_certain(width)) continue;
      ++alike;
      const std::string own = printed([&](std::FILE* out) { lines.write(out); });
      const std::string theirs =
          printed([&](std::FILE* out) { must(print_with_smartcols(text, options, out)); });
      EXPECT_EQ(own, theirs) << "table " << i << ", width " << width.value_or(0);
      if (own != theirs) break;
    }
    return alike;
  }

 private:
  std::string before_;
};

TEST_F(Lines, AreThoseOfLibsmartcols) {
  for (const char* locale : {"C.UTF-8", "C"}) {
    ASSERT_NE(std::setlocale(LC_CTYPE, locale), nullptr);
    // The others have cells of several lines, or wide headings that are not printed.
    EXPECT_GT(compare(1000), 600);
  }
}

TEST_F(Lines, AreThoseOfLibsmartcolsOnATerminal) {
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  for (const int width : {20, 40, 80, 200}) {
    const TerminalOutput terminal(width);
    EXPECT_GT(compare(300), 100);
  }
}

}  // namespace
}  // namespace nsx::cli
