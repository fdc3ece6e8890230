// SPDX-License-Identifier: MIT
#include <array>
#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsx/pin.hh>

#include "kernel/files.hh"
#include "kernel/spawn.hh"
#include "plan/hints.hh"
#include "plan/perform.hh"
#include "starter/starter.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Runs a program with an empty environment. If it fails, its output is the reason.
Status run_quietly(const std::vector<std::string>& words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail("create", "a pipe");
  const OwnedFd output(ends[0]);
  OwnedFd input(ends[1]);
  // Before the fork, because the child must not allocate memory.
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  auto child = spawn({}, [&](const Channel&) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    std::array<char*, 1> environment{nullptr};
    ::dup2(input.get(), STDOUT_FILENO);
    ::dup2(input.get(), STDERR_FILENO);
    ::execve(words[0].c_str(), argv.data(), environment.data());
    return 127;
  });
  if (!child) return fail("run", words[0], child.error().code);
  input = OwnedFd();
  std::string said;
  char piece[512];
  for (ssize_t n = 0; (n = ::read(output.get(), piece, sizeof piece)) > 0;) {
    if (said.size() < 4096) said.append(piece, static_cast<std::size_t>(n));
  }
  const int status = child->wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  while (!said.empty() && said.back() == '\n')
    said.pop_back();
  if (said.empty()) said = "it failed without a message";
  return refuse("map ids with", words[0], printable(said),
                "see /etc/subuid and /etc/subgid for the ids that this user may map");
}

class Helper {
 public:
  Helper(Channel channel, OwnedFd process, pid_t pid)
      : channel_(std::move(channel)), process_(std::move(process)), pid_(pid) {}

  void serve() {
    for (;;) {
      auto request = attempt([&] { return channel_.receive_words(); });
      // A requester without a reply sees the end of the connection, and treats it as a failure.
      if (!request) kept_ = false;
      if (!request || !*request) break;
      const Status answer = attempt([&] { return act(**request); });
      const auto send = [&] { return channel_.send_status(answer); };
      if (auto sent = attempt(send); !sent) {
        kept_ = false;
        break;
      }
    }
    if (!kept_) undo();
  }

 private:
  Status act(WordMessage& request) {
    const auto& words = request.words;
    const std::size_t count = words.size();
    if (words[0] == "write" && count == 3) return write(words[1], words[2]);
    if (words[0] == "map" && count >= 2) return write_map_by(words);
    if (words[0] == "pin" && count == 1 + 3 * request.fds.size()) return pin(request);
    if (words[0] == "keep") return keep(request);
    if (words[0] == starter::kUndo) return undo();
    return problem("unknown request to the outside helper: '{}'", words[0]);
  }

  Status write(const std::string& file, const std::string& text) const {
    auto done = write_file_at(process_.get(), file.c_str(), text);
    if (!done) {
      done.error().set_subject("/proc/" + std::to_string(pid_) + '/' + file);
      done.error().set_hint(hint_for_id_map(done.error().code));
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
      if (!kind) return problem("unknown kind of namespace '{}'", words[1 + 3 * i]);
      const bool make = words[2 + 3 * i] == "make";
      const auto pin_it = [&] {
        return pin_one(*kind, make, words[3 + 3 * i], request.fds[i].get());
      };
      if (auto done = attempt(pin_it); !done) {
        undo();
        return done;
      }
    }
    return {};
  }

  Status pin_one(Kind kind, bool make, const std::string& path, int fd) {
    // Reserve first: a new pin must not be lost because there is no memory to record it.
    made_.reserve(made_.size() + 1);
    bound_.reserve(bound_.size() + 1);
    if (make) {
      made_.push_back(TRY(make_pin(kind, fd, path)));
    } else {
      bound_.push_back(TRY(bind_namespace(kind, fd, path)));
    }
    return {};
  }

  Status keep(WordMessage& request) {
    if (request.fds.size() != 1) return refuse("keep", "pins", "the request carries no connection");
    channel_ = Channel(std::move(request.fds[0]));
    kept_ = true;
    return {};
  }

