#pragma once
// What every tool does at its start and its end.

#include <optional>
#include <string>
#include <string_view>

#include <nsx/kernel.hh>
#include <nsx/target.hh>

#include "common/options.hh"

namespace nsx::cli {

/// What every main() calls: opens /dev/null on each of the descriptors 0, 1 and 2 that is closed
/// (else the next file opened would take its place, and be written to), then runs the tool. Its
/// result, or 1 if memory runs out, is the exit status.
int guarded_main(const Tool& tool, int (*run)(int, char**), int argc, char** argv);

/// Writes "TOOL: MESSAGE" to stderr.
void report(const Tool& tool, const Error& error);

/// Writes "TOOL: note: TEXT" to stderr: something that is no error.
void note(const Tool& tool, std::string_view text);

/// Reports a usage error, names --help, and returns the tool's status for it.
int usage_error(const Tool& tool, const Error& error);

/// Writes to stdout, to the last byte. Returns the exit status: 0, or 1 if it can't be written.
int print(const Tool& tool, const std::string& text);

/// The same for what was written to stdout through stdio.
int finish_stdout(const Tool& tool);

/// What --version prints.
std::string version_text(const Tool& tool);

/// Prints what --help or --version asks for and returns the exit status; none without them.
std::optional<int> answer_help(const Tool& tool, const CommandLine& line);

/// Opens the kernel, without the features that NSX_KERNEL_FEATURES switches off.
Result<Kernel> open_kernel();

/// Where targets are looked for: also in the caller's XDG_RUNTIME_DIR.
TargetOptions target_options();

/// What somebody typed, as messages show it, even if it is empty: 'text'.
std::string quoted(std::string_view text);

/// The number of a PID argument.
Result<pid_t> parse_pid(const char* text);

}  // namespace nsx::cli
