#pragma once

#include <optional>
#include <poll.h>
#include <string>
#include <termios.h>

#include <nsx/fd.hh>

namespace nsx {

/// A pseudo-terminal for a program (pty(7)), so that it never holds the caller's: what it can push
/// into its input (TIOCSTI), or set, is its own. The waiting parent copies between it and its
/// descriptors 0 and 1.
class Terminal {
 public:
  /// Opens one in the caller's mount namespace, in the state of the terminal on descriptor 0. If
  /// there is none, it does not echo: what comes is no typing.
  static Result<Terminal> open();

  /// In the child: makes it the controlling terminal of a new session, and descriptors 0, 1 and 2.
  Status attach();

  /// In the parent, after the fork: the program's side is the child's alone.
  void leave_to_child();

  /// The caller's terminal, if it is one, is made raw: keys go to the program as they are.
  void make_raw() const;
  /// ... and put back, when the parent stops or the program has ended.
  void put_back() const;

  /// Passes the size of the caller's terminal on.
  void resize() const;

  /// What to wait for: the caller's input, then the program's terminal.
  void ask(pollfd* two) const;
  /// Copies what has come.
  void copy(const pollfd* two);
  /// Copies what the program has written before its end.
  void drain();

 private:
  Terminal() = default;
  void read_input();
  void write_input();
  bool write_output();
  void end_input();

  OwnedFd ours_;
  OwnedFd programs_;
  std::optional<termios> callers_;  ///< the caller's settings, if descriptor 0 is a terminal
  std::string input_;               ///< read, but not taken by the program yet
  char last_input_ = '\n';
  bool input_open_ = true;
  bool output_open_ = true;
};

}  // namespace nsx
