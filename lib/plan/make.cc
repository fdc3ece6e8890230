#include <algorithm>
#include <csignal>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsx/make.hh>
#include <nsx/pin.hh>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/leave.hh"
#include "kernel/text.hh"
#include "plan/perform.hh"
#include "plan/word_message.hh"

namespace nsx {

namespace {

/// Before the words of an Outcome, in the message that brings the namespaces.
constexpr const char* kMade = "made";

struct Connection {
  OwnedFd near;
  OwnedFd far;
};

Result<Connection> make_connection() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail("make", "a pair of sockets");
  }
  return Connection{OwnedFd(ends[0]), OwnedFd(ends[1])};
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// The life of the init that keeps a pid namespace alive. `word` brings one, or ends.
[[noreturn]] void keep_alive(int word) {
  ::setsid();
  // Ended children are nobody's to wait for: the kernel takes them away.
  ::signal(SIGCHLD, SIG_IGN);
  stay_behind(kLeftInit, {word});
  char byte = 0;
  if (::read(word, &byte, 1) != 1) abi::end_process(0);
  ::close(word);
  for (;;)
    ::pause();
}

/// A plan, parted: what makes the namespaces of these kinds, and the program that is run inside.
struct Parts {
  explicit Parts(const Plan& plan) {
    for (const Step& step : plan.steps) {
      if (const auto* unshare = std::get_if<step::Unshare>(&step)) kinds = unshare->kinds;
      if (const auto* execute = std::get_if<step::Execute>(&step)) {
        if (!execute->file.empty()) program = execute;
      } else {
        making.steps.push_back(step);
      }
    }
  }

  KindSet kinds;
  Plan making;
  const step::Execute* program = nullptr;  ///< of the plan's; none: nothing is run
};

/// The namespaces of these kinds that new children of this thread are in: so those that it has just
/// unshared.
Result<std::vector<OwnedFd>> open_own(const Kernel& kernel, KindSet kinds) {
  std::vector<OwnedFd> namespaces;
  for (const Kind kind : kinds) {
    const char* file = info(kind).for_children != nullptr ? info(kind).for_children : name(kind);
    auto fd = open_at(kernel.proc(), (std::string("thread-self/ns/") + file).c_str(), O_RDONLY);
    if (!fd) return error_of(fd);
    namespaces.push_back(std::move(*fd));
  }
  return namespaces;
}

/// What the child does: makes the namespaces, and sends them.
class Maker {
 public:
  Maker(const Kernel& kernel, const Parts& parts, int word)
      : kernel_(kernel), parts_(parts), word_(word) {}

  Status make_and_send(int connection) {
    auto done = carry_out(kernel_, parts_.making);
    if (!done) return tl::unexpected(std::move(done.error().error));
    if (parts_.kinds.contains(Kind::pid)) {
      if (auto started = start_init(); !started) return started;
    }
    std::vector<std::string> words{kMade};
    if (parts_.program != nullptr) {
      auto outcome = run_program();
      if (!outcome) return error_of(outcome);
      words.push_back(std::to_string(outcome->exit_status));
      words.push_back(std::to_string(outcome->signal));
    }
    auto namespaces = open_own(kernel_, parts_.kinds);
    if (!namespaces) return error_of(namespaces);
    std::vector<int> fds;
    for (const OwnedFd& fd : *namespaces)
      fds.push_back(fd.get());
    return send_message(connection, words, fds);
  }

 private:
  /// Starts a child that says whether it succeeds, or with exec(3) nothing. Its PID.
  template <class Begin>
  Result<pid_t> start_child(Begin begin) {
    auto connection = make_connection();
    if (!connection) return error_of(connection);
    const pid_t child = ::fork();
    if (child < 0) return fail("fork", "");
    if (child == 0) {
      begin(connection->far.get());
      abi::end_process(1);
    }
    connection->far = OwnedFd();
    auto answer = receive_message(connection->near.get());
    if (!answer) return error_of(answer);
    if (!*answer) return child;
    if (auto status = answer_of(**answer); !status) return error_of(status);
    return child;
  }

  Status start_init() {
    auto init = start_child([&](int connection) {
      Status ready;
      if (parts_.kinds.contains(Kind::mnt)) ready = perform(step::MountProc{"/proc"});
      // Who ends it knows it by its name.
      ::prctl(PR_SET_NAME, kLeftInit);
      if (!send_message(connection, words_of(ready)) || !ready) return;
      keep_alive(word_);
    });
    if (!init) return error_of(init);
    return {};
  }

