// SPDX-License-Identifier: MIT
#include "common/report.hh"

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <new>
#include <span>
#include <stdio_ext.h>
#include <string>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <nsx/kernel.hh>
#include <nsx/text.hh>

#include "try.hh"

namespace nsx::cli {

namespace {

std::array<bool, 3> was_closed_at_start{};

std::span<char* const> own_words;

bool open_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // open(2) returns the lowest free number, which is this one.
    if (::open("/dev/null", O_RDWR) != fd) return false;
    was_closed_at_start[static_cast<std::size_t>(fd)] = true;
  }
  return true;
}

/// Writes "TOOL: TEXT", and "hint: HINT" on a second line unless that is empty. A single call keeps
/// messages of several processes apart. Uses neither memory nor stdio, which the tools that run a
/// program do not otherwise load.
void say(const Tool& tool, std::string_view text, std::string_view hint = {}) {
  const auto part = [](std::string_view piece) {
    return iovec{const_cast<char*>(piece.data()), piece.size()};
  };
  const std::array lines{part(tool.name), part(": "), part(text), part("\n"),
                         part("hint: "),  part(hint), part("\n")};
  // If stderr cannot be written, there is nowhere to report it.
  [[maybe_unused]] const ssize_t written =
      ::writev(STDERR_FILENO, lines.data(), hint.empty() ? 4 : static_cast<int>(lines.size()));
}

/// Address space reserved for undoing changes and reporting the error after memory has run out.
constexpr std::size_t kReserve = std::size_t{256} * 1024;
/// The size to which the stack is grown in advance. It counts as address space, too, but if it
/// cannot grow later, the process gets SIGSEGV instead of an error.
constexpr std::size_t kStack = std::size_t{128} * 1024;

std::atomic<void*> reserve;

/// The new-handler (operator new calls it when malloc(3) fails).
void release_reserve() {
  if (void* memory = reserve.exchange(nullptr)) ::munmap(memory, kReserve);
  throw std::bad_alloc();
}

/// Grows the stack to kStack, by touching its last page only.
[[gnu::noinline, gnu::no_sanitize_address]] void grow_stack() {
  auto* here = static_cast<volatile char*>(__builtin_frame_address(0));
  *(here - kStack) = 0;
}

