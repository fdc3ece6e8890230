// SPDX-License-Identifier: MIT
// Separate from top_terminal.cc, as term.h defines macros such as "lines" and "tone".
#include "nsx-cg/top_terminfo.hh"

#include <cstdint>
#include <curses.h>
#include <term.h>
#include <unistd.h>

namespace nsx::cg_tool {

bool has_screen() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) return false;
  int error = 0;
  if (::setupterm(nullptr, STDOUT_FILENO, &error) != OK) return false;
  // Only cursor movement is needed. tigetstr() takes a non-const string before ncurses 6.5.
  char capability[] = "cup";
  const char* moves = ::tigetstr(capability);
  const bool found = moves != nullptr && reinterpret_cast<std::intptr_t>(moves) != -1;
  ::del_curterm(::cur_term);
  return found;
}

}  // namespace nsx::cg_tool
