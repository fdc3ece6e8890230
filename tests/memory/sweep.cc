// SPDX-License-Identifier: MIT
// Runs a command repeatedly, each time with memory running out a little later, until it no longer
// does. Each run has to end with success, or with a message of nsx and one of the statuses of a
// failure; no process, mount or file may be left, and the terminal has to be restored.
//
// Usage: sweep [OPTION]... -- COMMAND...
//
// - --preload=FILE: where fail_malloc is
// - --full: from then on only freed memory is available (default: one allocation fails)
// - --limit: by RLIMIT_AS, from what a program needs to reach main(), instead of by fail_malloc
// - --statuses=LIST: of a failure, comma-separated (default: 1)
// - --same=DIR: has to contain the same names after each run, at any depth
// - --undo=COMMAND: a shell command that undoes what a successful run has done
// - --before=COMMAND: a shell command that restores, before each run, what the command removes;
//   mounts may differ then
// - --terminal: the command's input and output are a terminal
// - --coarse: fewer runs, for slow machines
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <set>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr int kPatience = 60000;  // milliseconds for a run that takes some
constexpr rlim_t kPage = 4096;

struct Options {
  bool full = false;
  bool limit = false;
  bool terminal = false;
  bool coarse = false;
  std::string preload;
  std::string undo;
  std::string before;
  std::vector<std::string> same;
  std::set<int> statuses{1};
  std::vector<char*> command;
};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "sweep: %s\n", what.c_str());
  std::exit(1);
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> piece{};
  ssize_t n = 0;
  while ((n = ::read(fd, piece.data(), piece.size())) > 0)
    text.append(piece.data(), static_cast<std::size_t>(n));
  return text;
}

std::string read_file(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) die(std::string("cannot open ") + path);
  std::string text = read_all(fd);
  ::close(fd);
  return text;
}

/// State that must not change. A mount that disappears is another process's doing: removing a file
/// removes its mounts everywhere.
struct State {
  std::set<std::string> mounts;
  std::set<std::string> files;
};

std::set<std::string>* walked;

State look(const Options& options) {
  State state;
  if (options.before.empty()) {
    const std::string text = read_file("/proc/self/mountinfo");
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
         at = end + 1)
      state.mounts.insert(text.substr(at, end - at));
  }
  walked = &state.files;
  for (const std::string& directory : options.same) {
    const auto note = [](const char* path, const struct stat*, int, FTW*) {
      walked->insert(path);
      return 0;
    };
    ::nftw(directory.c_str(), note, 16, FTW_PHYS);
  }
  return state;
}

/// A terminal for the command, whose settings are compared afterwards.
class Terminal {
 public:
  Terminal() {
    ours_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (ours_ < 0 || ::grantpt(ours_) != 0 || ::unlockpt(ours_) != 0) die("no pseudo-terminal");
    programs_ = ::open(::ptsname(ours_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    const winsize size{24, 80, 0, 0};
    ::ioctl(ours_, TIOCSWINSZ, &size);
    if (programs_ < 0 || ::tcgetattr(programs_, &before_) != 0) die("no pseudo-terminal");
  }
  ~Terminal() {
    ::close(ours_);
    ::close(programs_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void attach(bool output) const {
    ::setsid();
    ::ioctl(programs_, TIOCSCTTY, 0);
    ::dup2(programs_, STDIN_FILENO);
    if (output) ::dup2(programs_, STDOUT_FILENO);
  }
  int fd() const { return ours_; }
  bool is_unchanged() const {
    termios now{};
    return ::tcgetattr(programs_, &now) == 0 && now.c_lflag == before_.c_lflag &&
           now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag;
  }

 private:
  int ours_ = -1;
  int programs_ = -1;
  termios before_{};
};

struct Ended {
  int status = 0;  ///< in the format of waitpid(2)
  std::string errors;
  bool hung = false;
  std::string left;  ///< processes
  bool changed_terminal = false;
};

/// Waits for children that were reparented to us: names those that stay.
std::string reap() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (;;) {
    const pid_t pid = ::waitpid(-1, nullptr, WNOHANG);
    if (pid > 0) continue;
    if (pid < 0) return {};
    if (std::chrono::steady_clock::now() > deadline) break;
    ::usleep(500);
  }
  const pid_t self = ::getpid();
  const std::string pids = std::to_string(self);
  return read_file(("/proc/" + pids + "/task/" + pids + "/children").c_str());
}

Ended run(const Options& options, char* const* argv, const std::vector<std::string>& extra,
          rlim_t limit) {
  if (!options.before.empty() && std::system(options.before.c_str()) != 0) die("--before fails");
  Ended ended;
  const Terminal terminal;
  const int errors = ::memfd_create("errors", MFD_CLOEXEC);
  const pid_t child = ::fork();
  if (child < 0) die("cannot fork");
  if (child == 0) {
    if (options.terminal) {
      terminal.attach(true);
    } else {
      ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
      ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
    }
    ::dup2(errors, STDERR_FILENO);
    for (const std::string& each : extra)
      ::putenv(const_cast<char*>(each.c_str()));
    if (limit != 0) {
      const rlimit as{limit, limit};
      ::setrlimit(RLIMIT_AS, &as);
    }
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::execvp(argv[0], argv);
    ::_exit(98);
  }
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatience);
  std::array<pollfd, 2> fds{pollfd{pidfd, POLLIN, 0},
                            pollfd{options.terminal ? terminal.fd() : -1, POLLIN, 0}};
  while (fds[0].revents == 0 && !ended.hung) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    ::poll(fds.data(), fds.size(), static_cast<int>(std::max<long>(0, left.count())));
    std::array<char, 4096> screen{};
    if ((fds[1].revents & POLLIN) != 0) {
      [[maybe_unused]] const ssize_t n = ::read(terminal.fd(), screen.data(), screen.size());
    } else if (fds[1].revents != 0) {
      fds[1].fd = -1;
    }
    ended.hung = left.count() <= 0;
  }
  ::close(pidfd);
  if (ended.hung) ::kill(child, SIGKILL);
  ::waitpid(child, &ended.status, 0);
  ended.changed_terminal = options.terminal && !terminal.is_unchanged();
  ::lseek(errors, 0, SEEK_SET);
  ended.errors = read_all(errors);
  ::close(errors);
  if (options.undo.empty() || ended.status != 0) ended.left = reap();
  return ended;
}

class Sweep {
 public:
  explicit Sweep(Options options) : options_(std::move(options)), before_(look(options_)) {}

