#include "plan/watcher.hh"

#include <array>
#include <csignal>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/abi.hh"
#include "kernel/leave.hh"
#include "plan/word_message.hh"

namespace nsx {

namespace {

[[noreturn]] void stand_watch(int connection, int signal) {
  stay_behind("nsx-watcher", {connection});
  const auto named = receive_message(connection);
  if (named && *named && (*named)->fds.size() == 1) {
    char byte = 0;
    // The end of the connection, and nothing else ever.
    [[maybe_unused]] const ssize_t end = ::read(connection, &byte, 1);
    abi::pidfd_send_signal((*named)->fds.front().get(), signal);
  }
  abi::end_process(0);
}

}  // namespace

Result<Watcher> Watcher::start(int signal) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail("open", "a pair of sockets");
  }
  OwnedFd ours(ends[0]);
  const OwnedFd theirs(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return fail("fork", "a watcher");
  if (pid == 0) stand_watch(theirs.get(), signal);
  return Watcher(std::move(ours), pid);
}

Watcher::~Watcher() {
  if (!connection_) return;
  connection_ = OwnedFd();
  ::waitpid(pid_, nullptr, 0);
}

Status Watcher::watch_this_process() {
  const OwnedFd connection = std::move(connection_);
  const OwnedFd pidfd(abi::pidfd_open(::getpid(), 0));
  if (!pidfd) return fail("open a pidfd of", "this process");
  const std::vector<std::string> words{"watch"};
  const int fd = pidfd.get();
  return send_message(connection.get(), words, {&fd, 1});
}

}  // namespace nsx
