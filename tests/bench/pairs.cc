// SPDX-License-Identifier: MIT
// Runs two commands in turn, A B A B ..., and prints the median wall time of each and the median
// of the ratios A/B pair by pair: a machine whose speed drifts slows both halves of a pair alike.
//
// pairs LABEL PAIRS COMMAND_A COMMAND_B      each command is one string, words separated by spaces
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

struct Command {
  explicit Command(const char* line) : text(line) {
    for (char* word = std::strtok(text.data(), " "); word != nullptr;
         word = std::strtok(nullptr, " ")) {
      argv.push_back(word);
    }
    argv.push_back(nullptr);
  }
  std::string text;
  std::vector<char*> argv;
};

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

[[noreturn]] void die(const char* what, int code) {
  std::fprintf(stderr, "pairs: %s: %s\n", what, std::strerror(code));
  std::exit(1);
}

/// Wall time in microseconds, from before the spawn until the process is reaped.
double run(const Command& command, const posix_spawn_file_actions_t& silent) {
  const double start = now();
  pid_t pid = 0;
  const int failed =
      ::posix_spawnp(&pid, command.argv[0], &silent, nullptr, command.argv.data(), environ);
  if (failed != 0) die(command.argv[0], failed);
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) die("waitpid", errno);
  const double end = now();
  if (status != 0) {
    std::fprintf(stderr, "pairs: %s: ended with wait status %#x\n", command.argv[0],
                 static_cast<unsigned>(status));
    std::exit(1);
  }
  return end - start;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: pairs LABEL PAIRS COMMAND_A COMMAND_B\n");
    return 1;
  }
  const int pairs = std::atoi(argv[2]);
  if (pairs < 1) {
    std::fprintf(stderr, "pairs: PAIRS must be above 0\n");
    return 1;
  }
  const Command a(argv[3]);
  const Command b(argv[4]);
  posix_spawn_file_actions_t silent;
  ::posix_spawn_file_actions_init(&silent);
  ::posix_spawn_file_actions_addopen(&silent, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

  run(a, silent);
  run(b, silent);
  std::vector<double> times_a;
  std::vector<double> times_b;
  std::vector<double> ratios;
  for (int i = 0; i < pairs; ++i) {
    // The order changes from pair to pair: the second may find caches warm, or the frequency up.
    double time_a = 0;
    double time_b = 0;
    if (i % 2 == 0) {
      time_a = run(a, silent);
      time_b = run(b, silent);
    } else {
      time_b = run(b, silent);
      time_a = run(a, silent);
    }
    times_a.push_back(time_a);
    times_b.push_back(time_b);
    ratios.push_back(time_a / time_b);
  }
  ::posix_spawn_file_actions_destroy(&silent);
  std::printf("%-34s %9.0f %9.0f %8.3f\n", argv[1], median(times_a), median(times_b),
              median(ratios));
  return 0;
}
