// SPDX-License-Identifier: MIT
#include "discovery/bpf_records.hh"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace nsx {

RecordIndex::RecordIndex(std::span<const nsx_census_namespace> records)
    : slots_(std::bit_ceil(2 * records.size() + 2)) {
  for (CensusIndex i = 0; i < records.size(); ++i) {
    Slot& slot = slots_[place_of(records[i].inode)];
    if (slot.inode == 0) {
      slot = {records[i].inode, i, false};
      continue;
    }
    const nsx_census_namespace& known = records[slot.record];
    // One of them has ended, and the other one got its number.
    if (known.id != records[i].id || known.address != records[i].address ||
        known.kind != records[i].kind) {
      slot.is_reused = true;
    }
  }
}

CensusIndex RecordIndex::find(std::uint32_t inode) const {
  const Slot& slot = slots_[place_of(inode)];
  return inode == 0 || slot.inode == 0 || slot.is_reused ? kNone : slot.record;
}

std::size_t RecordIndex::place_of(std::uint32_t inode) const {
  // The kernel hands out the lowest free number, so the numbers are dense.
  std::size_t at = inode & (slots_.size() - 1);
  while (slots_[at].inode != 0 && slots_[at].inode != inode)
    at = (at + 1) & (slots_.size() - 1);
  return at;
}

namespace {

class RecordReader {
 public:
  RecordReader(const BpfRecords& records, const BpfReading& reading, const CensusRequest& request,
               const std::vector<pid_t>& not_of, Findings& findings)
      : records_(records),
        reading_(reading),
        request_(request),
        not_of_(not_of),
        findings_(findings),
        index_(records.index),
        places_(records.namespaces.size(), kNone) {}

  std::vector<nsx_census_holder> run() {
    findings_.processes.reserve(records_.tasks.size());
    for (const nsx_census_task& task : records_.tasks) {
      if (task.pid == task.process && is_usable(task.process)) add_process(task);
    }
    std::ranges::sort(findings_.processes, {}, &CensusProcess::pid);
    for (const nsx_census_task& task : records_.tasks) {
      if (task.pid != task.process) add_thread(task);
    }
    for (const nsx_census_holder& holder : records_.holders)
      add_descriptor(holder);
    return std::move(undescribed_);
  }

 private:
  bool wants(Source source) const { return request_.sources.contains(source); }

  bool is_usable(std::uint32_t process) const {
    return !std::ranges::binary_search(not_of_, static_cast<pid_t>(process));
  }

  /// Returns the place of a namespace in the findings' table, and adds it if it is new.
  CensusIndex place(std::uint32_t inode) {
    const CensusIndex number = index_.find(inode);
    if (number == kNone) return kNone;
    if (places_[number] != kNone) return places_[number];
    const nsx_census_namespace& record = records_.namespaces[number];
    const CensusIndex at = findings_.table.add(static_cast<Kind>(record.kind), record.inode);
    places_[number] = at;
    CensusNamespace& ns = findings_.table[at];
    ns.identity.device = reading_.device;
    if (reading_.has_ids) ns.identity.id = record.id;
    if (ns.kind == Kind::user) ns.creator = record.creator;
    if (!reading_.relations) return at;
    // Adding a relative can reallocate the table.
    const CensusIndex owner = place(record.owner);
    const CensusIndex parent = place(record.parent);
    findings_.table[at].owner = owner;
    findings_.table[at].parent = parent;
    return at;
  }

  void add_process(const nsx_census_task& task) {
    CensusProcess process;
    process.pid = static_cast<pid_t>(task.pid);
    process.parent = static_cast<pid_t>(task.parent);
    process.uid = task.uid;
    process.cgroups = number_of(task.cgroups);
    if (wants(Source::thread)) process.threads = task.threads;
    const bool by_inode = reading_.has_inodes && task.pidfd_inode != 0;
    if (request_.identities && by_inode) process.pidfd_inode = task.pidfd_inode;
    if (request_.start_times || (request_.identities && !by_inode)) {
      process.start_time = task.start_time / nanoseconds_per_tick_;
    }
    bool is_seen = false;
    for (const Kind kind : request_.kinds) {
      const CensusIndex ns = place(task.inodes[static_cast<std::size_t>(kind)]);
      process.namespaces[static_cast<std::size_t>(kind)] = ns;
      if (ns != kNone) is_seen = true;
    }
    // As without BPF: a zombie is in few namespaces, and without any it is left out.
    if (!is_seen) return;
    if (wants(Source::children)) {
      add_for_children(Kind::pid, task.inodes[NSX_CENSUS_PID_FOR_CHILDREN], process);
      add_for_children(Kind::time, task.inodes[NSX_CENSUS_TIME_FOR_CHILDREN], process);
    }
    if (wants(Source::fd) && (task.flags & NSX_CENSUS_MANY_DESCRIPTORS) != 0) {
      findings_.gaps.add(Source::fd, EFBIG);
    }
    findings_.processes.push_back(process);
  }

