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

/// Returns events that are messages to the caller. A failure to send them shows when the next
/// answer is awaited.
TransferEvents sent_by(const Channel& channel, bool shows_progress) {
  TransferEvents events;
  events.note = [&channel](const std::string& text) {
    [[maybe_unused]] const auto sent = send(channel, transfer_part::Note{text});
  };
  if (shows_progress) {
    events.progress = [&channel](std::uint64_t bytes) {
      [[maybe_unused]] const auto sent = send(channel, transfer_part::Progress{bytes});
    };
  }
  return events;
}

/// The work of the child in the target.
Ending work_inside(const Channel& channel, const TransferTarget& target, const Copy& copy,
                   bool shows_progress) {
  if (auto entered = enter(target, death_signal(copy)); !entered) return {std::move(entered)};
  const Side side{target.root.get(), RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  const TransferEvents events = sent_by(channel, shows_progress);
  if (copy.direction == Direction::get) return read_source(channel, side, copy, events);
  return write_copy(channel, channel, side, copy, target.owners, events);
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

Status result(const TransferTarget& target, const Copy& copy, const Ending& ending) {
  if (ending.status) return {};
  const bool reads_here = copy.direction == Direction::put;
  const bool is_of_reader = ending.is_others != reads_here;
  return tl::unexpected(whole_error(target, copy, ending.status.error(), is_of_reader));
}

/// Writes on the host what the child in the target reads. Another child does it: reading the
/// target's files may take as long as their file system likes, and the caller can still be ended.
Status write_here(const TransferTarget& target, const Copy& copy, Spawned& inside,
                  const TransferEvents& events) {
  const bool shows_progress = static_cast<bool>(events.progress);
  const auto write = [&](const Channel& caller) {
    const TransferEvents messages = sent_by(caller, shows_progress);
    const Ending ending =
        write_copy(inside.channel(), caller, kHost, copy, target.owners, messages);
    [[maybe_unused]] const auto sent = caller.send_status(result(target, copy, ending));
    return 0;
  };
  auto writer = TRY(spawn({.has_channel = true, .blocks_signals = true}, write));
  // Each of the children then notices the end of the other.
  inside.take_channel().close();
  return transfer_part::receive_answer(writer.channel(), events);
}

}  // namespace

Status transfer(const TransferTarget& target, const Copy& copy, const TransferEvents& events) {
  const bool shows_progress = static_cast<bool>(events.progress);
  const SpawnOptions options{
      .has_channel = true, .blocks_signals = true, .death_signal = death_signal(copy)};
  auto child = TRY(spawn(options, [&](Channel& channel) {
    return live_inside(channel, target, copy, shows_progress);
  }));
  if (copy.direction == Direction::get) return write_here(target, copy, child, events);
  return result(target, copy, read_source(child.channel(), kHost, copy, events));
}

}  // namespace nsx
