// SPDX-License-Identifier: MIT
#pragma once
// The terminal of nsx-cg top, by ncurses. Alone in knowing it.

#include <memory>
#include <optional>

#include <nsx/result.hh>

#include "nsx-cg/top_draw.hh"
#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

class TopTerminal {
 public:
  /// Takes the terminal over, until this ends. One at a time: ncurses knows no more. Stopping and
  /// going on (SIGTSTP) are dealt with.
  static Result<TopTerminal> open(bool colors);

  TopSize size() const;
  void show(const TopScreen& screen);

  /// The next key that has come, also if it means nothing here; none, if there is none.
  struct Pressed {
    bool is_resize = false;
    std::optional<TopKey> key = {};
  };
  std::optional<Pressed> next_key();

  /// Paints all anew, whatever others wrote to the terminal.
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
