// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/types.h>
#include <termios.h>

#include <nsx/fd.hh>
#include <nsx/plan.hh>

namespace nsx {

/// A pseudo-terminal for a program (pty(7)), so that the program never holds the caller's: input
/// that it injects (TIOCSTI) and settings that it changes are its own. The waiting parent copies
/// between the two.
///
/// The caller's terminal is raw where standard input is that terminal and standard output no pipe:
/// keys go to the program as they are. Otherwise another program may use the terminal, too, such as
/// a pager: it keeps its settings and lines go to the program, unless somebody else changes the
/// settings, and until the program asks its own terminal for keys. In the background nothing is
/// read or set.
class Terminal {
 public:
  /// Opens one before anything is entered, with the settings of the caller's terminal.
  static Result<Terminal> open(const step::OpenTerminal& step);

  /// In the child: makes it the controlling terminal of a new session, and puts it on the
  /// descriptors that the program gets it as.
  Status attach();

  /// In the program's process, if the child that attached it is an init: a process group of its
  /// own, in the foreground. What keys send reaches that alone, and they stop it as they do at any
  /// shell.
  Status take_foreground();

  /// In the parent, after the fork: the program's side is the child's alone.
  void leave_to_child();

  /// Makes the caller's terminal raw, if it is to be, and this process is in the foreground.
  void take_over() const;
  /// Puts it back, when the parent stops or ends.
  void put_back() const;

  /// Passes the size of the caller's terminal on.
  void resize() const;

  /// Sends a signal that a key stands for (INT, QUIT) to the program's foreground processes.
  void send_key_signal(int signal) const;

  /// Whether such a key was passed on, which would have been a signal to this process's group.
  bool has_passed_interrupt() const { return passed_interrupt_; }

  /// Whether the key that stops a job was passed on since the last call, and is a signal to the
  /// process group `program` there.
  bool has_stopped(pid_t program);

  /// How many entries ask() fills.
  static constexpr std::size_t kWaitsFor = 3;
  /// What to wait for: the caller's input, the program's terminal, and the caller's output where
  /// nobody has taken the last piece yet. Returns for how many milliseconds at most: while another
  /// process has the caller's terminal, nothing tells when it is free again.
  int ask(pollfd* fds) const;
  /// Copies what has come. Never waits.
  void copy(const pollfd* fds);
  /// The errno with which the program's output could not be written, or 0.
  int write_error() const { return write_error_; }

  /// The program has ended: no more input, and of its output what is there.
  void end();
  /// After end(): whether there still is some. Then ask() tells when it can be copied.
  bool has_output_left();

 private:
  /// How the caller's terminal is read.
  enum class Input { none, as_it_is, keys, lines };

  Terminal() = default;
  bool open_in(const step::OpenTerminal& step);
  Status open_programs();
  void find_callers(const step::OpenTerminal& step);
  Status set_up();
  bool is_in_foreground() const;
  bool program_wants_keys() const;
  bool may_read() const;
  void read_input(short events);
  void write_input();
  void open_output();
  std::size_t read_output();
  void write_output();
  void end_input();

  OwnedFd ours_;
  OwnedFd programs_;
  std::array<bool, 3> replaces_{};  ///< the descriptors that the program gets it as
  Input input_from_ = Input::none;
  int reads_ = -1;   ///< where the input comes from; -1: nowhere
  int writes_ = -1;  ///< where the output goes; -1: nowhere
  int write_error_ = 0;
  OwnedFd opened_;     ///< /dev/tty, where one of these is no descriptor of the caller's
  OwnedFd output_fd_;  ///< what writes_ is, opened again so that writing never waits
  std::optional<termios> settings_;  ///< of the caller's terminal, if there is one
  std::string input_;                ///< read, but not taken by the program yet
  std::string output_;               ///< read, but not taken by the caller's output yet
  char last_input_ = '\n';
  bool passed_interrupt_ = false;
  bool passed_stop_ = false;
  bool input_open_ = true;
  bool output_open_ = true;
  std::size_t left_ = 0;  ///< how much is read after the program's end: others may write for ever
};

/// Raw mode of a terminal that somebody else owns. One per process: the handlers of signals that
/// report a fault (SIGSEGV, SIGABRT ...) have to find the settings to put back.

/// Makes the terminal raw. `fd` and the settings are remembered until leave_raw_mode(), which
/// restores them; a fault restores them, too, and then has its effect.
void enter_raw_mode(int fd, const termios& restored_later);

/// Puts the settings back, if the terminal is raw.
void leave_raw_mode();

bool is_in_raw_mode();

}  // namespace nsx
