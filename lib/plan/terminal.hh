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

/// A pseudo-terminal for a program (pty(7)), which protects the caller's terminal: input that the
/// program injects (TIOCSTI) and settings that it changes only affect its own. The waiting parent
/// copies between the two.
///
/// The caller's terminal is raw if it is the standard input and the standard output is not a pipe:
/// the program receives keys unchanged. Otherwise another program, such as a pager, may use the
/// terminal as well. Then it keeps its settings, and the program receives whole lines, unless
/// another process changes the settings, and until the program asks its own terminal for keys. In
/// the background, nothing is read or changed.
class Terminal {
 public:
  /// Opens a terminal before anything is entered, with the settings of the caller's terminal.
  static Result<Terminal> open(const step::OpenTerminal& step);

  /// In the child: makes it the controlling terminal of a new session, and the program's standard
  /// descriptors.
  Status attach();

  /// In the program's process, if it was started by an init: creates a process group in the
  /// foreground. Only this group receives signals from keys, and can be stopped by them as in a
  /// shell.
  Status take_foreground();

  /// In the parent, after the fork: closes the program's side.
  void leave_to_child();

  /// Makes the caller's terminal raw, if required, and if this process is in the foreground.
  void take_over() const;
  /// Restores its settings. Called when the parent stops or ends.
  void put_back() const;

  /// Copies the window size of the caller's terminal.
  void resize() const;

  /// Sends the signal of a key (INT, QUIT) to the program's foreground processes.
  void send_key_signal(int signal) const;

  /// Returns whether such a key was copied, which would otherwise have signaled this process group.
  bool has_passed_interrupt() const { return passed_interrupt_; }

  /// Returns whether the suspend key was copied since the last call, and the process group
  /// `program` receives its signal.
  bool has_stopped(pid_t program);

  /// The number of entries that ask() fills.
  static constexpr std::size_t kWaitsFor = 3;
  /// Fills in the descriptors to wait for: the caller's input, the program's terminal, and the
  /// caller's output while data is pending. Returns the timeout in milliseconds: while another
  /// process uses the caller's terminal, nothing reports when it becomes free.
  int ask(pollfd* fds) const;
  /// Copies available data. Never blocks.
  void copy(const pollfd* fds);
  /// The errno value of a failure to write the program's output, or 0.
  int write_error() const { return write_error_; }

  /// Called when the program has ended: discards input, and limits output to what is buffered.
  void end();
  /// After end(): whether output is left. ask() waits until it can be written.
  bool has_output_left();

 private:
  /// How to read the caller's terminal.
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
  std::array<bool, 3> replaces_{};  ///< the standard descriptors that it replaces
  Input input_from_ = Input::none;
  int reads_ = -1;   ///< descriptor for input; -1: none
  int writes_ = -1;  ///< descriptor for output; -1: none
  int write_error_ = 0;
  OwnedFd opened_;     ///< /dev/tty, if input or output has no descriptor of the caller
  OwnedFd output_fd_;  ///< a second open file of writes_ that never blocks
  std::optional<termios> settings_;  ///< of the caller's terminal, if there is one
  std::string input_;                ///< read but not yet accepted by the program
  std::string output_;               ///< read but not yet accepted by the caller's output
  char last_input_ = '\n';
  bool passed_interrupt_ = false;
  bool passed_stop_ = false;
  bool input_open_ = true;
  bool output_open_ = true;
  std::size_t left_ = 0;  ///< limit of output after the program's end, because other processes may
                          ///< keep writing
};

/// Raw mode of the caller's terminal. One per process: the handlers for faults (SIGSEGV, SIGABRT
/// ...) must find the settings to restore.

/// Makes the terminal raw. leave_raw_mode() restores the given settings; so does a fault, before it
/// takes effect.
void enter_raw_mode(int fd, const termios& restored_later);

/// Restores the settings, if the terminal is raw.
void leave_raw_mode();

bool is_in_raw_mode();

}  // namespace nsx
