#include "kernel/visitor.hh"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/abi.hh"

namespace nsx {

namespace {

/// What the child says when it is there.
struct Arrival {
  int code = 0;  ///< the errno of what failed
  utsname names{};
};

/// What the child needs to know; nothing of it needs memory of its own.
struct Journey {
  int connection = -1;
  int ns = -1;     ///< -1: the caller's own
  int owner = -1;  ///< -1: not to be seen
  bool makes_socket = false;
};

bool is_own(const Kernel& kernel, const Namespace& ns) {
  struct stat own {};
  const std::string path = std::string("self/ns/") + name(ns.kind());
  return ::fstatat(kernel.proc(), path.c_str(), &own, 0) == 0 &&
         own.st_dev == ns.identity().device && own.st_ino == ns.identity().inode;
}

int join(const Journey& journey) {
  if (journey.ns < 0 || ::setns(journey.ns, 0) == 0) return 0;
  const int code = errno;
  if (code != EPERM || journey.owner < 0) return code;
  if (::setns(journey.owner, CLONE_NEWUSER) != 0) return code;
  return ::setns(journey.ns, 0) == 0 ? 0 : errno;
}

void report(int connection, const Arrival& arrival, int fd) {
  iovec data{const_cast<Arrival*>(&arrival), sizeof arrival};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* first = CMSG_FIRSTHDR(&message);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(first), &fd, sizeof fd);
  }
  ::sendmsg(connection, &message, MSG_NOSIGNAL);
}

/// The child's whole life: system calls alone, as another thread of the caller may have had a lock.
[[noreturn]] void visit(const Journey& journey) {
  Arrival arrival;
  // Whoever is root in the namespace must not look into what the caller's memory holds.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) abi::end_process(1);
  arrival.code = join(journey);
  int fd = -1;
  if (arrival.code == 0 && journey.makes_socket) {
    fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) arrival.code = errno;
  }
  ::uname(&arrival.names);
  report(journey.connection, arrival, fd);
  char end = 0;
  while (::read(journey.connection, &end, 1) < 0 && errno == EINTR) {
  }
  abi::end_process(0);
}

/// Forks with all signals blocked: the handlers of the caller's are not for the child.
pid_t fork_quietly() {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid != 0) {
    const int code = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = code;
  }
  return pid;
}

/// The arrival and the descriptor that comes with it, if any; none if the child is gone.
std::optional<Arrival> receive(int connection, OwnedFd& fd) {
  Arrival arrival;
  iovec data{&arrival, sizeof arrival};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t n = 0;
  do {
    n = ::recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n != static_cast<ssize_t>(sizeof arrival)) return std::nullopt;
  const cmsghdr* first = CMSG_FIRSTHDR(&message);
  if (first != nullptr && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(first), sizeof number);
    fd = OwnedFd(number);
  }
  return arrival;
}

}  // namespace

Visitor::Visitor(Visitor&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      connection_(std::move(other.connection_)),
      socket_(std::move(other.socket_)),
      names_(other.names_) {}

Visitor::~Visitor() {
  if (pid_ < 0) return;
  connection_ = OwnedFd();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<Visitor> Visitor::send(const Kernel& kernel, const Namespace& ns) {
  const std::string operation = std::string("look into the ") + name(ns.kind()) + " namespace";
  const std::string subject = std::to_string(ns.identity().inode);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(operation, subject);
  }
  Visitor visitor;
  visitor.connection_ = OwnedFd(ends[0]);
  OwnedFd childs_end(ends[1]);
  const auto owner = ns.kind() != Kind::user ? ns.owner(kernel) : Result<Namespace>(fail("", ""));
  const Journey journey{.connection = ends[1],
                        .ns = is_own(kernel, ns) ? -1 : ns.fd(),
                        .owner = owner ? owner->fd() : -1,
                        .makes_socket = ns.kind() == Kind::net};
  visitor.pid_ = fork_quietly();
  if (visitor.pid_ < 0) return fail("fork", "");
  if (visitor.pid_ == 0) {
    ::close(ends[0]);  // else it would never see the end of the other
    visit(journey);
  }
  childs_end = OwnedFd();
  const auto arrival = receive(visitor.connection_.get(), visitor.socket_);
  if (!arrival) return refuse(operation, subject, "the child that joins it has ended");
  if (arrival->code != 0) {
    return fail(
        operation, subject, arrival->code,
        arrival->code == EPERM ? "needs CAP_SYS_ADMIN in the user namespace that owns it" : "");
  }
  visitor.names_ = arrival->names;
  return visitor;
}

}  // namespace nsx
