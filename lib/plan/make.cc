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

/// Before the words of an Outcome, in the message that brings the namespaces.
constexpr const char* kMade = "made";

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
    namespaces.push_back(
        TRY(open_at(kernel.proc(), (std::string("thread-self/ns/") + file).c_str(), O_RDONLY)));
  }
  return namespaces;
}

/// What the child does: makes the namespaces, and sends them.
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
  /// Starts a child that says whether it succeeds, or with exec(3) nothing.
  static Result<Spawned> start_child(int death_signal, Life life) {
    auto child = spawn({.has_channel = true, .death_signal = death_signal}, life);
    if (!child) return cannot_spawn("", std::move(child.error()));
    auto started = attempt([&] { return child->channel().receive_status(); });
    if (started) return child;
    // Whatever it does, this process is over soon.
    child->let_go();
    return error_of(started);
  }

  Status start_init() {
    auto init = TRY(start_child(0, [&](Channel& channel) {
      Status ready;
      if (parts_.kinds.contains(Kind::mnt))
        ready = perform(step::MountProc{"/proc"}, kernel_.proc());
      // Who ends it knows it by its name.
      ::prctl(PR_SET_NAME, kLeftInit);
      if (!channel.send_status(ready) || !ready) return 1;
      keep_alive(word_);
    }));
    init.let_go();
    return {};
  }

  Result<Outcome> run_program() {
    // Whoever ends us ends it.
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

/// The child's life.
int make(const Kernel& kernel, const Parts& parts, int word, const Channel& caller) {
  const Status done = attempt([&] { return Maker(kernel, parts, word).make_and_send(caller); });
  if (!done) {
    [[maybe_unused]] const auto sent = caller.send_status(done);
  }
  return 0;
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
    if (::setns(ns.get(), 0) != 0) return fail("return to", "the caller's own namespaces");
  }
  return {};
}

/// Makes them in this thread, which comes back: that saves a copy of the process. Empty: it would
/// have no right to come back, and nothing was made.
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
    made.init_ = OwnedFd();  // otherwise its end would not be seen
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