  int by_allocations() {
    std::string mark = "/tmp/nsx-sweep.XXXXXX";
    const int fd = ::mkstemp(mark.data());
    if (fd < 0 || ::ftruncate(fd, 1) != 0) die("cannot make a file");
    ::fchmod(fd, 0666);
    long at = 1;
    for (;; at += step(at)) {
      [[maybe_unused]] const ssize_t cleared = ::pwrite(fd, "-", 1, 0);
      std::vector<std::string> extra{"LD_PRELOAD=" + options_.preload,
                                     "NSX_FAIL_AT=" + std::to_string(at), "NSX_FAIL_MARK=" + mark};
      if (options_.full) extra.emplace_back("NSX_FAIL_FULL=1");
      const Ended ended = run(options_, options_.command.data(), extra, 0);
      check("allocation " + std::to_string(at), ended);
      char has_failed = 0;
      if (::pread(fd, &has_failed, 1, 0) != 1 || has_failed != 'f') {
        if (ended.status != 0) complain("without a failure", ended, "it fails");
        break;
      }
    }
    ::unlink(mark.c_str());
    std::printf("%ld allocations, ", at - 1);
    return finish();
  }

  int by_limits() {
    std::string version = "--version";
    // With all of the arguments, which take space as well.
    std::vector<char*> start = options_.command;
    start.insert(start.begin() + 1, version.data());
    Options plain = options_;
    plain.undo.clear();
    plain.before.clear();
    plain.terminal = false;
    rlim_t limit = 16 * kPage;
    // The dynamic loader may behave differently without memory: main() has to be reached.
    const auto is_too_low = [&](rlim_t tried) {
      const Ended ended = run(plain, start.data(), {}, tried);
      return ended.status != 0 && (is_loaders(ended) || !is_reported(ended));
    };
    for (rlim_t width = 4096 * kPage; width >= kPage; width /= 2) {
      while (is_too_low(limit + width))
        limit += width;
    }
    // The kernel's placement differs from run to run, and with it the loader's needs.
    limit += 4 * kPage;
    const rlim_t first = limit + kPage;
    // Until it has succeeded so often that more memory makes no difference.
    const rlim_t stride = (options_.coarse ? 16 : 1) * kPage;
    for (int successes = 0; successes < 4; limit += stride) {
      const Ended ended = run(options_, options_.command.data(), {}, limit + kPage);
      if (is_loaders(ended)) continue;
      check(std::to_string((limit + kPage) / 1024) + " KiB", ended);
      successes = ended.status == 0 ? successes + 1 : 0;
      if (limit > (rlim_t{1} << 31)) die("no limit is enough");
    }
    std::printf("from %ju to %ju KiB, ", static_cast<std::uintmax_t>(first / 1024),
                static_cast<std::uintmax_t>(limit / 1024));
    return finish();
  }

