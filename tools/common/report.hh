// SPDX-License-Identifier: MIT
#pragma once
// What every tool does at its start and its end: messages, traces, exit statuses.

#include <new>
#include <optional>
#include <string>
#include <string_view>

#include <nsx/kernel.hh>
#include <nsx/target.hh>

#include "common/options.hh"

namespace nsx::cli {

/// What every main() calls: opens /dev/null on each of the descriptors 0, 1 and 2 that is closed
/// (otherwise the next file opened would take its place, and be written to), then runs the tool.
/// Returns its exit status.
int guarded_main(const Tool& tool, int (*run)(int, char**), int argc, char** argv);

/// Whether one of the descriptors 0, 1 and 2 was closed when the tool began.
bool was_closed(int fd);

/// Reports that memory ran out, which takes none. Returns the tool's status for that: the one of a
/// usage error, as 1 is an answer of some commands.
int report_out_of_memory(const Tool& tool);

/// Runs the code of a tool or of one of its commands, whose exit status it returns. By the time an
/// exception is caught here, everything on the stack has been undone.
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

/// Writes "TOOL: note: TEXT" to stderr, for anything that is not an error, and "hint: HINT" on a
/// second line unless that is empty. Hidden characters are escaped.
void note(const Tool& tool, std::string_view text, std::string_view hint = {});

/// The command line of this process, for a shell.
std::string own_command_line();

/// Reports a usage error, names --help, and returns the tool's status for it.
int usage_error(const Tool& tool, const Error& error);

/// Writes to stdout, to the last byte. Returns the exit status: 0, or 1 if it can't be written.
int print(const Tool& tool, const std::string& text);

/// Writes through stdio: whether that went well is known for certain after flush_stdout().
Status write_stdout(std::string_view text);

/// Hands on what was written to stdout through stdio. Errors: it can't be written, or stdout was
/// closed at the start.
Status flush_stdout();

/// The same at the end of a command: reports an error, and returns the exit status as print() does.
int finish_stdout(const Tool& tool);

/// What --version prints.
std::string version_text(const Tool& tool);

/// Prints what --help or --version asks for and returns the exit status; none without them.
std::optional<int> answer_help(const Tool& tool, const CommandLine& line);

/// Opens the kernel, without the features that NSX_KERNEL_FEATURES switches off. Errors: /proc is
/// no proc file system, unless the command can do without.
enum class Proc : bool { is_needed, may_be_missing };
Result<Kernel> open_kernel(Proc proc = Proc::is_needed);

/// Says on stderr, after an error that a file is missing, that /proc is, if so: the reason, then.
void note_missing_proc(const Tool& tool, const Kernel& kernel, const Error& error);

/// Where targets are looked for: also in the caller's XDG_RUNTIME_DIR.
TargetOptions target_options();

/// What somebody typed, as messages show it, even if it is empty: 'text'.
std::string quoted(std::string_view text);

/// The number of a PID argument.
Result<pid_t> parse_pid(const char* text);

/// Turns on the traces of the library that the environment variable NSX_DEBUG lists, on stderr.
/// Ignored where the caller's rights are not this process's, as in a set-user-ID program.
void start_traces(const Tool& tool);

}  // namespace nsx::cli
