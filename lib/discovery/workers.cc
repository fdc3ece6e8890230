#include "discovery/workers.hh"

#include <algorithm>
#include <atomic>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "discovery/descriptors.hh"
#include "discovery/processes.hh"
#include "discovery/threads.hh"
#include "kernel/directory.hh"

namespace nsx {

namespace {

/// Where more threads pay, and how many the kernel's locks still let run side by side.
constexpr std::size_t kManyProcesses = 1000;
constexpr unsigned kMostWorkers = 4;

/// Descriptors left to everything else: the caller's own, and the few that a look at one process
/// has open at a time.
constexpr rlim_t kReserve = 64;

std::size_t descriptors_to_spare() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= kReserve) return 0;
  return limit.rlim_cur - kReserve;
}

/// All sources start from processes, but for these two.
bool asks_processes(SourceSet sources) {
  sources.remove(Source::kernel);
  sources.remove(Source::relation);
  return sources != SourceSet();
}

/// Takes processes off a list until it is empty.
class Worker {
 public:
  Worker(const Kernel& kernel, const CensusRequest& request, std::size_t keep_limit)
      : kernel_(kernel),
        request_(request),
        findings_{.table = {kernel,
                            {.relations = request.sources.contains(Source::relation),
                             .keep_limit = keep_limit}},
                  .processes = {},
                  .holders = {},
                  .mounts = {},
                  .gaps = {},
                  .hides_processes = false},
        descriptors_(kernel, request, findings_) {}
  ~Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;

  void run(const std::vector<pid_t>& pids, std::atomic<std::size_t>& next) {
    // A few at a time, so that all end together.
    constexpr std::size_t kBatch = 32;
    for (;;) {
      const std::size_t begin = next.fetch_add(kBatch, std::memory_order_relaxed);
      if (begin >= pids.size()) return;
      const std::size_t end = std::min(begin + kBatch, pids.size());
      for (std::size_t i = begin; i < end; ++i)
        read(pids[i]);
    }
  }

  Findings take() { return std::move(findings_); }

 private:
  void read(pid_t pid) {
    const auto wants = [&](Source source) { return request_.sources.contains(source); };
    Visit visit(kernel_, findings_.table, pid);
    auto process = read_process(kernel_, request_, visit, findings_);
    if (!process) return;
    if (wants(Source::thread)) read_threads(kernel_, request_.kinds, visit, *process, findings_);
    if (wants(Source::children)) read_for_children(request_.kinds, visit, *process, findings_);
    // What the census itself has open holds nothing.
    const bool is_self = kernel_.numbers_are_ours() && pid == ::getpid();
    if (!is_self && (wants(Source::fd) || wants(Source::socket))) {
      descriptors_.read(visit, *process);
    }
    findings_.processes.push_back(*process);
  }

  const Kernel& kernel_;
  const CensusRequest& request_;
  Findings findings_;
  DescriptorReader descriptors_;
};

}  // namespace

unsigned workers_for(std::size_t processes) {
  if (processes < kManyProcesses) return 1;
  return std::clamp(std::thread::hardware_concurrency(), 1U, kMostWorkers);
}

Result<Findings> read_all_processes(const Kernel& kernel, const CensusRequest& request) {
  std::vector<pid_t> pids;
  bool hides_processes = false;
  if (request.only != 0) {
    pids.push_back(request.only);
  } else if (asks_processes(request.sources)) {
    auto listed = list_pids_at(kernel.proc(), ".");
    if (!listed) return fail("list", kernel.proc_path(), listed.error().code);
    pids = std::move(*listed);
    // Every PID namespace has a first process as long as it has any: ours, so one that is hidden.
    hides_processes =
        kernel.numbers_are_ours() && std::find(pids.begin(), pids.end(), 1) == pids.end();
  }

  const unsigned workers = workers_for(pids.size());
  const std::size_t keep_limit = descriptors_to_spare() / workers;
  kernel.has(Feature::pidfd_namespaces);  // tried before threads share the answer
  std::atomic<std::size_t> next = 0;
  Worker first(kernel, request, keep_limit);
  std::vector<std::unique_ptr<Worker>> others;
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < workers; ++i) {
    Worker& worker = *others.emplace_back(std::make_unique<Worker>(kernel, request, keep_limit));
    threads.emplace_back([&] { worker.run(pids, next); });
  }
  first.run(pids, next);
  for (std::thread& thread : threads)
    thread.join();

  Findings findings = first.take();
  findings.hides_processes = hides_processes;
  for (const auto& other : others)
    findings.absorb(other->take());
  return findings;
}

}  // namespace nsx
