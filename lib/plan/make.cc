// SPDX-License-Identifier: MIT
#include <algorithm>
#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsx/create.hh>
#include <nsx/pin.hh>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/spawn.hh"
#include "kernel/text.hh"
#include "plan/hints.hh"
#include "plan/perform.hh"
#include "try.hh"

namespace nsx {

namespace {

/// The first word of the message with the namespaces, followed by the Outcome.
constexpr const char* kMade = "made";

/// The main loop of the init that keeps a pid namespace alive. A byte from the pipe `word` makes it
/// stay, end of file makes it exit.
[[noreturn]] void keep_alive(int word) {
  ::setsid();
  // Lets the kernel reap exited children.
  ::signal(SIGCHLD, SIG_IGN);
  stay_behind(kLeftInit, {word});
  char byte = 0;
  if (::read(word, &byte, 1) != 1) abi::end_process(0);
  ::close(word);
  for (;;)
    ::pause();
}

/// A plan split into the steps that create the namespaces, and the program to run inside.
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
  const step::Execute* program = nullptr;  ///< a step of the plan; null: no program
};

/// Opens the namespaces of new children of this thread, which are those that it has just unshared.
Result<std::vector<OwnedFd>> open_own(const Kernel& kernel, KindSet kinds) {
  std::vector<OwnedFd> namespaces;
  for (const Kind kind : kinds) {
    const char* file = info(kind).for_children != nullptr ? info(kind).for_children : name(kind);
    namespaces.push_back(
        TRY(open_at(kernel.proc(), (std::string("thread-self/ns/") + file).c_str(), O_RDONLY)));
  }
  return namespaces;
}

/// The work of the child: creates the namespaces and sends them.
class Maker {
 public:
  Maker(const Kernel& kernel, const Parts& parts, int word)
      : kernel_(kernel), parts_(parts), word_(word) {}

  Status make_and_send(const Channel& caller) {
    auto done = carry_out(kernel_, parts_.making);
    if (!done) return tl::unexpected(std::move(done.error().error));
    if (parts_.kinds.contains(Kind::pid)) {
      TRY(start_init());
    }
    std::vector<std::string> words{kMade};
    if (parts_.program != nullptr) {
      auto outcome = TRY(run_program());
      words.push_back(std::to_string(outcome.exit_status));
      words.push_back(std::to_string(outcome.signal));
    }
    auto namespaces = TRY(open_own(kernel_, parts_.kinds));
    std::vector<int> fds;
    fds.reserve(namespaces.size());
    for (const OwnedFd& fd : namespaces)
      fds.push_back(fd.get());
    return caller.send_words(words, fds);
  }

 private:
  /// Starts a child that reports its success; a successful exec(3) closes the channel without a
  /// report.
  static Result<Spawned> start_child(int death_signal, Life life) {
    auto child = spawn({.has_channel = true, .death_signal = death_signal}, life);
    if (!child) return cannot_spawn("", std::move(child.error()));
    auto started = attempt([&] { return child->channel().receive_status(); });
    if (started) return child;
    // This process exits soon, whatever the child does.
    child->let_go();
    return error_of(started);
  }

  Status start_init() {
    auto init = TRY(start_child(0, [&](Channel& channel) {
      Status ready;
      if (parts_.kinds.contains(Kind::mnt))
        ready = perform(step::MountProc{"/proc"}, kernel_.proc());
      // The process that kills it later identifies it by this name.
      ::prctl(PR_SET_NAME, kLeftInit);
      if (!channel.send_status(ready) || !ready) return 1;
      keep_alive(word_);
    }));
    init.let_go();
    return {};
  }

  Result<Outcome> run_program() {
    // It is killed with this process.
    auto child = TRY(start_child(SIGKILL, [&](const Channel& channel) {
      [[maybe_unused]] const auto sent = channel.send_status(perform(*parts_.program));
      return 1;
    }));
    const int status = child.wait();
    if (WIFSIGNALED(status)) return Outcome{0, WTERMSIG(status)};
    return Outcome{WEXITSTATUS(status), 0};
  }

  const Kernel& kernel_;
  const Parts& parts_;
  int word_;
};

/// The main function of the child.
int make(const Kernel& kernel, const Parts& parts, int word, const Channel& caller) {
  const Status done = attempt([&] { return Maker(kernel, parts, word).make_and_send(caller); });
  if (!done) {
    [[maybe_unused]] const auto sent = caller.send_status(done);
  }
  return 0;
}

/// Returns whether all kinds can be left with unshare(2) and entered again with setns(2) by a
/// single thread, without other changes to the process.
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
    if (::setns(ns.get(), 0) != 0) return fail("return to", "the caller's own namespaces");
  }
  return {};
}

/// Creates the namespaces in this thread, which then returns to its own: this avoids a copy of the
/// process. Empty: the caller has no permission to return, and nothing was created.
Result<std::vector<OwnedFd>> make_here(const Kernel& kernel, const Parts& parts) {
  const auto own = open_own(kernel, parts.kinds);
  if (!own || !enter(*own)) return {};
  auto done = carry_out(kernel, parts.making);
  auto made = attempt([&] { return open_own(kernel, parts.kinds); });
  TRY(enter(*own));
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
    namespaces_.push_back(TRY(Namespace::from_fd(kernel, std::move(fd))));
  }
  return {};
}

Result<MadeNamespaces> make_namespaces(const Kernel& kernel, const CreateRequest& request) {
  auto facts = TRY(read_create_facts(kernel, request));
  auto plan = TRY(plan_create(request, facts));
  MadeNamespaces made;
  const Parts parts(plan);
  if (stays_in_thread(parts)) {
    auto fds = TRY(make_here(kernel, parts));
    if (!fds.empty()) {
      TRY(made.take(kernel, std::move(fds)));
      return made;
    }
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail("create", "a pipe");
  OwnedFd word(ends[0]);
  made.init_ = OwnedFd(ends[1]);

  auto child = spawn({.has_channel = true, .death_signal = SIGKILL}, [&](const Channel& channel) {
    made.init_ = OwnedFd();  // otherwise its end of file would not be seen
    return make(kernel, parts, word.get(), channel);
  });
  if (!child) return cannot_spawn("", std::move(child.error()));
  word = OwnedFd();
  auto message = attempt([&] { return child->channel().receive_words(); });
  child->wait();
  if (!message) return error_of(message);
  if (!*message) return refuse("make new namespaces", "", "the child that makes them died");
  const auto& words = (*message)->words;
  if (words[0] != kMade) {
    auto failed = status_of(**message);
    return error_of(failed);
  }
  if (words.size() == 3) {
    made.outcome_ =
        Outcome{parse_number<int>(words[1]).value_or(1), parse_number<int>(words[2]).value_or(0)};
  }
  TRY(made.take(kernel, std::move((*message)->fds)));
  return made;
}

}  // namespace nsx
