#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

#include <nsx/members.hh>

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

}  // namespace

Result<std::vector<pid_t>> processes_in(const Kernel& kernel,
                                        std::span<const Namespace> namespaces) {
  auto pids = list_pids_at(kernel.proc(), ".");
  if (!pids) return fail("list", kernel.proc_path(), pids.error().code);
  const std::vector<Wanted> wanted = wanted_links(namespaces);
  std::vector<char> is_in(pids->size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    constexpr std::size_t kBatch = 64;
    for (;;) {
      const std::size_t begin = next.fetch_add(kBatch, std::memory_order_relaxed);
      if (begin >= pids->size()) return;
      const std::size_t end = std::min(begin + kBatch, pids->size());
      for (std::size_t i = begin; i < end; ++i)
        is_in[i] = is_member(kernel.proc(), (*pids)[i], wanted) ? 1 : 0;
    }
  };
  const unsigned workers = workers_for(pids->size());
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < workers; ++i)
    threads.emplace_back(work);
  work();
  for (std::thread& thread : threads)
    thread.join();
  std::vector<pid_t> members;
  for (std::size_t i = 0; i < pids->size(); ++i) {
    if (is_in[i] != 0) members.push_back((*pids)[i]);
  }
  return members;
}

}  // namespace nsx