/// Reserves address space. Returns false if there is not enough. The reserve is never touched, so
/// it costs system calls but no pages.
bool prepare_for_lack_of_memory() {
  void* memory = ::mmap(nullptr, kReserve + kStack, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  ::munmap(static_cast<char*>(memory) + kReserve, kStack);
  grow_stack();
  reserve = memory;
  std::set_new_handler(release_reserve);
  return true;
}

const char* traced_tool = "";

/// Writes "nsx-enter[4021]: plan: TEXT" with a single call, so that lines of several processes do
/// not mix.
void write_trace(TraceArea area, std::string_view text) {
  const std::string line = std::string(traced_tool) + '[' + std::to_string(::getpid()) +
                           "]: " + name(area) + ": " + visible(text) + '\n';
  // If stderr cannot be written, there is nowhere to report it.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

/// Returns the areas that a word of NSX_DEBUG stands for; none if it is unknown.
TraceAreas areas_of(std::string_view word) {
  if (word == "all") return TraceAreas::all();
  for (const TraceArea area : TraceAreas::all()) {
    if (word == name(area)) return {area};
  }
  return {};
}

/// Splits NSX_DEBUG into words. An empty list has none, and a trailing comma is ignored, as scripts
/// often leave one.
std::vector<std::string_view> words_of(std::string_view list) {
  if (list.ends_with(',')) list.remove_suffix(1);
  return list.empty() ? std::vector<std::string_view>() : split_list(list);
}

/// Returns the known words of NSX_DEBUG: "probe, target, ... or all".
std::string area_words() {
  std::string text;
  for (const TraceArea area : TraceAreas::all())
    text += (text.empty() ? "" : ", ") + std::string(name(area));
  return text + " or all";
}

}  // namespace

int guarded_main(const Tool& tool, int (*run)(int, char**), int argc, char** argv) {
  // Without stderr, there is nowhere to report it.
  if (!open_standard_streams()) return 1;
  own_words = {argv, static_cast<std::size_t>(argc)};
  if (!prepare_for_lack_of_memory()) return report_out_of_memory(tool);
  try {
    return guarded(tool, [&] {
      start_traces(tool);
      return run(argc, argv);
    });
  } catch (const std::exception& bug) {
    report(tool, Error{"cannot continue", "", 0, bug.what(), {}});
    return tool.usage_status;
  }
}

bool was_closed(int fd) {
  return fd >= 0 && fd <= 2 && was_closed_at_start[static_cast<std::size_t>(fd)];
}

int report_out_of_memory(const Tool& tool) {
  say(tool, "out of memory");
  return tool.usage_status;
}

void report(const Tool& tool, const Error& error) {
  say(tool, error.message(), visible(error.hint()));
}

std::string own_command_line() {
  std::string line;
  for (const char* word : own_words)
    line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

std::string one_line(const Error& error) {
  return error.message() + (error.hint().empty() ? "" : " (" + visible(error.hint()) + ')');
}

void note(const Tool& tool, std::string_view text, std::string_view hint) {
  say(tool, "note: " + visible(text), visible(hint));
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

Status write_stdout(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
  return fail("write", "standard output");
}

Status flush_stdout() {
  const bool failed_before = std::ferror(stdout) != 0;
  const bool has_text = ::__fpending(stdout) != 0;
  if (std::fflush(stdout) != 0 || failed_before) return fail("write", "standard output");
  if (has_text && was_closed(STDOUT_FILENO)) return fail("write", "standard output", EBADF);
  return {};
}

int finish_stdout(const Tool& tool) {
  const auto done = flush_stdout();
  if (!done) report(tool, done.error());
  return done ? 0 : 1;
}

std::string version_text(const Tool& tool) {
  return std::string(tool.name) + " (nsx) " + NSX_VERSION + '\n';
}

std::optional<int> answer_help(const Tool& tool, const CommandLine& line) {
  if (line.has(kHelp.name)) return print(tool, help_text(tool));
  if (line.has(kVersion.name)) return print(tool, version_text(tool));
  return std::nullopt;
}

Result<Kernel> open_kernel(Proc proc) {
  KernelOptions options;
  if (const char* list = std::getenv("NSX_KERNEL_FEATURES")) {
    const FeatureChoice choice = TRY(parse_features(list));
    options.disabled = choice.disabled;
    options.forced = choice.forced;
  }
  auto kernel = Kernel::open(options);
  if (!kernel || proc == Proc::may_be_missing) return kernel;
  // The proc of another PID namespace is accepted: errors about its processes mention it.
  TRY(kernel->check_proc());
  return kernel;
}

void note_missing_proc(const Tool& tool, const Kernel& kernel, const Error& error) {
  if (error.code != ENOENT) return;
  if (auto ok = kernel.check_proc(); !ok) note(tool, ok.error().message(), ok.error().hint());
}

TargetOptions target_options() {
  TargetOptions options;
  const char* directory = std::getenv("XDG_RUNTIME_DIR");
  if (directory != nullptr) options.runtime_directory = directory;
  const char* data = std::getenv("XDG_DATA_HOME");
  const char* home = std::getenv("HOME");
  if (data != nullptr && *data != '\0') {
    options.data_directory = data;
  } else if (home != nullptr && *home != '\0') {
    options.data_directory = std::string(home) + "/.local/share";
  }
  const char* pins = std::getenv("NSX_PIN_DIR");
  if (pins != nullptr) options.pin_directory = pins;
  return options;
}

Result<pid_t> parse_pid(const char* text) {
  pid_t pid = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, pid);
  if (error != std::errc{} || stop != end || pid <= 0) {
    return problem("invalid PID '{}'", text, "expected a number above 0");
  }
  return pid;
}

void start_traces(const Tool& tool) {
  const char* value = ::secure_getenv("NSX_DEBUG");
  if (value == nullptr) return;
  TraceAreas areas;
  for (const std::string_view word : words_of(value)) {
    const TraceAreas meant = areas_of(word);
    areas.insert(meant);
    if (word == "help") {
      note(tool, "NSX_DEBUG is a comma-separated list of " + area_words());
    } else if (meant.empty()) {
      note(tool, "unknown area '" + std::string(word) + "' in NSX_DEBUG: expected " + area_words());
    }
  }
  traced_tool = tool.name;
  trace_to(write_trace, areas);
}

}  // namespace nsx::cli