  /// Reverts everything, and returns the first error.
  Status undo() {
    Status result;
    const auto note = [&](Status done) {
      if (!done && result) result = std::move(done);
    };
    for (; !made_.empty(); made_.pop_back())
      note(attempt([&] { return withdraw_pin(made_.back()); }));
    for (; !bound_.empty(); bound_.pop_back())
      note(attempt([&] { return unbind_namespace(bound_.back()); }));
    return result;
  }

  Channel channel_;
  OwnedFd process_;
  pid_t pid_;
  std::vector<MadePin> made_;
  std::vector<BoundNamespace> bound_;
  bool kept_ = false;
};

/// Moves an owned descriptor (OwnedFd or Channel) above 0, 1 and 2.
template <class Owner>
bool move_up(Owner& owner, int fd) {
  if (fd > STDERR_FILENO) return true;
  owner = Owner(OwnedFd(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)));
  return static_cast<bool>(owner);
}

/// Detaches from the caller's environment, but keeps its working directory, because paths are
/// relative to it.
bool leave(Channel& channel, OwnedFd& process) {
  OwnedFd here(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!move_up(channel, channel.fd()) || !move_up(process, process.get())) return false;
  if (here && !move_up(here, here.get())) return false;
  stay_behind("nsx-outside", {channel.fd(), process.get(), here.get()});
  if (here && ::fchdir(here.get()) != 0) return false;
  // Occupy these descriptors, so that nothing else gets them.
  return ::open("/dev/null", O_RDWR) == 0 && ::dup(0) == 1 && ::dup(0) == 2;
}

}  // namespace

Result<Outside> Outside::start(const Kernel& kernel) {
  // PIDs can be reused; this directory always belongs to this process.
  auto process = TRY(open_at(kernel.proc(), "self", O_PATH | O_DIRECTORY));
  const pid_t self = ::getpid();
  auto helper = spawn({.has_channel = true, .detached = true}, [&](Channel& channel) {
    serve_outside(std::move(channel), std::move(process), self);
    return 0;
  });
  if (!helper) return fail("start", "the outside helper", helper.error().code);
  return Outside(helper->take_channel());
}

Status Outside::write(const std::string& file, const std::string& text) {
  return ask({"write", file, text});
}

Status Outside::write_map_by(const std::string& tool, const IdMap& map) {
  std::vector<std::string> words{"map", tool};
  for (const IdMapLine& line : map) {
    for (const std::uint32_t number : {line.inside, line.outside, line.count})
      words.push_back(std::to_string(number));
  }
  return ask(words);
}

Status Outside::pin(const std::vector<step::Pin::Place>& places,
                    const std::vector<OwnedFd>& namespaces) {
  std::vector<std::string> words{"pin"};
  std::vector<int> fds;
  for (std::size_t i = 0; i < places.size(); ++i) {
    words.insert(words.end(),
                 {name(places[i].kind), places[i].make ? "make" : "use", places[i].path});
    fds.push_back(namespaces[i].get());
  }
  return ask(words, fds);
}

Status Outside::keep() {
  auto ends = TRY(Channel::pair());
  const std::vector<std::string> words{"keep"};
  const int theirs = ends.second.fd();
  TRY(channel_.send_words(words, {&theirs, 1}));
  channel_ = std::move(ends.first);
  ends.second.close();  // otherwise its end of file would not be seen
  return wait_for_answer();
}

Status Outside::undo() {
  return ask({starter::kUndo});
}

Status Outside::ask(const std::vector<std::string>& words, const std::vector<int>& fds) {
  TRY(channel_.send_words(words, fds));
  return wait_for_answer();
}

Status Outside::wait_for_answer() {
  const bool has_answer = TRY(channel_.receive_status());
  if (!has_answer) return refuse("get an answer from", "the outside helper", "it exited");
  return {};
}

void serve_outside(Channel channel, OwnedFd process, pid_t pid) {
  // Signals that end or stop the caller must not affect this process: it exits after the caller,
  // when it has reverted what must be reverted.
  ::signal(SIGCHLD, SIG_DFL);
  if (leave(channel, process)) {
    Helper(std::move(channel), std::move(process), pid).serve();
  }
}

}  // namespace nsx
