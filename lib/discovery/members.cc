#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <sys/sysinfo.h>
#include <thread>
#include <unistd.h>

#include <nsx/members.hh>

#include "discovery/net_members.hh"
#include "discovery/workers.hh"
#include "kernel/directory.hh"

namespace nsx {

namespace {

/// What a link of a process in one of the namespaces is called, and leads to: "/ns/net" and
/// "net:[4026531840]".
struct Wanted {
  std::string file;
  std::string text;
};

std::vector<Wanted> wanted_links(std::span<const Namespace> namespaces) {
  std::vector<Wanted> wanted;
  for (const Namespace& ns : namespaces) {
    const std::string kind = name(ns.kind());
    wanted.push_back({"/ns/" + kind, kind + ":[" + std::to_string(ns.identity().inode) + ']'});
  }
  return wanted;
}

bool is_member(int proc, pid_t pid, const std::vector<Wanted>& wanted) {
  const std::string directory = std::to_string(pid);
  return std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& each) {
    std::array<char, 64> text{};
    const std::string path = directory + each.file;
    const ssize_t size = ::readlinkat(proc, path.c_str(), text.data(), text.size());
    return size > 0 && std::string_view(text.data(), static_cast<std::size_t>(size)) == each.text;
  });
}

/// Whether there are so many processes, threads counted, that their links cost far more than a net
/// namespace does.
bool are_many() {
  constexpr unsigned kMany = 1024;
  struct sysinfo machine {};
  return ::sysinfo(&machine) == 0 && machine.procs >= kMany;
}

/// All processes, and the members of the net namespace among them if they were asked for.
struct Listed {
  std::vector<pid_t> pids;
  std::optional<std::vector<pid_t>> members;
};

Result<Listed> list_processes(const Kernel& kernel, const Namespace* asked_for) {
  constexpr std::size_t kAtOnce = 256;
  Listed listed;
  std::optional<NetMembersAsker> asker;
  if (asked_for != nullptr) asker.emplace(*asked_for);
  std::size_t handed_over = 0;
  const auto hand_over = [&] {
    asker->hand_over(std::span(listed.pids).subspan(handed_over));
    handed_over = listed.pids.size();
  };
  auto done = for_each_pid_at(kernel.proc(), ".", [&](pid_t pid) {
    listed.pids.push_back(pid);
    if (asker && listed.pids.size() - handed_over == kAtOnce) hand_over();
  });
  if (!done) return fail("list", kernel.proc_path(), done.error().code);
  if (asker) {
    hand_over();
    // Where it has not got the right, the links tell.
    if (auto members = asker->take()) listed.members = std::move(*members);
  }
  return listed;
}

/// Those whose links say that they are in one of the namespaces.
std::vector<pid_t> members_by_links(const Kernel& kernel, const std::vector<pid_t>& pids,
                                    std::span<const Namespace> namespaces) {
  const std::vector<Wanted> wanted = wanted_links(namespaces);
  std::vector<char> is_in(pids.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    constexpr std::size_t kBatch = 64;
    for (;;) {
      const std::size_t begin = next.fetch_add(kBatch, std::memory_order_relaxed);
      if (begin >= pids.size()) return;
      const std::size_t end = std::min(begin + kBatch, pids.size());
      for (std::size_t i = begin; i < end; ++i)
        is_in[i] = is_member(kernel.proc(), pids[i], wanted) ? 1 : 0;
    }
  };
  const unsigned workers = workers_for(pids.size());
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < workers; ++i)
    threads.emplace_back(work);
  work();
  for (std::thread& thread : threads)
    thread.join();
  std::vector<pid_t> members;
  for (std::size_t i = 0; i < pids.size(); ++i) {
    if (is_in[i] != 0) members.push_back(pids[i]);
  }
  return members;
}

}  // namespace

Result<std::vector<pid_t>> processes_in(const Kernel& kernel,
                                        std::span<const Namespace> namespaces) {
  // rtnetlink takes numbers for those of the caller's PID namespace.
  const bool can_be_asked = namespaces.size() == 1 && namespaces.front().kind() == Kind::net &&
                            kernel.numbers_are_ours() && are_many();
  auto listed = list_processes(kernel, can_be_asked ? &namespaces.front() : nullptr);
  if (!listed) return error_of(listed);
  auto members = listed->members ? std::move(*listed->members)
                                 : members_by_links(kernel, listed->pids, namespaces);
  std::sort(members.begin(), members.end());
  return members;
}

}  // namespace nsx
