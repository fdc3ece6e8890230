// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <new>
#include <termios.h>
#include <unistd.h>

#include "nsx-cg/top_live.hh"

// Without macros for functions, as "move" and "clear" are other names here.
#define NCURSES_NOMACROS
#include <curses.h>

namespace nsx::cg_tool {

namespace {

using Name = TopKey::Name;

/// Color pairs are numbered from 1.
short pair_of(TopTone tone) {
  return static_cast<short>(static_cast<int>(tone) + 1);
}

void start_colors() {
  if (::start_color() != OK) return;
  const short background = ::use_default_colors() == OK ? -1 : COLOR_BLACK;
  const short foreground = background == -1 ? -1 : COLOR_WHITE;
  ::init_pair(pair_of(TopTone::plain), foreground, background);
  ::init_pair(pair_of(TopTone::good), COLOR_GREEN, background);
  ::init_pair(pair_of(TopTone::warning), COLOR_YELLOW, background);
  ::init_pair(pair_of(TopTone::alarm), COLOR_RED, background);
  ::init_pair(pair_of(TopTone::frozen), COLOR_CYAN, background);
}

attr_t attributes_of(const TopStyle& style) {
  attr_t attributes = A_NORMAL;
  if (style.is_bold) attributes |= A_BOLD;
  if (style.is_underlined) attributes |= A_UNDERLINE;
  if (style.is_reversed) attributes |= A_REVERSE;
  // Alarms must be visible without colors, too.
  if (style.tone == TopTone::alarm) attributes |= A_BOLD;
  return attributes;
}

std::optional<TopKey> function_key(wint_t code) {
  switch (code) {
    case KEY_UP:
      return TopKey{Name::up};
    case KEY_DOWN:
      return TopKey{Name::down};
    case KEY_LEFT:
      return TopKey{Name::left};
    case KEY_RIGHT:
      return TopKey{Name::right};
    case KEY_PPAGE:
      return TopKey{Name::page_up};
    case KEY_NPAGE:
      return TopKey{Name::page_down};
    case KEY_HOME:
      return TopKey{Name::home};
    case KEY_END:
      return TopKey{Name::end};
    case KEY_ENTER:
      return TopKey{Name::enter};
    case KEY_BACKSPACE:
      return TopKey{Name::backspace};
    default:
      return std::nullopt;
  }
}

std::optional<TopKey> character_key(wint_t code) {
  constexpr wint_t kEscape = 27;
  constexpr wint_t kDelete = 127;
  switch (code) {
    case '\r':
    case '\n':
      return TopKey{Name::enter};
    case kEscape:
      return TopKey{Name::escape};
    case kDelete:
    case '\b':
      return TopKey{Name::backspace};
    default:
      break;
  }
  std::array<char, MB_LEN_MAX> bytes{};
  std::mbstate_t state{};
  const std::size_t length = std::wcrtomb(bytes.data(), static_cast<wchar_t>(code), &state);
  if (length == static_cast<std::size_t>(-1)) return std::nullopt;
  return TopKey{Name::character, std::string(bytes.data(), length)};
}

}  // namespace

Result<TopTerminal> TopTerminal::open(bool colors) {
  // ncurses exits or crashes when memory runs out. Check that there is enough for its start, and
  // restore the terminal at exit.
  constexpr std::size_t kEnough = std::size_t{1} << 20;
  ::operator delete(::operator new(kEnough));
  static termios before;
  if (::tcgetattr(STDIN_FILENO, &before) == 0) {
    std::atexit([] { ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before); });
  }
  SCREEN* screen = ::newterm(nullptr, stdout, stdin);
  if (screen == nullptr) {
    const char* name = std::getenv("TERM");
    const std::string quoted = std::string("'") + (name != nullptr ? name : "") + '\'';
    return problem("unknown terminal type {}", quoted, {}, "correct TERM, or use --batch");
  }
  TopTerminal terminal(screen, ::stdscr);
  constexpr int kEscapeDelay = 25;  // milliseconds after which Esc is not the start of another key
  ::set_escdelay(kEscapeDelay);
  ::cbreak();
  ::noecho();
  ::nonl();
  ::keypad(::stdscr, true);
  ::nodelay(::stdscr, true);
  ::intrflush(::stdscr, false);
  if (colors && ::has_colors()) start_colors();
  return terminal;
}

void TopTerminal::End::operator()(void* screen) const {
  ::curs_set(1);
  ::endwin();
  ::delscreen(static_cast<SCREEN*>(screen));
}

TopSize TopTerminal::size() const {
  const auto* window = static_cast<WINDOW*>(window_);
  return {.lines = ::getmaxy(window), .columns = ::getmaxx(window)};
}

void TopTerminal::show(const TopScreen& screen) {
  auto* window = static_cast<WINDOW*>(window_);
  // These calls fail only for text that does not fit.
  ::werase(window);
  int row = 0;
  for (const TopLine& line : screen.lines) {
    ::wmove(window, row, 0);
    for (const TopSpan& span : line) {
      const short pair = ::COLOR_PAIRS > 0 ? pair_of(span.style.tone) : short{0};
      ::wattr_set(window, attributes_of(span.style), pair, nullptr);
      ::waddstr(window, span.text.c_str());
    }
    ++row;
  }
  ::wattr_set(window, A_NORMAL, 0, nullptr);
  ::curs_set(screen.cursor ? 1 : 0);
  ::wmove(window, std::max(0, row - 1), screen.cursor.value_or(0));
  ::wrefresh(window);
}

std::optional<TopTerminal::Pressed> TopTerminal::next_key() {
  auto* window = static_cast<WINDOW*>(window_);
  wint_t code = 0;
  const int kind = ::wget_wch(window, &code);
  if (kind == ERR) return std::nullopt;
  if (kind != KEY_CODE_YES) return Pressed{.key = character_key(code)};
  if (code == KEY_RESIZE) return Pressed{.is_resize = true};
  return Pressed{.key = function_key(code)};
}

void TopTerminal::repaint() {
  ::clearok(static_cast<WINDOW*>(window_), true);
}

}  // namespace nsx::cg_tool
