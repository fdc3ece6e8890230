#include "plan/outside_helper.hh"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsx/pin.hh>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/leave.hh"
#include "plan/hints.hh"
#include "plan/word_message.hh"

namespace nsx {

namespace {

/// Runs a program without environment and input; its output is the answer, if it fails.
Status run_quietly(const std::vector<std::string>& words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail("make", "a pipe");
  const OwnedFd output(ends[0]);
  OwnedFd input(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail("run", words[0]);
  if (child == 0) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (const std::string& word : words)
      argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    std::array<char*, 1> environment{nullptr};
    ::dup2(input.get(), STDOUT_FILENO);
    ::dup2(input.get(), STDERR_FILENO);
    ::execve(words[0].c_str(), argv.data(), environment.data());
    abi::end_process(127);
  }
  input = OwnedFd();
  std::string said;
  char piece[512];
  for (ssize_t n = 0; (n = ::read(output.get(), piece, sizeof piece)) > 0;) {
    if (said.size() < 4096) said.append(piece, static_cast<std::size_t>(n));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  while (!said.empty() && said.back() == '\n')
    said.pop_back();
  if (said.empty()) said = "it failed";
  return refuse("map ids by", words[0], printable(said),
                "see /etc/subuid and /etc/subgid for the ids that this user may map");
}

class Helper {
 public:
  Helper(OwnedFd connection, OwnedFd process, pid_t pid)
      : connection_(std::move(connection)), process_(std::move(process)), pid_(pid) {}

  void serve() {
    for (;;) {
      auto request = receive_message(connection_.get());
      if (!request || !*request) break;
      const Status answer = act(**request);
      // A requester that is gone is seen in the next turn.
      [[maybe_unused]] const auto sent = send_message(connection_.get(), words_of(answer));
    }
    if (!kept_) undo();
  }

 private:
  Status act(WordMessage& request) {
    const auto& words = request.words;
    if (words[0] == "write") return write(words[1], words[2]);
    if (words[0] == "map") return write_map_by(words);
    if (words[0] == "pin") return pin(request);
    if (words[0] == "keep") return keep(request);
    if (words[0] == "undo") return undo();
    return refuse("understand", words[0], "no such request");
  }

  Status write(const std::string& file, const std::string& text) const {
    auto done = write_file_at(process_.get(), file.c_str(), text);
    if (!done) {
      done.error().subject = "/proc/" + std::to_string(pid_) + '/' + file;
      done.error().hint = hint_for_id_map(done.error().code);
    }
    return done;
  }

  Status write_map_by(const std::vector<std::string>& words) const {
    std::vector<std::string> command{words[1], std::to_string(pid_)};
    command.insert(command.end(), words.begin() + 2, words.end());
    return run_quietly(command);
  }

  Status pin(WordMessage& request) {
    const auto& words = request.words;
    for (std::size_t i = 0; i < request.fds.size(); ++i) {
      const auto kind = kind_by_name(words[1 + 3 * i]);
      const bool make = words[2 + 3 * i] == "make";
      if (auto done = pin_one(*kind, make, words[3 + 3 * i], request.fds[i].get()); !done) {
        undo();
        return done;
      }
    }
    return {};
  }

  Status pin_one(Kind kind, bool make, const std::string& path, int fd) {
    if (make) {
      auto made = make_pin(kind, fd, path);
      if (!made) return error_of(made);
      made_.push_back(std::move(*made));
    } else {
      auto bound = bind_namespace(kind, fd, path);
      if (!bound) return error_of(bound);
      bound_.push_back(std::move(*bound));
    }
    return {};
  }

  Status keep(WordMessage& request) {
    if (request.fds.size() != 1) return refuse("keep", "pins", "no connection came along");
    connection_ = std::move(request.fds[0]);
    kept_ = true;
    return {};
  }

  /// The first failure, if there is one; the others are tried all the same.
  Status undo() {
    Status result;
    const auto note = [&](Status done) {
      if (!done && result) result = std::move(done);
    };
    for (; !made_.empty(); made_.pop_back())
      note(withdraw_pin(made_.back()));
    for (; !bound_.empty(); bound_.pop_back())
      note(unbind_namespace(bound_.back()));
    return result;
  }

  OwnedFd connection_;
  OwnedFd process_;
  pid_t pid_;
  std::vector<MadePin> made_;
  std::vector<BoundNamespace> bound_;
  bool kept_ = false;
};

/// Moves a descriptor out of the way of 0, 1 and 2.
bool move_up(OwnedFd& fd) {
  if (fd.get() > STDERR_FILENO) return true;
  fd = OwnedFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  return static_cast<bool>(fd);
}

/// Leaves the caller's ways, but not its working directory: paths start there.
bool leave(OwnedFd& connection, OwnedFd& process) {
  OwnedFd here(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!move_up(connection) || !move_up(process) || (here && !move_up(here))) return false;
  if (here) {
    stay_behind("nsx-outside", {connection.get(), process.get(), here.get()});
    if (::fchdir(here.get()) != 0) return false;
  } else {
    stay_behind("nsx-outside", {connection.get(), process.get()});
  }
  // So that nothing else takes these places.
  return ::open("/dev/null", O_RDWR) == 0 && ::dup(0) == 1 && ::dup(0) == 2;
}

}  // namespace

void serve_outside(OwnedFd connection, OwnedFd process, pid_t pid) {
  // What ends or stops the caller is not for this one: it ends after the caller, when it has undone
  // what must be undone.
  ::signal(SIGCHLD, SIG_DFL);
  if (leave(connection, process)) {
    Helper(std::move(connection), std::move(process), pid).serve();
  }
  abi::end_process(0);
}

}  // namespace nsx
