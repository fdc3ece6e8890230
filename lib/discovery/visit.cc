// SPDX-License-Identifier: MIT
#include "discovery/visit.hh"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <nsx/process.hh>

#include "discovery/descriptors.hh"
#include "discovery/side_by_side.hh"
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
  const int directory = visit.directory();
  if (directory < 0) return false;
  const auto text = read_file_at(directory, "stat");
  if (!text || ::fstat(directory, &st) != 0) return false;
  const auto stat = parse_process_stat(*text);
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
    const CensusIndex found = visit.look_at(kind, false);
    if (found == kNone || found == process.in(kind)) continue;
    findings.holders.push_back(
        {found, CensusHolder::Type::thread, process.pid, visit.pid(), kNone});
  }
}

bool is_seen(const CensusProcess& process) {
  return std::ranges::any_of(process.namespaces, [](CensusIndex ns) { return ns != kNone; });
}

/// Reads processes into findings that no other worker fills.
class Worker {
 public:
  /// Fills `of_all`, or `own` if there are several workers.
  Worker(const Kernel& kernel, const CensusRequest& request, Findings& of_all,
         std::unique_ptr<Findings> own)
      : kernel_(kernel),
        request_(request),
        own_(std::move(own)),
        findings_(own_ ? *own_ : of_all),
        descriptors_(kernel, request, findings_) {}

  /// Returns false once nothing more need be read.
  bool read(const CensusProcess& known) {
    Visit visit(kernel_, findings_.table, known.pid);
    auto process = wants(Source::process) ? read_process(kernel_, request_, visit, findings_)
                                          : std::optional(known);
    if (!process) return true;
    if (wants(Source::thread)) read_threads(kernel_, request_.kinds, visit, *process, findings_);
    if (wants(Source::children) && is_seen(*process)) {
      read_for_children(request_.kinds, visit, *process, findings_);
    }
    if (wants(Source::fd) || wants(Source::socket)) {
      // Descriptors of the census itself keep nothing alive.
      const bool is_self = kernel_.numbers_are_ours() && known.pid == ::getpid();
      if (!is_self && is_seen(*process)) descriptors_.read(visit, *process);
    }
    findings_.processes.push_back(*process);
    return !findings_.table.has_wanted();
  }

  /// Merges the worker's own findings into those of all.
  void give_to(Findings& of_all) {
    if (own_) of_all.absorb(std::move(*own_));
  }

 private:
  bool wants(Source source) const { return request_.sources.contains(source); }

  const Kernel& kernel_;
  const CensusRequest& request_;
  std::unique_ptr<Findings> own_;
  Findings& findings_;
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
  for (const pid_t pid : pids)
    findings.processes.push_back({.pid = pid});
  return {};
}

}  // namespace

Visit::Visit(const Kernel& kernel, NamespaceTable& table, std::string path, pid_t pid,
             unsigned flags)
    : kernel_(kernel),
      table_(table),
      path_(std::move(path)),
      pid_(pid),
      pidfd_flags_(flags),
      by_pidfd_(table.detail() == Detail::all && kernel.has(Feature::pidfd_namespaces) &&
                table.may_keep()) {}

Visit Visit::of_thread(const Kernel& kernel, NamespaceTable& table, pid_t pid, pid_t thread) {
  return {kernel, table, std::to_string(pid) + "/task/" + std::to_string(thread), thread,
          abi::kPidfdThread};
}

int Visit::pidfd() {
  if (!pidfd_) pidfd_.emplace(abi::pidfd_open(pid_, pidfd_flags_));
  return pidfd_->get();
}

int Visit::directory() {
  if (!directory_) {
    directory_.emplace(::openat(kernel_.proc(), path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
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
  return look_by_link(kind, for_children ? of.for_children : of.name);
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
  const auto text = read_file_at(directory(), "stat");
  return !text || !is_alive(*text);
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
  std::string path = std::string("ns/") + file;
  // If only links are read, opening the directory costs more than it saves.
  const int above = detail == Detail::all ? directory() : kernel_.proc();
  if (detail != Detail::all) path.insert(0, path_ + '/');
  if (above < 0) return kNone;
  const auto text = read_link_at(above, path.c_str());
  if (!text) {
    errno = text.error().code;
    return kNone;
  }
  const auto link = parse_namespace_link(*text);
  if (!link || link->kind != kind) {
    errno = ENOENT;
    return kNone;
  }
  if (const auto known = table_.find(kind, link->inode)) return *known;
  if (detail == Detail::handles || (detail == Detail::all && kernel_.numbers_are_ours())) {
    if (auto fd = open_at(above, path.c_str(), O_RDONLY)) {
      auto ns = Namespace::from_fd(kernel_, std::move(*fd));
      // The process may have changed its namespace between the two calls.
      if (ns && ns->identity().inode == link->inode) return table_.add(std::move(*ns));
    }
  }
  return table_.add(kind, link->inode);
}

std::optional<CensusProcess> read_process(const Kernel& kernel, const CensusRequest& request,
                                          Visit& visit, Findings& findings) {
  CensusProcess process;
  process.pid = visit.pid();
  const bool in_full = findings.table.detail() == Detail::all;
  bool any = false;
  int denied = 0;
  for (const Kind kind : request.kinds) {
    const CensusIndex found = visit.look_at(kind, false);
    if (found == kNone && (errno == EACCES || errno == EPERM)) denied = errno;
    if (found != kNone) any = true;
    process.namespaces[static_cast<std::size_t>(kind)] = found;
    // The same permission check applies to all links of a process.
    if (!in_full && denied != 0) break;
  }
  if (!in_full) return process;
  if (!any) {
    if (visit.is_denial(denied)) findings.gaps.add(Source::process, denied);
    return std::nullopt;
  }
  // The last access to the process: if it succeeds, the process was alive all along.
  const bool by_info =
      !request.start_times && kernel.has(Feature::pidfd_info) && visit.pidfd() >= 0;
  const bool has_info = by_info && read_info(visit, request.identities, process);
  if (!has_info && !read_stat(visit, process)) return std::nullopt;
  return process;
}

void read_threads(const Kernel& kernel, KindSet kinds, Visit& visit, CensusProcess& process,
                  Findings& findings) {
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
    Visit of_thread = Visit::of_thread(kernel, findings.table, process.pid, thread);
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
  const std::vector<CensusProcess> known = std::exchange(findings.processes, {});

  const unsigned workers = workers_for(known.size());
  kernel.has(Feature::pidfd_namespaces);  // probed before threads share the answer
  findings.table.share_with(workers);
  std::vector<std::unique_ptr<Worker>> all;
  for (unsigned i = 0; i < workers; ++i) {
    auto own = i > 0 ? std::make_unique<Findings>(findings.table.without_handles()) : nullptr;
    all.push_back(std::make_unique<Worker>(kernel, request, findings, std::move(own)));
  }
  share_out(workers, known.size(),
            [&](unsigned worker, std::size_t i) { return all[worker]->read(known[i]); });
  for (const auto& worker : all)
    worker->give_to(findings);
  return {};
}

}  // namespace nsx
