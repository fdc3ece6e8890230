// SPDX-License-Identifier: MIT
#include "discovery/visit.hh"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <span>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <nsx/process.hh>

#include "discovery/sources.hh"
#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "try.hh"

namespace nsx {

namespace {

bool read_info(Visit& visit, bool with_inode, CensusProcess& process) {
  abi::PidfdInfo found{};
  found.mask = abi::kPidfdInfoPid | abi::kPidfdInfoCreds;
  struct stat st {};
  if (::ioctl(visit.pidfd(), abi::kPidfdGetInfo, &found) != 0) return false;
  if (with_inode && ::fstat(visit.pidfd(), &st) != 0) return false;
  process.parent = static_cast<pid_t>(found.ppid);
  process.uid = found.euid;
  process.pidfd_inode = st.st_ino;
  return true;
}

bool read_stat(Visit& visit, CensusProcess& process) {
  struct stat st {};
  std::array<char, kStatSize> buffer{};
  const int directory = visit.directory();
  if (directory < 0) return false;
  const auto size = read_once_at(directory, "stat", buffer);
  if (!size || ::fstat(directory, &st) != 0) return false;
  const auto stat = parse_process_stat({buffer.data(), *size});
  if (!stat) return false;
  process.parent = stat->parent;
  process.start_time = stat->start_time;
  process.uid = st.st_uid;
  return true;
}

void read_thread(KindSet kinds, Visit& visit, const CensusProcess& process, Findings& findings) {
  for (const Kind kind : kinds) {
    // A search also needs the namespaces for the thread's children, which no CensusHolder
    // represents.
    if (findings.table.detail() == Detail::handles && info(kind).for_children != nullptr) {
      visit.look_at(kind, true);
    }
    // A process with threads cannot change its user namespace, and no thread its PID namespace
    // (setns(2), unshare(2)).
    const bool is_shared = kind == Kind::pid || kind == Kind::user;
    if (is_shared && process.in(kind) != kNone) continue;
    const CensusIndex found = visit.look_at(kind, false);
    if (found == kNone || found == process.in(kind)) continue;
    findings.holders.push_back(
        {found, CensusHolder::Type::thread, process.pid, visit.pid(), kNone});
  }
}

bool is_seen(const CensusProcess& process) {
  return std::ranges::any_of(process.namespaces, [](CensusIndex ns) { return ns != kNone; });
}

/// Reads processes. Fills findings that no other worker fills, except for the processes.
class Worker {
 public:
  /// Fills `of_all`, or `own` if there are several workers.
  Worker(const Kernel& kernel, const CensusRequest& request, Findings& of_all,
         std::unique_ptr<Findings> own)
      : kernel_(kernel),
        request_(request),
        own_(std::move(own)),
        findings_(own_ ? *own_ : of_all),
        can_use_pidfds_(nsx::can_use_pidfds(kernel, request, findings_.table)),
        self_(kernel.numbers_are_ours() ? ::getpid() : 0),
        descriptors_(kernel, request, findings_) {}

  /// Reads a process that is known by its PID, and perhaps from an earlier source. Returns whether
  /// there is anything to know of it.
  bool read(CensusProcess& process) {
    Visit visit(kernel_, findings_.table, process.pid, way());
    if (wants(Source::process)) {
      const auto found = read_timed(visit);
      if (!found) return false;
      process = *found;
    }
    if (wants(Source::thread)) read_threads(request_.kinds, visit, process, findings_);
    if (wants(Source::children) && is_seen(process)) {
      read_for_children(request_.kinds, visit, process, findings_);
    }
    if (wants(Source::fd) || wants(Source::socket)) {
      // Descriptors of the census itself keep nothing alive.
      if (process.pid != self_ && is_seen(process)) descriptors_.read(visit, process);
    }
    return true;
  }

  bool is_done() const { return findings_.table.has_wanted(); }

  /// Merges the worker's own findings into those of all. Returns the new index of each namespace,
  /// or nothing if no index changes.
  std::vector<CensusIndex> give_to(Findings& of_all) {
    return own_ ? of_all.absorb(std::move(*own_)) : std::vector<CensusIndex>();
  }

 private:
  bool wants(Source source) const { return request_.sources.contains(source); }

  /// With pidfds, reading is only fast as long as the descriptor of each namespace can be kept.
  Way way() const {
    return can_use_pidfds_ && findings_.table.may_keep() ? faster_.next() : Way::links;
  }

  std::optional<CensusProcess> read_timed(Visit& visit) {
    if (!can_use_pidfds_ || faster_.is_chosen()) {
      return read_process(kernel_, request_, visit, findings_);
    }
    const auto start = FasterWay::Clock::now();
    auto process = read_process(kernel_, request_, visit, findings_);
    if (process) faster_.took(FasterWay::Clock::now() - start);
    return process;
  }

