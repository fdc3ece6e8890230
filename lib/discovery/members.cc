// SPDX-License-Identifier: MIT
#include "discovery/members.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <sched.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <system_error>
#include <utility>

#include <nsx/census.hh>

#include "discovery/sources.hh"
#include "kernel/files.hh"
#include "kernel/netlink.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Whether there are so many processes and threads that reading their links costs far more than
/// creating a net namespace.
bool are_many() {
  constexpr unsigned kMany = 1024;
  struct sysinfo machine {};
  return ::sysinfo(&machine) == 0 && machine.procs >= kMany;
}

/// All processes, and the members of the net namespace among them if these were requested.
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
    // Without the privilege for it, the links are read instead.
    if (auto members = asker->take()) listed.members = std::move(*members);
  }
  return listed;
}

using Wanted = std::vector<std::pair<Kind, CensusIndex>>;

/// Returns the processes that are in one of the namespaces.
std::vector<pid_t> members_among(const std::vector<CensusProcess>& processes,
                                 const Wanted& wanted) {
  std::vector<pid_t> members;
  for (const CensusProcess& process : processes) {
    const auto is_in = [&](const auto& ns) { return process.in(ns.first) == ns.second; };
    if (std::ranges::any_of(wanted, is_in)) members.push_back(process.pid);
  }
  return members;
}

CensusRequest request_for(std::span<const Namespace> namespaces) {
  CensusRequest request;
  request.kinds = {};
  request.sources = {Source::process};
  for (const Namespace& ns : namespaces)
    request.kinds.insert(ns.kind());
  return request;
}

Wanted add_to(NamespaceTable& table, std::span<const Namespace> namespaces) {
  Wanted wanted;
  for (const Namespace& ns : namespaces)
    wanted.emplace_back(ns.kind(), table.add(ns.kind(), ns.identity().inode));
  return wanted;
}

/// Returns the processes whose links point to one of the namespaces.
Result<std::vector<pid_t>> members_by_links(const Kernel& kernel, const std::vector<pid_t>& pids,
                                            std::span<const Namespace> namespaces) {
  Findings findings(NamespaceTable(kernel, {.detail = Detail::links}));
  const Wanted wanted = add_to(findings.table, namespaces);
  for (const pid_t pid : pids)
    findings.processes.push_back({.pid = pid});
  TRY(read_processes(kernel, request_for(namespaces), findings));
  return members_among(findings.processes, wanted);
}

/// Does the same with many processes. None: not possible or not worthwhile.
Result<std::optional<std::vector<pid_t>>> members_by_bpf(const Kernel& kernel,
                                                         std::span<const Namespace> namespaces) {
  Findings findings(NamespaceTable(kernel, {}));
  const Wanted wanted = add_to(findings.table, namespaces);
  if (!TRY(read_processes_by_bpf(kernel, request_for(namespaces), findings, kBreakEvenOfLinks))) {
    return std::nullopt;
  }
  return members_among(findings.processes, wanted);
}

constexpr const char* kAsk = "list the processes in";
constexpr const char* kNet = "a net namespace";
constexpr std::int32_t kId = 1;

/// How many answers are guaranteed to fit into the buffer of a socket.
constexpr std::size_t kBatch = 64;

/// An RTM_NEWNSID request: assigns a number to a namespace.
struct Assignment {
  NetIdRequest to;
  rtattr attribute{RTA_LENGTH(sizeof kId), NETNSA_NSID};
  std::int32_t id = kId;
};

/// An NLMSG_ERROR message, which answers a request for an acknowledgement.
struct Acknowledgement {
  nlmsghdr header{};
  nlmsgerr result{};
};

/// Room for an answer: a number, or an error with the request that caused it.
using Answer = std::array<char, 128>;

/// Receives `wanted` answers, each in a message of its own. Calls `take` with the sequence number
/// of each, which is the index of its request, and with the netnsid in it, if there is one.
template <class Take>
Status receive(int socket, std::size_t wanted, Take take) {
  std::array<Answer, kBatch> answers;
  std::array<iovec, kBatch> parts{};
  std::array<mmsghdr, kBatch> messages{};
  for (std::size_t i = 0; i < kBatch; ++i) {
    parts[i] = {answers[i].data(), answers[i].size()};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  while (wanted > 0) {
    const int received =
        ::recvmmsg(socket, messages.data(), static_cast<unsigned>(wanted), 0, nullptr);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return fail(kAsk, kNet);
    for (std::size_t i = 0; i < static_cast<std::size_t>(received); ++i) {
      nlmsghdr header{};
      if (messages[i].msg_len < sizeof header) continue;
      std::memcpy(&header, answers[i].data(), sizeof header);
      take(header.nlmsg_seq, find_net_id(answers[i].data(), messages[i].msg_len));
    }
    wanted -= static_cast<std::size_t>(received);
  }
  return {};
}

}  // namespace

