// SPDX-License-Identifier: MIT
#include "nsx-enter/files.hh"

#include <algorithm>
#include <array>
#include <chrono>
#include <unistd.h>

#include <nsx/target.hh>

#include "common/json.hh"
#include "common/report.hh"
#include "common/value.hh"
#include "try.hh"

namespace nsx::enter_tool {

namespace {

/// Shows how much was copied, in one line of the terminal, after a second.
class ProgressLine {
 public:
  explicit ProgressLine(const Copy& copy) : copy_(copy) {}
  ProgressLine(ProgressLine&&) = delete;
  ProgressLine& operator=(ProgressLine&&) = delete;
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { clear(); }

  void show(std::uint64_t bytes) {
    constexpr std::chrono::seconds kDelay{1};
    if (Clock::now() - begin_ < kDelay) return;
    const std::string path = printable(copy_.source);
    constexpr std::size_t kLongest = 50;
    const std::string shown =
        path.size() > kLongest ? "..." + path.substr(path.size() - kLongest) : path;
    write("\r\x1b[K" + shown + ": " + std::to_string(bytes >> 20) + " MiB");
    is_shown_ = true;
  }

  void clear() {
    if (std::exchange(is_shown_, false)) write("\r\x1b[K");
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// Nobody depends on it, so failures are ignored.
  static void write(const std::string& text) {
    [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
  }

  const Copy& copy_;
  Clock::time_point begin_ = Clock::now();
  bool is_shown_ = false;
};

Status transfer_one(const TransferTarget& target, const Copy& copy) {
  if (copy.destination == kStandardStream && cli::was_closed(STDOUT_FILENO)) {
    return fail("write", "standard output", EBADF);
  }
  if (copy.source == kStandardStream && cli::was_closed(STDIN_FILENO)) {
    return fail("read", "standard input", EBADF);
  }
  ProgressLine line(copy);
  TransferEvents events;
  events.note = [&](const std::string& text) {
    line.clear();
    cli::note(kTool, text);
  };
  const bool shows = ::isatty(STDERR_FILENO) == 1 &&
                     (copy.destination != kStandardStream || ::isatty(STDOUT_FILENO) != 1);
  if (shows) events.progress = [&](std::uint64_t bytes) { line.show(bytes); };
  return transfer(target, copy, events);
}

Status transfer_all(const Kernel& kernel, const Target& target, const Options& options) {
  const auto opened = TRY(open_transfer_target(kernel, target));
  for (const Copy& copy : options.copies)
    TRY(transfer_one(opened, copy));
  return {};
}

int print_copies(const Target& target, const Options& options) {
  if (!options.run.json) {
    std::string text;
    for (std::size_t i = 0; i < options.copies.size(); ++i)
      text += std::to_string(i + 1) + ". " + describe(options.copies[i], target.name) + '\n';
    return cli::print(kTool, text);
  }
  cli::JsonWriter json;
  json.open('{').key("steps").open('[');
  for (const Copy& copy : options.copies) {
    const bool is_get = copy.direction == Copy::Direction::get;
    json.open('{').key("action").string(is_get ? "copy-out" : "copy-in");
    json.key("description").string(describe(copy, target.name)).key("needs").null().close();
  }
  return cli::print(kTool, json.close().close().take() + '\n');
}

}  // namespace

Status add_get(Options& options, const char* argument) {
  options.copies.push_back(TRY(parse_get(argument)));
  return {};
}

Status add_put(Options& options, const char* argument) {
  options.copies.push_back(TRY(parse_put(argument)));
  return {};
}

Status check_copies(const cli::CommandLine& line, const Options& options) {
  constexpr std::array<std::string_view, 5> kAllowed{"target", "get", "put", "plan", "json"};
  std::string_view copies = "--get";
  for (const cli::Given& given : line.options) {
    if (given.option->name == std::string_view("put")) copies = "--put";
  }
  for (const cli::Given& given : line.options) {
    if (std::find(kAllowed.begin(), kAllowed.end(), given.option->name) != kAllowed.end()) continue;
    return problem(std::string(copies) + " and --" + given.option->name +
                   " are mutually exclusive");
  }
  if (options.target == nullptr) {
    return problem(std::string(copies) + " needs a target (--target=PID)");
  }
  if (!line.program.empty()) {
    return problem(std::string(copies) + " copies files and runs no program");
  }
  return {};
}

int run_copies(const Kernel& kernel, const Options& options) {
  const auto target = resolve_target(kernel, options.target, cli::target_options());
  if (!target) {
    cli::report(kTool, target.error());
    return cli::kFailed;
  }
  if (options.run.plan) return print_copies(*target, options);
  const Status done = transfer_all(kernel, *target, options);
  if (done) return 0;
  cli::report(kTool, done.error());
  return cli::kFailed;
}

}  // namespace nsx::enter_tool
