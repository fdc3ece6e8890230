#include "common/report.hh"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <unistd.h>

namespace nsx::cli {

namespace {

bool open_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is this one, as those below are open.
    if (::open("/dev/null", O_RDWR) != fd) return false;
  }
  return true;
}

/// One line, in one piece, so that lines of several processes do not mix; without stdio, which a
/// runner needs for nothing else.
void say(const Tool& tool, const std::string& text) {
  const std::string line = std::string(tool.name) + ": " + text + '\n';
  // Without stderr there is nowhere to say so.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

int guarded_main(const Tool& tool, int (*run)(int, char**), int argc, char** argv) {
  try {
    // Without stderr there is nowhere to say so.
    return open_standard_streams() ? run(argc, argv) : 1;
  } catch (const std::exception& bug) {
    report(tool, Error{"go on", "", 0, bug.what(), {}});
    return 1;
  }
}

void report(const Tool& tool, const Error& error) {
  say(tool, error.message());
}

void note(const Tool& tool, std::string_view text) {
  say(tool, "note: " + std::string(text));
}

int usage_error(const Tool& tool, const Error& error) {
  report(tool, error);
  std::fprintf(stderr, "Try '%s --help'.\n", tool.name);
  return tool.usage_status;
}

int print(const Tool& tool, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return finish_stdout(tool);
}

int finish_stdout(const Tool& tool) {
  const bool failed_before = std::ferror(stdout) != 0;
  if (std::fflush(stdout) == 0 && !failed_before) return 0;
  report(tool, Error{"write", "standard output", errno, {}, {}});
  return 1;
}

std::string version_text(const Tool& tool) {
  return std::string(tool.name) + " (nsx) " + NSX_VERSION + '\n';
}

std::optional<int> answer_help(const Tool& tool, const CommandLine& line) {
  if (line.has(kHelp.id)) return print(tool, help_text(tool));
  if (line.has(kVersion.id)) return print(tool, version_text(tool));
  return std::nullopt;
}

Result<Kernel> open_kernel() {
  KernelOptions options;
  if (const char* list = std::getenv("NSX_KERNEL_FEATURES")) {
    auto disabled = parse_disabled_features(list);
    if (!disabled) return error_of(disabled);
    options.disabled = *disabled;
  }
  return Kernel::open(options);
}

TargetOptions target_options() {
  TargetOptions options;
  const char* directory = std::getenv("XDG_RUNTIME_DIR");
  if (directory != nullptr) options.runtime_directory = directory;
  return options;
}

std::string quoted(std::string_view text) {
  return '\'' + std::string(text) + '\'';
}

Result<pid_t> parse_pid(const char* text) {
  pid_t pid = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, pid);
  if (error != std::errc{} || stop != end || pid <= 0) {
    return refuse("use as a PID", quoted(text), "a PID is a number above 0");
  }
  return pid;
}

}  // namespace nsx::cli
