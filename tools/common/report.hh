// SPDX-License-Identifier: MIT
#pragma once
// What every tool does when it starts and exits: messages, traces and exit statuses.

#include <new>
#include <optional>
#include <string>
#include <string_view>

#include <nsx/kernel.hh>
#include <nsx/target.hh>

#include "common/options.hh"

namespace nsx::cli {

/// Runs a tool and returns its exit status; called by every main(). First opens /dev/null on those
/// of the descriptors 0, 1 and 2 that are closed: otherwise the next file opened would take that
/// number, and be written to.
int guarded_main(const Tool& tool, int (*run)(int, char**), int argc, char** argv);

/// Returns whether `fd` is 0, 1 or 2 and was closed when the tool started.
bool was_closed(int fd);

/// Reports that memory has run out, without allocating any. Returns the tool's status for usage
/// errors, because 1 is a regular result of some commands.
int report_out_of_memory(const Tool& tool);

/// Runs the code of a tool or command and returns its exit status, or that of
/// report_out_of_memory() if it throws std::bad_alloc. By then, unwinding has undone everything on
/// the stack.
template <class Run>
int guarded(const Tool& tool, Run run) {
  try {
    return run();
  } catch (const std::bad_alloc&) {
    return report_out_of_memory(tool);
  }
}

/// Writes "TOOL: MESSAGE" to stderr, and "hint: HINT" on a second line if the error has a hint.
void report(const Tool& tool, const Error& error);

/// Returns an error with its hint in parentheses, where there is only one line for both.
std::string one_line(const Error& error);

/// Writes "TOOL: note: TEXT" to stderr, for anything that is not an error, and "hint: HINT" on a
/// second line unless that is empty. Hidden characters are escaped.
void note(const Tool& tool, std::string_view text, std::string_view hint = {});

/// Returns the command line of this process, quoted for a shell.
std::string own_command_line();

/// Reports a usage error, refers to --help, and returns the tool's status for usage errors.
int usage_error(const Tool& tool, const Error& error);

/// Writes to stdout and flushes it. Returns the exit status: 0, or 1 if writing fails.
int print(const Tool& tool, const std::string& text);

/// Writes to stdout through stdio. Only flush_stdout() tells whether everything was written.
Status write_stdout(std::string_view text);

/// Flushes stdout. Errors: writing fails, now or earlier, or stdout was closed when the tool
/// started.
Status flush_stdout();

/// Flushes stdout at the end of a command: reports an error, and returns the exit status like
/// print().
int finish_stdout(const Tool& tool);

/// Returns the output of --version.
std::string version_text(const Tool& tool);

/// Handles --help and --version: prints the text and returns the exit status. Returns none if
/// neither was given.
std::optional<int> answer_help(const Tool& tool, const CommandLine& line);

/// Opens the kernel, without the features that NSX_KERNEL_FEATURES disables. Errors: /proc is not a
/// proc file system and the command needs one.
enum class Proc : bool { is_needed, may_be_missing };
Result<Kernel> open_kernel(Proc proc = Proc::is_needed);

/// Notes on stderr, after an error with ENOENT, that /proc is missing, if it is: that is the cause.
void note_missing_proc(const Tool& tool, const Kernel& kernel, const Error& error);

/// Returns where to search for targets, from XDG_RUNTIME_DIR, XDG_DATA_HOME, HOME and NSX_PIN_DIR.
TargetOptions target_options();

/// Parses a PID argument.
Result<pid_t> parse_pid(const char* text);

/// Enables the library's traces for the areas in the environment variable NSX_DEBUG, on stderr. The
/// variable is ignored in set-user-ID programs and the like (secure_getenv(3)).
void start_traces(const Tool& tool);

}  // namespace nsx::cli