Result<std::vector<pid_t>> processes_in(const Kernel& kernel,
                                        std::span<const Namespace> namespaces) {
  // rtnetlink(7) takes PIDs of the caller's PID namespace.
  const bool can_be_asked = namespaces.size() == 1 && namespaces.front().kind() == Kind::net &&
                            kernel.numbers_are_ours() && are_many();
  auto listed = TRY(list_processes(kernel, can_be_asked ? &namespaces.front() : nullptr));
  auto members = std::move(listed.members);
  if (!members) members = TRY(members_by_bpf(kernel, namespaces));
  if (!members) members = TRY(members_by_links(kernel, listed.pids, namespaces));
  std::ranges::sort(*members);
  return std::move(*members);
}

Result<NetMembers> NetMembers::open(const Namespace& net) {
  if (::unshare(CLONE_NEWNET) != 0) return fail(kAsk, kNet);
  auto members = TRY(open_socket());

  Assignment request{net_id_request(NETNSA_FD, static_cast<std::uint32_t>(net.fd()))};
  request.to.header.nlmsg_len = sizeof request;
  request.to.header.nlmsg_type = RTM_NEWNSID;
  request.to.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  Acknowledgement answer;
  const int socket = members.socket_.get();
  if (::send(socket, &request, sizeof request, 0) < 0) return fail(kAsk, kNet);
  const ssize_t size = ::recv(socket, &answer, sizeof answer, 0);
  if (size < 0) return fail(kAsk, kNet);
  if (static_cast<std::size_t>(size) < sizeof answer || answer.header.nlmsg_type != NLMSG_ERROR) {
    return refuse(kAsk, kNet, "the kernel did not answer");
  }
  if (answer.result.error != 0) return fail(kAsk, kNet, -answer.result.error);
  return members;
}

Result<NetMembers> NetMembers::open_socket() {
  OwnedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail(kAsk, kNet);
  return NetMembers(std::move(socket));
}

Result<std::vector<pid_t>> NetMembers::among(std::span<const pid_t> pids) const {
  std::vector<pid_t> members;
  std::array<NetIdRequest, kBatch> requests;
  while (!pids.empty()) {
    const auto asked = pids.first(std::min(pids.size(), kBatch));
    pids = pids.subspan(asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      requests[i] = net_id_request(NETNSA_PID, static_cast<std::uint32_t>(asked[i]));
      requests[i].header.nlmsg_seq = static_cast<std::uint32_t>(i);
    }
    if (::send(socket_.get(), requests.data(), asked.size() * sizeof requests[0], 0) < 0) {
      return fail(kAsk, kNet);
    }
    // For a process that has exited, the answer is an error.
    TRY(receive(socket_.get(), asked.size(), [&](std::size_t i, auto id) {
      if (i < asked.size() && id == kId) members.push_back(asked[i]);
    }));
  }
  return members;
}

NetMembersAsker::NetMembersAsker(const Namespace& net) {
  try {
    thread_ = std::thread([this, &net] { run(net); });
  } catch (const std::system_error& error) {
    members_ = fail(kAsk, kNet, error.code().value());
  }
}

NetMembersAsker::~NetMembersAsker() {
  if (thread_.joinable()) end();
}

void NetMembersAsker::hand_over(std::span<const pid_t> pids) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.insert(waiting_.end(), pids.begin(), pids.end());
  }
  changed_.notify_one();
}

Result<std::vector<pid_t>> NetMembersAsker::take() {
  std::optional<NetMembers> twin;
  {
    const std::lock_guard lock(mutex_);
    twin = std::exchange(twin_, std::nullopt);
  }
  Result<std::vector<pid_t>> others;
  if (twin) others = ask(*twin, false);
  end();
  if (!others) return others;
  if (members_) members_->insert(members_->end(), others->begin(), others->end());
  return std::move(members_);
}

void NetMembersAsker::end() {
  {
    const std::lock_guard lock(mutex_);
    is_complete_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void NetMembersAsker::run(const Namespace& net) {
  members_ = attempt([&]() -> Result<std::vector<pid_t>> {
    auto asked = TRY(NetMembers::open(net));
    if (auto twin = NetMembers::open_socket()) {
      const std::lock_guard lock(mutex_);
      twin_ = std::move(*twin);
    }
    return ask(asked, true);
  });
}

std::vector<pid_t> NetMembersAsker::next(bool waits) {
  std::unique_lock lock(mutex_);
  if (waits) changed_.wait(lock, [&] { return !waiting_.empty() || is_complete_; });
  constexpr std::size_t kMost = 256;  // few enough that both threads finish at about the same time
  const auto begin = waiting_.end() - static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kMost));
  std::vector<pid_t> pids(begin, waiting_.end());
  waiting_.erase(begin, waiting_.end());
  return pids;
}

Result<std::vector<pid_t>> NetMembersAsker::ask(const NetMembers& asked, bool waits) {
  std::vector<pid_t> members;
  for (;;) {
    const std::vector<pid_t> pids = next(waits);
    if (pids.empty()) return members;
    auto found = TRY(asked.among(pids));
    members.insert(members.end(), found.begin(), found.end());
  }
}

}  // namespace nsx
