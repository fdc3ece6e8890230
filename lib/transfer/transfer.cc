// SPDX-License-Identifier: MIT
#include "transfer/transfer.hh"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "kernel/spawn.hh"
#include "transfer/sides.hh"
#include "try.hh"

namespace nsx {

namespace {

using transfer_part::Ending;
using transfer_part::Side;
using Direction = Copy::Direction;

constexpr Side kHost{AT_FDCWD, 0};

/// Gets the rights over the target's files. `death_signal`: as in SpawnOptions.
Status enter(const TransferTarget& target, int death_signal) {
  constexpr const char* kEnter = "get the rights over the files of";
  // Root in the target must not be able to read the memory copied from the caller.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return fail(kEnter, target.name);
  if (!target.user) return {};
  if (::setns(target.user->fd(), CLONE_NEWUSER) != 0) {
    return fail(kEnter, target.name, errno,
                errno == EPERM ? "run as root, or as the user who made its user namespace" : "");
  }
  // The kernel denies it where groups restrict access.
  if (::setgroups(0, nullptr) != 0 && errno != EPERM) return fail(kEnter, target.name);
  if (::setresgid(target.gid, target.gid, target.gid) != 0) return fail(kEnter, target.name);
  if (::setresuid(target.uid, target.uid, target.uid) != 0) return fail(kEnter, target.name);
  // Changed ids reset both.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, death_signal) != 0) {
    return fail(kEnter, target.name);
  }
  return {};
}

/// Returns the signal for the child when the caller dies. A writer notices it, and cleans up.
int death_signal(const Copy& copy) {
  return copy.direction == Direction::get ? SIGKILL : 0;
}

/// The work of the child.
Ending work_inside(const Channel& channel, const TransferTarget& target, const Copy& copy,
                   bool shows_progress) {
  if (auto entered = enter(target, death_signal(copy)); !entered) return {std::move(entered)};
  const Side side{target.root.get(), RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  // A failure to send shows when the next answer is awaited.
  TransferEvents events{.note =
                            [&](const std::string& text) {
                              [[maybe_unused]] const auto sent =
                                  send(channel, transfer_part::Note{text});
                            },
                        .progress = {}};
  if (shows_progress) {
    events.progress = [&](std::uint64_t bytes) {
      [[maybe_unused]] const auto sent = send(channel, transfer_part::Progress{bytes});
    };
  }
  if (copy.direction == Direction::get) return read_source(channel, side, copy, events);
  return write_copy(channel, side, copy, target.owners, events);
}

int live_inside(const Channel& channel, const TransferTarget& target, const Copy& copy,
                bool shows_progress) {
  const Ending ending = work_inside(channel, target, copy, shows_progress);
  if (ending.status || ending.is_others) return 0;
  // A writer may have answered with this failure already; then nobody reads it again.
  [[maybe_unused]] const auto sent = channel.send_status(ending.status);
  return 1;
}

/// Makes the error of a copy from that of one of its sides.
Error whole_error(const TransferTarget& target, const Copy& copy, const Error& error,
                  bool is_of_reader) {
  const bool is_get = copy.direction == Direction::get;
  const std::string what =
      std::string("cannot copy '{}' ") + (is_get ? "from " : "to ") + target.name;
  // The reader's errors about an entry, as against those of its start.
  if (is_of_reader && error.what() == "cannot copy {}") {
    return {what, error.subject(), error.code, error.reason(), error.hint()};
  }
  return {what, copy.source, 0, error.message(), error.hint()};
}

}  // namespace

Status transfer(const TransferTarget& target, const Copy& copy, const TransferEvents& events) {
  const bool shows_progress = static_cast<bool>(events.progress);
  const SpawnOptions options{
      .has_channel = true, .blocks_signals = true, .death_signal = death_signal(copy)};
  auto child = TRY(spawn(options, [&](Channel& channel) {
    return live_inside(channel, target, copy, shows_progress);
  }));
  const Channel& channel = child.channel();
  const bool is_get = copy.direction == Direction::get;
  Ending ending = is_get ? write_copy(channel, kHost, copy, target.owners, events)
                         : read_source(channel, kHost, copy, events);
  if (ending.status) return {};
  const bool is_of_reader = ending.is_others == is_get;
  return tl::unexpected(whole_error(target, copy, ending.status.error(), is_of_reader));
}

}  // namespace nsx
