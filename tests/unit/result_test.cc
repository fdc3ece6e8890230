// SPDX-License-Identifier: MIT
#include <stdexcept>

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
      // Bytes that a terminal may interpret as ESC [, whether it reads UTF-8 or bytes.
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

/// UTF-8 of a code point.
std::string utf8(char32_t code) {
  if (code < 0x80) return {static_cast<char>(code)};
  std::string text;
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xc0, 0xe0, 0xf0};
  text += static_cast<char>(kLead[more] | code >> 6 * more);
  for (int i = more - 1; i >= 0; --i)
    text += static_cast<char>(0x80 | (code >> 6 * i & 0x3f));
  return text;
}

TEST(Character, IsDecodedToTheEndOfUnicode) {
  for (char32_t code = 0; code <= 0x10ffff; ++code) {
    if (code == 0xd800) code = 0xe000;
    const std::string text = utf8(code) + 'x';
    const Character found = first_character(text);
    ASSERT_TRUE(found.code == code) << static_cast<unsigned>(code);
    ASSERT_EQ(found.length, text.size() - 1);
  }
}

TEST(Hidden, AreControlsAndWhatReordersOrIsInvisible) {
  for (const char32_t code :
       {0x00U,   0x1bU,   0x7fU,   0x9bU,   0x61cU,  0x200bU, 0x200cU, 0x200dU,
        0x200eU, 0x200fU, 0x2028U, 0x2029U, 0x202aU, 0x202bU, 0x202cU, 0x202dU,
        0x202eU, 0x2060U, 0x2066U, 0x2067U, 0x2068U, 0x2069U, 0xfeffU, 0xe0041U}) {
    EXPECT_TRUE(is_hidden(code)) << std::hex << static_cast<unsigned>(code);
    const std::string text = 'a' + utf8(code) + 'b';
    EXPECT_EQ(printable(text).find(utf8(code)), std::string::npos);
    EXPECT_EQ(printable(text), visible(text));
  }
  for (const char32_t code : {U' ', U'a', U'~', U'\u00a0', U'\u00e9', U'\u05d0', U'\u0627',
                              U'\u2010', U'\u2027', U'\u202f', U'\u2070', U'\u20ac', U'\U0001f427'})
    EXPECT_FALSE(is_hidden(code)) << std::hex << static_cast<unsigned>(code);
  EXPECT_EQ(printable("a\u202eb"), "a\\xe2\\x80\\xaeb");
}

TEST(Visible, LeavesBackslashes) {
  EXPECT_EQ(visible("a\\nb\x1b\xff"), "a\\nb\\x1b\\xff");
}

TEST(Error, SaysWhatOnWhatWhyAndWhatToDo) {
  const struct {
    Error error;
    const char* message;
  } cases[] = {
      {{"cannot open", "/nowhere", ENOENT, "", ""},
       "cannot open /nowhere: No such file or directory"},
      {{"cannot open", "/x", EACCES, "", "be root"}, "cannot open /x: Permission denied"},
      {{"cannot fork", "", EAGAIN, "", ""}, "cannot fork: Resource temporarily unavailable"},
      {{"cannot use", "x", 0, "not a file", ""}, "cannot use x: not a file"},
      {{"cannot use", "x", 0, "not a file", "try y"}, "cannot use x: not a file"},
      {{"cannot bind {} over /etc", "x", EPERM, "", ""},
       "cannot bind x over /etc: Operation not permitted"},
      {{"missing program", "", 0, "", "put it after --"}, "missing program"},
      {{"invalid PID {}", "'x'", 0, "expected a number", ""}, "invalid PID 'x': expected a number"},
      {{"cannot bind {} there", "{}", EPERM, "", ""},
       "cannot bind {} there: Operation not permitted"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(c.error.message(), c.message);
}

TEST(Error, KeepsAHostileSubjectFromTheTerminal) {
  EXPECT_EQ((Error{"cannot open", "\x1b[2J", ENOENT, "", ""}.message()),
            "cannot open \\x1b[2J: No such file or directory");
  EXPECT_EQ((Error{"cannot join \x1b", "\u202e", 0, "\u2066 \\x1b \x07", "\u200b"}.message()),
            "cannot join \\x1b \\xe2\\x80\\xae: \\xe2\\x81\\xa6 \\x1b \\x07");
}

TEST(Error, IsCopiedMovedAndChanged) {
  Error error("cannot open", "/x", EACCES, {}, "be root");
  const Error copy = error;
  error.set_subject("/y");
  error.set_hint(error.hint() + " again");
  EXPECT_EQ(copy.message(), "cannot open /x: Permission denied");
  const Error taken = std::move(error);
  EXPECT_EQ(taken.message(), "cannot open /y: Permission denied");
  EXPECT_EQ(taken.hint(), "be root again");
  error = copy;
  EXPECT_EQ(error.message(), copy.message());
  Error empty;
  EXPECT_EQ(empty.subject(), "");
  empty.set_what("cannot read");
  empty.set_reason("it is empty");
  EXPECT_EQ(empty.message(), "cannot read: it is empty");
}

TEST(Fail, TakesErrnoUnlessACodeIsGiven) {
  errno = EBUSY;
  EXPECT_EQ(fail("open", "/x").value().code, EBUSY);
  EXPECT_EQ(fail("open", "/x", EIO, "again").value().hint(), "again");
  EXPECT_EQ(refuse("open", "/x", "no").value().code, 0);
}

TEST(OutOfMemory, IsReportedWithoutTakingMemory) {
  const Status failed = out_of_memory();
  EXPECT_EQ(failure(failed), "out of memory");
  EXPECT_EQ(failure_code(failed), ENOMEM);
  // As the kernel reports it for a call.
  EXPECT_EQ((Error{"cannot fork", "", ENOMEM, "", ""}.message()),
            "cannot fork: Cannot allocate memory");
}

TEST(Attempt, TurnsLackOfMemoryIntoAnError) {
  const auto lacks = [](auto value) {
    return [value]() -> Result<decltype(value)> {
      throw std::bad_alloc();
      return value;
    };
  };
  EXPECT_EQ(failure(attempt(lacks(1))), "out of memory");
  EXPECT_EQ(failure(attempt(lacks(std::string()))), "out of memory");
  EXPECT_EQ(failure(attempt([]() -> Status { throw std::bad_array_new_length(); })),
            "out of memory");
}

TEST(Attempt, HandsResultsAndErrorsOn) {
  EXPECT_EQ(must(attempt([]() -> Result<int> { return 7; })), 7);
  EXPECT_EQ(failure(attempt([]() -> Status { return refuse("open", "x", "no"); })),
            "cannot open x: no");
}

TEST(Attempt, LetsOtherExceptionsPass) {
  const auto bug = []() -> Status { throw std::logic_error("bug"); };
  EXPECT_THROW([[maybe_unused]] const auto done = attempt(bug), std::logic_error);
}

TEST(ErrorOf, HandsTheErrorOnToAnotherType) {
  Result<int> failed = fail("open", "/x", EIO);
  const Result<std::string> handed_on = error_of(failed);
  EXPECT_EQ(failure(handed_on), "cannot open /x: Input/output error");
}

}  // namespace
}  // namespace nsx
