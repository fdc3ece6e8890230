// SPDX-License-Identifier: MIT
#include <cerrno>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nsx/inside.hh>
#include <nsx/process.hh>

#include "kernel/abi.hh"
#include "kernel/spawn.hh"
#include "try.hh"

namespace nsx {

namespace {

/// The message of the child after it has joined.
struct Arrival {
  int code = 0;  ///< errno value of the failed call
  utsname names{};
};

/// The instructions for the child, which own no memory.
struct Journey {
  int ns = -1;     ///< -1: the caller's own namespace
  int owner = -1;  ///< -1: not visible
  bool makes_socket = false;
  bool opens_root = false;
};

int join(const Journey& journey) {
  if (journey.ns < 0 || ::setns(journey.ns, 0) == 0) return 0;
  const int code = errno;
  if (code != EPERM || journey.owner < 0) return code;
  if (::setns(journey.owner, CLONE_NEWUSER) != 0) return code;
  return ::setns(journey.ns, 0) == 0 ? 0 : errno;
}

/// The child's code: only system calls, because another thread of the caller may hold a lock.
int visit(const Journey& journey, const Channel& caller) {
  Arrival arrival;
  // Root in the namespace must not be able to read the memory copied from the caller.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return 1;
  arrival.code = join(journey);
  int fd = -1;
  if (arrival.code == 0 && journey.makes_socket) {
    fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) arrival.code = errno;
  }
  if (arrival.code == 0 && journey.opens_root) {
    fd = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) arrival.code = errno;
  }
  ::uname(&arrival.names);
  caller.send(arrival, fd);
  caller.wait_for_end();
  return 0;
}

}  // namespace

Result<HostNames> read_host_names(const Kernel& kernel, const Namespace& uts) {
  const auto visitor = TRY(Visitor::send(kernel, uts));
  return HostNames{visitor.names().nodename, visitor.names().domainname};
}

Result<std::string> read_file_inside(const Kernel& kernel, const Namespace& ns, const char* file) {
  if (!kernel.numbers_are_ours()) {
    return refuse(std::string("read ") + file + " of", "a process inside",
                  "the proc mount belongs to another PID namespace");
  }
  const auto visitor = TRY(Visitor::send(kernel, ns));
  const auto process = TRY(Process::open(kernel, visitor.pid()));
  return process.read(file);
}

Result<Visitor> Visitor::send(const Kernel& kernel, const Namespace& ns) {
  const std::string operation = std::string("look into the ") + name(ns.kind()) + " namespace";
  const std::string subject = std::to_string(ns.identity().inode);
  const auto owner = ns.kind() != Kind::user ? ns.owner(kernel) : Result<Namespace>(fail("", ""));
  const Journey journey{.ns = ns.is_current(kernel) ? -1 : ns.fd(),
                        .owner = owner ? owner->fd() : -1,
                        .makes_socket = ns.kind() == Kind::net,
                        .opens_root = ns.kind() == Kind::mnt};
  Visitor visitor(TRY(spawn({.has_channel = true, .blocks_signals = true},
                            [&](const Channel& caller) { return visit(journey, caller); })));
  Arrival arrival;
  if (!visitor.child_.channel().receive(arrival, {.fd = &visitor.opened_})) {
    return refuse(operation, subject, "the child that joins it died");
  }
  if (arrival.code != 0) {
    return fail(
        operation, subject, arrival.code,
        arrival.code == EPERM ? "needs CAP_SYS_ADMIN in the user namespace that owns it" : "");
  }
  visitor.names_ = arrival.names;
  return visitor;
}

}  // namespace nsx
