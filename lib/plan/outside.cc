#include "plan/outside.hh"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "plan/outside_helper.hh"
#include "plan/word_message.hh"

namespace nsx {

namespace {

Result<std::pair<OwnedFd, OwnedFd>> make_connection() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail("make", "a pair of sockets");
  }
  return std::pair{OwnedFd(ends[0]), OwnedFd(ends[1])};
}

}  // namespace

Result<Outside> Outside::start(const Kernel& kernel) {
  constexpr const char* kStart = "start";
  constexpr const char* kHelper = "a helper that stays outside";
  // Numbers may be used again; this directory is this process's for ever.
  auto process = open_at(kernel.proc(), "self", O_PATH | O_DIRECTORY);
  if (!process) return error_of(process);
  auto connection = make_connection();
  if (!connection) return error_of(connection);
  const pid_t self = ::getpid();

  // Twice, so that the helper is not this process's child.
  const pid_t between = ::fork();
  if (between < 0) return fail(kStart, kHelper);
  if (between == 0) {
    const pid_t helper = ::fork();
    if (helper == 0) serve_outside(std::move(connection->second), std::move(*process), self);
    abi::end_process(helper < 0 ? errno : 0);
  }
  int status = 0;
  // ECHILD: whoever started us ignores SIGCHLD. Then only the first request tells a failure.
  while (::waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    return fail(kStart, kHelper, WEXITSTATUS(status));
  }
  return Outside(std::move(connection->first));
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
  auto connection = make_connection();
  if (!connection) return error_of(connection);
  const std::vector<std::string> words{"keep"};
  const int theirs = connection->second.get();
  if (auto sent = send_message(connection_.get(), words, {&theirs, 1}); !sent) return sent;
  connection_ = std::move(connection->first);
  connection->second = OwnedFd();  // else its end would not be seen
  return wait_for_answer();
}

Status Outside::undo() {
  return ask({"undo"});
}

Status Outside::ask(const std::vector<std::string>& words, const std::vector<int>& fds) {
  if (auto sent = send_message(connection_.get(), words, fds); !sent) return sent;
  return wait_for_answer();
}

Status Outside::wait_for_answer() {
  auto answer = receive_message(connection_.get());
  if (!answer) return error_of(answer);
  if (!*answer) return refuse("hear from", "the helper outside", "it has ended");
  return answer_of(**answer);
}

}  // namespace nsx