  Result<Outcome> run_program() {
    auto child = start_child([&](int connection) {
      // Whoever ends us ends it.
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const Status failed = perform(*parts_.program);
      [[maybe_unused]] const auto sent = send_message(connection, words_of(failed));
    });
    if (!child) return error_of(child);
    const int status = wait_for(*child);
    if (WIFSIGNALED(status)) return Outcome{0, WTERMSIG(status)};
    return Outcome{WEXITSTATUS(status), 0};
  }

  const Kernel& kernel_;
  const Parts& parts_;
  int word_;
};

/// The child's life.
[[noreturn]] void make(const Kernel& kernel, const Parts& parts, int word, int connection,
                       pid_t parent) {
  const bool has_parent = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent;
  if (!has_parent) abi::end_process(1);
  const Status done = Maker(kernel, parts, word).make_and_send(connection);
  if (!done) {
    [[maybe_unused]] const auto sent = send_message(connection, words_of(done));
  }
  abi::end_process(0);
}

/// Whether all that is made is of kinds that a thread leaves by unshare(2) and comes back to by
/// setns(2), with nothing else of the process changed.
bool stays_in_thread(const Parts& parts) {
  constexpr KindSet kReturnable{Kind::cgroup, Kind::ipc, Kind::net, Kind::uts};
  const auto returns = [&](Kind kind) { return kReturnable.contains(kind); };
  const auto stays = [](const Step& step) {
    return std::holds_alternative<step::Unshare>(step) ||
           std::holds_alternative<step::SetHostname>(step) ||
           std::holds_alternative<step::BringUpLoopback>(step);
  };
  return parts.program == nullptr && !parts.kinds.empty() &&
         std::all_of(parts.kinds.begin(), KindSet::end(), returns) &&
         std::all_of(parts.making.steps.begin(), parts.making.steps.end(), stays);
}

Status enter(const std::vector<OwnedFd>& namespaces) {
  for (const OwnedFd& ns : namespaces) {
    if (::setns(ns.get(), 0) != 0) return fail("enter", "a namespace of one's own");
  }
  return {};
}

/// Makes them in this thread, which comes back: that saves a copy of the process. Empty: it would
/// have no right to come back, and nothing was made.
Result<std::vector<OwnedFd>> make_here(const Kernel& kernel, const Parts& parts) {
  const auto own = open_own(kernel, parts.kinds);
  if (!own || !enter(*own)) return {};
  auto done = carry_out(kernel, parts.making);
  auto made = open_own(kernel, parts.kinds);
  if (auto back = enter(*own); !back) return error_of(back);
  if (!done) return tl::unexpected(std::move(done.error().error));
  return made;
}

}  // namespace

Status MadeNamespaces::keep() {
  if (!init_) return {};
  if (::write(init_.get(), "k", 1) != 1) return fail("keep", "the new pid namespace");
  init_ = OwnedFd();
  return {};
}

Status MadeNamespaces::take(const Kernel& kernel, std::vector<OwnedFd> fds) {
  for (OwnedFd& fd : fds) {
    auto ns = Namespace::from_fd(kernel, std::move(fd));
    if (!ns) return error_of(ns);
    namespaces_.push_back(std::move(*ns));
  }
  return {};
}

Result<MadeNamespaces> make_namespaces(const Kernel& kernel, const CreateRequest& request) {
  auto facts = read_create_facts(kernel, request);
  if (!facts) return error_of(facts);
  auto plan = plan_create(request, *facts);
  if (!plan) return error_of(plan);
  MadeNamespaces made;
  const Parts parts(*plan);
  if (stays_in_thread(parts)) {
    auto fds = make_here(kernel, parts);
    if (!fds) return error_of(fds);
    if (!fds->empty()) {
      if (auto taken = made.take(kernel, std::move(*fds)); !taken) return error_of(taken);
      return made;
    }
  }
  auto connection = make_connection();
  if (!connection) return error_of(connection);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail("make", "a pipe");
  OwnedFd word(ends[0]);
  made.init_ = OwnedFd(ends[1]);

  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return fail("fork", "");
  if (child == 0) {
    made.init_ = OwnedFd();  // else its end would not be seen
    connection->near = OwnedFd();
    make(kernel, parts, word.get(), connection->far.get(), self);
  }
  connection->far = OwnedFd();
  word = OwnedFd();
  auto message = receive_message(connection->near.get());
  wait_for(child);
  if (!message) return error_of(message);
  if (!*message) return refuse("make new namespaces", "", "the child that makes them has ended");
  const auto& words = (*message)->words;
  if (words[0] != kMade) {
    auto failed = answer_of(**message);
    return error_of(failed);
  }
  if (words.size() == 3) {
    made.outcome_ =
        Outcome{parse_number<int>(words[1]).value_or(1), parse_number<int>(words[2]).value_or(0)};
  }
  if (auto taken = made.take(kernel, std::move((*message)->fds)); !taken) return error_of(taken);
  return made;
}

}  // namespace nsx