  void add_for_children(Kind kind, std::uint32_t inode, const CensusProcess& process) {
    if (!request_.kinds.contains(kind) || inode == 0) return;
    const CensusIndex ns = place(inode);
    if (ns == process.in(kind)) return;
    findings_.holders.push_back({ns, CensusHolder::Type::children, process.pid, 0, kNone});
  }

  /// Returns a process that was added, or null.
  const CensusProcess* find(std::uint32_t process) const {
    const auto pid = static_cast<pid_t>(process);
    const auto found = std::ranges::lower_bound(findings_.processes, pid, {}, &CensusProcess::pid);
    return found != findings_.processes.end() && found->pid == pid ? &*found : nullptr;
  }

  void add_thread(const nsx_census_task& thread) {
    const CensusProcess* process = find(thread.process);
    if (process == nullptr) return;
    for (const Kind kind : request_.kinds) {
      const CensusIndex ns = place(thread.inodes[static_cast<std::size_t>(kind)]);
      if (ns == kNone || ns == process->in(kind)) continue;
      findings_.holders.push_back(
          {ns, CensusHolder::Type::thread, process->pid, static_cast<int>(thread.pid), kNone});
    }
  }

  void add_descriptor(const nsx_census_holder& holder) {
    const CensusProcess* process = find(holder.process);
    const CensusIndex record = index_.find(holder.inode);
    if (process == nullptr) return;
    const bool is_socket = holder.is_socket != 0;
    if (record == kNone) {
      if (wants(Source::fd) && !is_socket) undescribed_.push_back(holder);
      return;
    }
    const auto kind = static_cast<Kind>(records_.namespaces[record].kind);
    if (!wants(is_socket ? Source::socket : Source::fd) || !request_.kinds.contains(kind)) return;
    findings_.holders.push_back({place(holder.inode),
                                 is_socket ? CensusHolder::Type::socket : CensusHolder::Type::fd,
                                 process->pid, static_cast<int>(holder.descriptor), kNone});
  }

  const BpfRecords& records_;
  const BpfReading& reading_;
  const CensusRequest& request_;
  const std::vector<pid_t>& not_of_;
  Findings& findings_;
  const RecordIndex& index_;
  std::vector<nsx_census_holder> undescribed_;
  std::vector<CensusIndex> places_;  // of the records' namespaces in the findings' table
  std::uint64_t nanoseconds_per_tick_ =
      1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
};

}  // namespace

std::uint64_t number_of(const nsx_cgroups& cgroups) {
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
  return cgroups.set != 0 ? cgroups.set + cgroups.id * kGolden : 0;
}

std::vector<pid_t> unusable(const BpfRecords& records, std::vector<pid_t> others) {
  const RecordIndex& index = records.index;
  const auto is_described = [&](const nsx_census_task& task) {
    return std::ranges::all_of(
        task.inodes, [&](std::uint32_t inode) { return inode == 0 || index.find(inode) != kNone; });
  };
  std::vector<pid_t> pids = std::move(others);
  for (const nsx_census_task& task : records.tasks) {
    if ((task.flags & (NSX_CENSUS_MOVED | NSX_CENSUS_HOLDERS_FULL)) != 0 || !is_described(task)) {
      pids.push_back(static_cast<pid_t>(task.process));
    }
  }
  for (const nsx_census_holder& holder : records.holders) {
    if (holder.is_socket != 0 && index.find(holder.inode) == kNone)
      pids.push_back(static_cast<pid_t>(holder.process));
  }
  std::ranges::sort(pids);
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

std::vector<nsx_census_holder> add_records(const BpfRecords& records, const BpfReading& reading,
                                           const CensusRequest& request,
                                           const std::vector<pid_t>& not_of, Findings& findings) {
  return RecordReader(records, reading, request, not_of, findings).run();
}

}  // namespace nsx
