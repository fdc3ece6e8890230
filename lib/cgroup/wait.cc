// SPDX-License-Identifier: MIT
// Waits until a cgroup reaches a given state.

#include <algorithm>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <nsx/cgroup_control.hh>

#include "cgroup/files.hh"
#include "cgroup/rules.hh"
#include "kernel/files.hh"

namespace nsx {

namespace {

using std::chrono::milliseconds;

/// How often to check values of which the kernel reports no changes.
constexpr milliseconds kLook{50};

/// How often to check whether the cgroup still exists: rmdir(2) does not wake processes that wait
/// for its events.
constexpr milliseconds kRemovalLook{500};

constexpr const char* kWait = "wait for the cgroup";

tl::unexpected<Error> removed(const Cgroup& cgroup) {
  return refuse(kWait, cgroup.path(), "it has been removed");
}

Result<bool> wait_for(const CgroupTree&, const Cgroup& cgroup, const CgroupState& state,
                      const Deadline& deadline) {
  using Kind = CgroupState::Kind;
  auto file = open_at(cgroup.directory(), "cgroup.events", O_RDONLY);
  if (!file) {
    if (!is_gone(cgroup, file.error().code)) {
      return refuse(kWait, cgroup.path(), "the root cgroup has no events");
    }
    return state.kind == Kind::empty ? Result<bool>(true) : removed(cgroup);
  }
  const bool is_frozen = state.kind == Kind::frozen || state.kind == Kind::thawed;
  const std::uint64_t wanted = state.kind == Kind::populated || state.kind == Kind::frozen ? 1 : 0;
  for (;;) {
    // Read before waiting again, so that later changes are reported.
    const auto text = cgroup.read("cgroup.events");
    if (!text) {
      if (!is_gone(cgroup, text.error().code)) return tl::unexpected(text.error());
      return state.kind == Kind::empty ? Result<bool>(true) : removed(cgroup);
    }
    // poll(2) reports changes since the last read of this descriptor.
    char byte = 0;
    [[maybe_unused]] const ssize_t seen = ::pread(file->get(), &byte, 1, 0);
    const auto again = cgroup.read("cgroup.events");
    const auto now = again ? find_keyed_number(*again, is_frozen ? "frozen" : "populated")
                           : std::optional<std::uint64_t>();
    if (now == wanted) return true;
    auto changed = wait_for_change(file->get(), deadline, kRemovalLook);
    if (!changed || !*changed) return changed;
  }
}

Result<bool> wait_for(const CgroupTree& tree, const Cgroup& cgroup, const CgroupMemoryAbove& above,
                      const Deadline& deadline) {
  for (;;) {
    const auto text = cgroup.read("memory.current");
    if (!text) {
      if (is_gone(cgroup, text.error().code)) return removed(cgroup);
      return tl::unexpected(explain_read(tree, cgroup, "memory.current", text.error().code));
    }
    const auto now = parse_cgroup_number(*text);
    if (now && *now > above.bytes) return true;
    auto waited = wait_for_change(-1, deadline, kLook);
    if (!waited || !*waited) return waited;
  }
}

Result<bool> wait_for(const CgroupTree&, const Cgroup& cgroup, const CgroupPressureAbove& above,
                      const Deadline& deadline) {
  const std::string name = above.resource + ".pressure";
  auto file = open_at(cgroup.directory(), name.c_str(), O_RDWR | O_NONBLOCK);
  if (!file) {
    const int code = file.error().code;
    if (is_gone(cgroup, code)) return removed(cgroup);
    return fail("watch", cgroup.directory_path() + '/' + name, code,
                code == EOPNOTSUPP || code == ENOENT
                    ? "enable pressure accounting: boot with psi=1, and write 1 to cgroup.pressure"
                    : "");
  }
  // A PSI trigger lives as long as the descriptor that it was written to.
  const std::string trigger = std::string(above.full ? "full " : "some ") +
                              std::to_string(above.threshold) + ' ' + std::to_string(above.window);
  if (::write(file->get(), trigger.c_str(), trigger.size() + 1) < 0) {
    const int code = errno;
    return fail(
        "set a trigger '" + trigger + "' on", cgroup.directory_path() + '/' + name, code,
        code == EINVAL || code == EPERM
            ? "use a window of 0.5 to 10 seconds (without CAP_SYS_RESOURCE: a multiple of 2 "
              "seconds) and a share below 100%"
            : "");
  }
  auto changed = wait_for_change(file->get(), deadline);
  if (changed && *changed && ::faccessat(cgroup.directory(), "cgroup.procs", F_OK, 0) != 0) {
    return removed(cgroup);
  }
  return changed;
}

}  // namespace

Deadline deadline_after(std::optional<milliseconds> timeout) {
  if (!timeout) return std::nullopt;
  return std::chrono::steady_clock::now() + *timeout;
}

Result<bool> wait_for_change(int file, const Deadline& deadline,
                             std::optional<milliseconds> longest) {
  for (;;) {
    std::int64_t time = longest ? longest->count() : -1;
    if (deadline) {
      const auto left =
          std::chrono::ceil<milliseconds>(*deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      time = time < 0 ? left.count() : std::min<std::int64_t>(time, left.count());
    }
    constexpr std::int64_t kMost = 1 << 30;
    pollfd poll{file, POLLPRI, 0};
    const int n = ::poll(&poll, 1, static_cast<int>(std::min(time, kMost)));
    if (n > 0) return true;
    if (n == 0 && longest) return true;
    if (n < 0 && errno != EINTR) return fail("wait for", "a change");
  }
}

Result<bool> wait_for_cgroup(const CgroupTree& tree, const Cgroup& cgroup, const CgroupEvent& event,
                             std::optional<milliseconds> timeout) {
  const Deadline deadline = deadline_after(timeout);
  return std::visit([&](const auto& each) { return wait_for(tree, cgroup, each, deadline); },
                    event);
}

}  // namespace nsx
