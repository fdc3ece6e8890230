#include <nsx/result.hh>

#include "support.hh"

namespace nsx {
namespace {

TEST(Printable, ShowsControlCharactersAndBackslashes) {
  const struct {
    std::string_view text, shown;
  } cases[] = {
      {"", ""},
      {"plain text", "plain text"},
      {"\x1b]0;title\a", "\\x1b]0;title\\x07"},
      {"a\nb\tc", "a\\x0ab\\x09c"},
      {"a\\nb", "a\\x5cnb"},
      {"\x7f", "\\x7f"},
      {{"a\0b", 3}, "a\\x00b"},
      {"blå € 🐧", "blå € 🐧"},
      // What a terminal may take for ESC [, whether it reads UTF-8 or bytes.
      {"\xc2\x9b", "\\xc2\\x9b"},
      {"\x9b", "\\x9b"},
      {"\xc2", "\\xc2"},
      {"\xe2\x82", "\\xe2\\x82"},
      {"\xc0\x9b", "\\xc0\\x9b"},           // longer than need be
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // a surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(printable(c.text), c.shown);
}

TEST(Error, SaysWhatOnWhatWhyAndWhatToDo) {
  const struct {
    Error error;
    const char* message;
  } cases[] = {
      {{"open", "/nowhere", ENOENT, "", ""}, "cannot open /nowhere: No such file or directory"},
      {{"open", "/x", EACCES, "", "be root"}, "cannot open /x: Permission denied (be root)"},
      {{"fork", "", EAGAIN, "", ""}, "cannot fork: Resource temporarily unavailable"},
      {{"use", "x", 0, "not a file", ""}, "cannot use x: not a file"},
      {{"use", "x", 0, "not a file", "try y"}, "cannot use x: not a file (try y)"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(c.error.message(), c.message);
}

TEST(Error, KeepsAHostileSubjectFromTheTerminal) {
  EXPECT_EQ((Error{"open", "\x1b[2J", ENOENT, "", ""}.message()),
            "cannot open \\x1b[2J: No such file or directory");
}

TEST(Fail, TakesErrnoUnlessACodeIsGiven) {
  errno = EBUSY;
  EXPECT_EQ(fail("open", "/x").value().code, EBUSY);
  EXPECT_EQ(fail("open", "/x", EIO, "again").value().hint, "again");
  EXPECT_EQ(refuse("open", "/x", "no").value().code, 0);
}

TEST(ErrorOf, HandsTheErrorOnToAnotherType) {
  Result<int> failed = fail("open", "/x", EIO);
  const Result<std::string> handed_on = error_of(failed);
  EXPECT_EQ(failure(handed_on), "cannot open /x: Input/output error");
}

}  // namespace
}  // namespace nsx