 private:
  long step(long at) const {
    return options_.coarse ? 1 + at / 6 : 1 + std::max(0L, at - 400) / 40;
  }

  int finish() const {
    std::printf("%d runs: %d succeeded, %d failed as they should, %d did not\n", runs_, succeeded_,
                runs_ - succeeded_ - bad_, bad_);
    if (runs_ == succeeded_) std::puts("none of them failed: this shows nothing");
    return bad_ == 0 && succeeded_ > 0 && runs_ > succeeded_ ? 0 : 1;
  }

  static bool is_loaders(const Ended& ended) {
    const auto says = [&](const char* text) {
      return ended.errors.find(text) != std::string::npos;
    };
    return ended.status != 0 &&
           (says("error while loading") || says("cannot allocate TLS data structures"));
  }

  static bool is_reported(const Ended& ended) {
    return ended.errors.starts_with("nsx-") || ended.errors.find("\nnsx-") != std::string::npos;
  }

  void check(const std::string& when, const Ended& ended) {
    ++runs_;
    const int bad = bad_;
    const bool exited = WIFEXITED(ended.status);
    if (ended.hung) {
      complain(when, ended, "it hangs");
    } else if (!exited || (WEXITSTATUS(ended.status) != 0 &&
                           !options_.statuses.contains(WEXITSTATUS(ended.status)))) {
      complain(when, ended, "the status is none of a failure");
    } else if (ended.status != 0 && !is_reported(ended)) {
      complain(when, ended, "there is no message");
    }
    if (!ended.left.empty()) complain(when, ended, "processes are left: " + ended.left);
    if (ended.changed_terminal) complain(when, ended, "the terminal's settings are changed");
    if (ended.status == 0 && !options_.undo.empty()) {
      if (std::system(options_.undo.c_str()) != 0) complain(when, ended, "it cannot be undone");
      const std::string left = reap();
      if (!left.empty()) complain(when, ended, "processes are left of a success: " + left);
    }
    const State now = look(options_);
    std::string what;
    const auto compare = [&](const auto& some, const auto& others, const char* how) {
      for (const std::string& each : some) {
        if (!others.contains(each)) what += each + how;
      }
    };
    compare(now.mounts, before_.mounts, " is mounted; ");
    compare(now.files, before_.files, " is new; ");
    compare(before_.files, now.files, " is gone; ");
    if (!what.empty()) complain(when, ended, what);
    before_ = now;
    if (bad_ == bad && ended.status == 0) ++succeeded_;
    bad_ = bad_ > bad ? bad + 1 : bad;
    if (bad_ >= 20) {
      std::puts("...");
      std::exit(1);
    }
  }

  void complain(const std::string& when, const Ended& ended, const std::string& what) {
    ++bad_;
    std::printf("%s: %s (%s %d)\n%s", when.c_str(), what.c_str(),
                WIFSIGNALED(ended.status) ? "signal" : "status",
                WIFSIGNALED(ended.status) ? WTERMSIG(ended.status) : WEXITSTATUS(ended.status),
                ended.errors.c_str());
    std::fflush(stdout);
  }

  Options options_;
  State before_;
  int runs_ = 0;
  int succeeded_ = 0;
  int bad_ = 0;
};

Options parse(int argc, char** argv) {
  Options options;
  int i = 1;
  for (; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view word = argv[i];
    const std::string value(word.substr(std::min(word.size(), word.find('=') + 1)));
    if (word == "--full") options.full = true;
    if (word == "--limit") options.limit = true;
    if (word == "--terminal") options.terminal = true;
    if (word == "--coarse") options.coarse = true;
    if (word.starts_with("--preload=")) options.preload = value;
    if (word.starts_with("--undo=")) options.undo = value;
    if (word.starts_with("--before=")) options.before = value;
    if (word.starts_with("--same=")) options.same.push_back(value);
    if (word.starts_with("--statuses=")) {
      options.statuses.clear();
      for (char* rest = argv[i] + std::strlen("--statuses="); *rest != '\0';) {
        options.statuses.insert(static_cast<int>(std::strtol(rest, &rest, 10)));
        if (*rest == ',') ++rest;
      }
    }
  }
  if (i + 1 >= argc) die("no command is given");
  options.command.assign(argv + i + 1, argv + argc);
  options.command.push_back(nullptr);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = parse(argc, argv);
  // Orphans of a command are reparented to us, and detected.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) die("cannot become a subreaper");
  Sweep sweep(options);
  return options.limit ? sweep.by_limits() : sweep.by_allocations();
}
