// SPDX-License-Identifier: MIT
#pragma once
// The terminal of nsx-cg top. Only this class and top_terminfo.cc use ncurses.

#include <memory>
#include <optional>

#include <nsx/result.hh>

#include "nsx-cg/top_draw.hh"
#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

class TopTerminal {
 public:
  /// Takes over the terminal until destruction. Only one object at a time, as ncurses has global
  /// state, which also handles SIGTSTP and SIGCONT. Errors: the terminal type is unknown.
  static Result<TopTerminal> open(bool colors);

  TopSize size() const;
  void show(const TopScreen& screen);

  /// Returns the next pending key, even if it is not used here; none if no key is pending.
  struct Pressed {
    bool is_resize = false;
    std::optional<TopKey> key = {};
  };
  std::optional<Pressed> next_key();

  /// Repaints the whole screen, for output of others to the terminal.
  void repaint();

 private:
  struct End {
    void operator()(void* screen) const;
  };
  TopTerminal(void* screen, void* window) : screen_(screen), window_(window) {}

  std::unique_ptr<void, End> screen_;  // ncurses' SCREEN
  void* window_;                       // and its WINDOW
};

}  // namespace nsx::cg_tool
