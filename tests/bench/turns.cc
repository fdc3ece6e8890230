// SPDX-License-Identifier: MIT
// turns ROUNDS LABEL COMMAND [LABEL COMMAND]...: runs the commands in turn, A B C A B C ..., and
// reads all their output. A command is one string, its words separated by spaces.
//
// Prints a line for each command: label, median and minimal wall time in microseconds, peak memory
// in KiB (at least this program's own, which the kernel includes), and how much longer each of the
// commands takes than this one: the median of the rounds' ratios, as a machine whose speed drifts
// slows all of a round alike.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

struct Command {
  const char* label;
  std::vector<char*> argv;
  std::vector<double> times;  // a round each
  long peak = 0;
};

Command make_command(const char* label, char* line) {
  Command command{label, {}, {}};
  for (char* word = std::strtok(line, " "); word != nullptr; word = std::strtok(nullptr, " "))
    command.argv.push_back(word);
  command.argv.push_back(nullptr);
  return command;
}

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

[[noreturn]] void die(const char* what, int code) {
  std::fprintf(stderr, "turns: %s: %s\n", what, std::strerror(code));
  std::exit(1);
}

/// Reads to the end; the last part stays in `tail`, to be shown if the command fails.
void read_all(int fd, std::string& tail) {
  static std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) die("read", errno);
    if (n == 0) return;
    const auto kept = std::min<ssize_t>(n, 1000);
    tail.assign(buffer.data() + n - kept, static_cast<std::size_t>(kept));
  }
}

/// Wall time from before the spawn until all output is read and the process is reaped.
void run(Command& command, bool counts) {
  const double start = now();
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) die("pipe2", errno);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDERR_FILENO);
  pid_t pid = 0;
  const int failed =
      ::posix_spawnp(&pid, command.argv[0], &actions, nullptr, command.argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) die(command.argv[0], failed);
  ::close(pipe[1]);
  static std::string tail;
  tail.clear();
  read_all(pipe[0], tail);
  ::close(pipe[0]);
  int status = 0;
  rusage usage{};
  if (::wait4(pid, &status, 0, &usage) != pid) die("wait4", errno);
  const double end = now();
  if (status != 0) {
    std::fprintf(stderr, "turns: %s ended with wait status %#x, its output with:\n%s\n",
                 command.label, static_cast<unsigned>(status), tail.c_str());
    std::exit(1);
  }
  if (!counts) return;
  command.times.push_back(end - start);
  command.peak = std::max(command.peak, usage.ru_maxrss);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double median_ratio(const std::vector<double>& above, const std::vector<double>& below) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < above.size(); ++i)
    ratios.push_back(above[i] / below[i]);
  return median(std::move(ratios));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 0;
  if (argc < 4 || argc % 2 != 0 || rounds < 1) {
    std::fprintf(stderr, "usage: turns ROUNDS LABEL COMMAND [LABEL COMMAND]...\n");
    return 1;
  }
  std::vector<Command> commands;
  for (int i = 2; i < argc; i += 2)
    commands.push_back(make_command(argv[i], argv[i + 1]));

  for (Command& command : commands)
    run(command, false);  // warms the caches
  for (std::size_t round = 0; round < static_cast<std::size_t>(rounds); ++round) {
    // The order changes each time.
    for (std::size_t i = 0; i < commands.size(); ++i)
      run(commands[(round + i) % commands.size()], true);
  }
  for (const Command& command : commands) {
    std::printf("%s %.0f %.0f %ld", command.label, median(command.times),
                *std::min_element(command.times.begin(), command.times.end()), command.peak);
    for (const Command& other : commands)
      std::printf(" %.3f", median_ratio(other.times, command.times));
    std::printf("\n");
  }
  return 0;
}