  const Kernel& kernel_;
  const CensusRequest& request_;
  std::unique_ptr<Findings> own_;
  Findings& findings_;
  bool can_use_pidfds_;
  FasterWay faster_;
  pid_t self_;  // 0: the proc mount has other numbers
  DescriptorReader descriptors_;
};

Status list_processes(const Kernel& kernel, const CensusRequest& request, Findings& findings) {
  std::vector<pid_t> pids{request.only};
  if (request.only == 0) {
    auto listed = list_pids_at(kernel.proc(), ".");
    if (!listed) return fail("list", kernel.proc_path(), listed.error().code);
    pids = std::move(*listed);
    // Every PID namespace has a PID 1 as long as it has processes. In the caller's own, a missing
    // PID 1 means that processes are hidden.
    findings.hides_processes =
        kernel.numbers_are_ours() && std::find(pids.begin(), pids.end(), 1) == pids.end();
  }
  findings.processes.reserve(pids.size());
  for (const pid_t pid : pids)
    findings.processes.push_back({.pid = pid});
  return {};
}

void move(std::span<const CensusIndex> places, CensusProcess& process) {
  for (CensusIndex& ns : process.namespaces) {
    if (ns != kNone) ns = places[ns];
  }
}

}  // namespace

ProcPath& ProcPath::add(std::string_view part) {
  // The last byte stays NUL. No path is that long: kinds and numbers are short.
  const std::size_t size = std::min(part.size(), text_.size() - 1 - size_);
  std::memcpy(text_.data() + size_, part.data(), size);
  size_ += size;
  return *this;
}

ProcPath& ProcPath::add(pid_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

Visit::Visit(const Kernel& kernel, NamespaceTable& table, pid_t pid, Way way)
    : kernel_(kernel), table_(table), pid_(pid), by_pidfd_(way == Way::pidfd) {
  path_.add(pid);
}

Visit::Visit(const Visit& process, pid_t thread)
    : kernel_(process.kernel_),
      table_(process.table_),
      path_(process.path_),
      pid_(thread),
      pidfd_flags_(abi::kPidfdThread),
      by_pidfd_(process.by_pidfd_) {
  path_.add("/task/").add(thread);
}

Visit Visit::thread(pid_t thread) const {
  return {*this, thread};
}

int Visit::pidfd() {
  if (!pidfd_) pidfd_.emplace(abi::pidfd_open(pid_, pidfd_flags_));
  return pidfd_->get();
}

int Visit::directory() {
  if (!directory_) {
    directory_.emplace(::openat(kernel_.proc(), path_.text(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  return directory_->get();
}

CensusIndex Visit::look_at(Kind kind, bool for_children) {
  const KindInfo& of = info(kind);
  if (by_pidfd_ && pidfd() >= 0) {
    const CensusIndex found =
        look_by_pidfd(kind, for_children ? of.pidfd_children_request : of.pidfd_request);
    // A zombie, or any process once descriptors run out, can only be read through its links.
    if (found != kNone || (errno != ESRCH && errno != EMFILE && errno != ENFILE)) return found;
    by_pidfd_ = false;
  }
  const CensusIndex found = look_by_link(kind, for_children ? of.for_children : of.name);
  // Before Linux 6.19, a pid namespace for children has no link until it has an init.
  if (found == kNone && errno == ENOENT && for_children && table_.detail() == Detail::all &&
      kernel_.has(Feature::pidfd_namespaces) && pidfd() >= 0) {
    return look_by_pidfd(kind, of.pidfd_children_request);
  }
  return found;
}

bool Visit::is_denial(int code) {
  return (code == EACCES || code == EPERM) && !has_ended();
}

bool Visit::has_ended() {
  if (pidfd_ && *pidfd_) {
    pollfd end{pidfd_->get(), POLLIN, 0};
    return ::poll(&end, 1, 0) > 0;
  }
  if (directory() < 0) return true;
  std::array<char, kStatSize> buffer{};
  const auto size = read_once_at(directory(), "stat", buffer);
  return !size || !is_alive(std::string_view(buffer.data(), *size));
}

CensusIndex Visit::look_by_pidfd(Kind kind, unsigned request) {
  OwnedFd fd(::ioctl(pidfd(), request, 0));
  struct stat st {};
  if (!fd || ::fstat(fd.get(), &st) != 0) return kNone;
  if (const auto known = table_.find(kind, st.st_ino)) return *known;
  auto ns = Namespace::from_fd(kernel_, std::move(fd));
  if (!ns) {
    errno = ns.error().code;
    return kNone;
  }
  return table_.add(std::move(*ns));
}

CensusIndex Visit::look_by_link(Kind kind, const char* file) {
  const Detail detail = table_.detail();
  // If only links are read, opening the directory costs more than it saves.
  ProcPath path;
  int above = kernel_.proc();
  if (detail == Detail::all) {
    above = directory();
    path.add("ns/").add(file);
  } else {
    path = path_;
    path.add("/ns/").add(file);
  }
  if (above < 0) return kNone;
  std::array<char, 64> target{};  // longer than any relevant text
  const ssize_t size = ::readlinkat(above, path.text(), target.data(), target.size());
  if (size < 0) return kNone;
  const auto link = parse_namespace_link({target.data(), static_cast<std::size_t>(size)});
  if (!link || link->kind != kind) {
    errno = ENOENT;
    return kNone;
  }
  if (const auto known = table_.find(kind, link->inode)) return *known;
  if (detail == Detail::handles || (detail == Detail::all && kernel_.numbers_are_ours())) {
    if (auto fd = open_at(above, path.text(), O_RDONLY)) {
      auto ns = Namespace::from_fd(kernel_, std::move(*fd));
      // The process may have changed its namespace between the two calls.
      if (ns && ns->identity().inode == link->inode) return table_.add(std::move(*ns));
    }
  }
  return table_.add(kind, link->inode);
}

bool can_use_pidfds(const Kernel& kernel, const CensusRequest& request,
                    const NamespaceTable& table) {
  return table.detail() == Detail::all && !request.start_times &&
         kernel.has(Feature::pidfd_namespaces) && kernel.has(Feature::pidfd_info);
}

std::optional<CensusProcess> read_process(const Kernel& kernel, const CensusRequest& request,
                                          Visit& visit, Findings& findings) {
  CensusProcess process;
  process.pid = visit.pid();
  const bool in_full = findings.table.detail() == Detail::all;
  // Opened before anything else: if the last access succeeds, the process had its PID all along, so
  // the directory is its own.
  const bool by_info = in_full && !request.start_times && !findings.table.lacks_descriptors() &&
                       kernel.has(Feature::pidfd_info) && visit.pidfd() >= 0;
  bool any = false;
  int denied = 0;
  for (const Kind kind : request.kinds) {
    const CensusIndex found = visit.look_at(kind, false);
    if (found == kNone && (errno == EACCES || errno == EPERM)) denied = errno;
    if (found != kNone) any = true;
    process.namespaces[static_cast<std::size_t>(kind)] = found;
    // The same permission check applies to all links of a process.
    if (denied != 0 && !(in_full && any)) break;
  }
  if (!in_full) return process;
  if (!any) {
    if (visit.is_denial(denied)) findings.gaps.add(Source::process, denied);
    return std::nullopt;
  }
  const bool is_complete =
      by_info ? read_info(visit, request.identities, process) : read_stat(visit, process);
  return is_complete ? std::optional(process) : std::nullopt;
}

void read_threads(KindSet kinds, Visit& visit, CensusProcess& process, Findings& findings) {
  process.threads = 1;  // while it existed
  const int directory = visit.directory();
  struct stat tasks {};
  if (directory < 0 || ::fstatat(directory, "task", &tasks, 0) != 0) return;
  // The link count includes the directory itself, its parent, and one for each thread.
  process.threads = tasks.st_nlink > 2 ? static_cast<std::uint32_t>(tasks.st_nlink) - 2 : 1;
  if (process.threads == 1) return;
  const auto threads = list_pids_at(directory, "task");
  if (!threads) return;
  for (const pid_t thread : *threads) {
    if (thread == process.pid) continue;
    Visit of_thread = visit.thread(thread);
    read_thread(kinds, of_thread, process, findings);
  }
}

void read_for_children(KindSet kinds, Visit& visit, const CensusProcess& process,
                       Findings& findings) {
  for (const Kind kind : kinds) {
    if (info(kind).for_children == nullptr) continue;
    const CensusIndex found = visit.look_at(kind, true);
    if (found == kNone || found == process.in(kind)) continue;
    findings.holders.push_back({found, CensusHolder::Type::children, process.pid, 0, kNone});
  }
}

Status read_processes(const Kernel& kernel, const CensusRequest& request, Findings& findings) {
  if (findings.processes.empty()) TRY(list_processes(kernel, request, findings));
  // Each worker reads processes in their place, so that they stay in order and are never copied.
  std::vector<CensusProcess>& processes = findings.processes;
  constexpr std::uint8_t kNobody = 0xff;
  std::vector<std::uint8_t> read_by(processes.size(), kNobody);

  const unsigned workers = workers_for(processes.size());
  kernel.has(Feature::pidfd_namespaces);  // probed before threads share the answer
  findings.table.share_with(workers);
  std::vector<std::unique_ptr<Worker>> all;
  for (unsigned i = 0; i < workers; ++i) {
    auto own = i > 0 ? std::make_unique<Findings>(findings.table.without_handles()) : nullptr;
    all.push_back(std::make_unique<Worker>(kernel, request, findings, std::move(own)));
  }
  share_out(workers, processes.size(), [&](unsigned worker, std::size_t i) {
    if (all[worker]->read(processes[i])) read_by[i] = static_cast<std::uint8_t>(worker);
    return !all[worker]->is_done();
  });

  std::vector<std::vector<CensusIndex>> places;
  places.reserve(all.size());
  for (const auto& worker : all)
    places.push_back(worker->give_to(findings));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    if (read_by[i] == kNobody) continue;
    processes[kept] = processes[i];
    if (!places[read_by[i]].empty()) move(places[read_by[i]], processes[kept]);
    ++kept;
  }
  processes.resize(kept);
  return {};
}

}  // namespace nsx
