// SPDX-License-Identifier: MIT
#include <algorithm>
#include <unistd.h>

#include <nsx/census.hh>
#include <nsx/process.hh>

#include "nsx-pin/commands.hh"
#include "try.hh"

namespace nsx::pin_tool {

namespace {

/// Whether a process has exited. A zombie, or a process that is gone, holds no namespace.
bool is_zombie(const Kernel& kernel, pid_t pid) {
  const auto process = Process::open(kernel, pid);
  const auto stat = process ? process->read("stat") : Result<std::string>(std::string());
  return !stat || !is_alive(*stat);
}

void add_once(std::vector<pid_t>& pids, pid_t pid) {
  if (pid != ::getpid() && std::find(pids.begin(), pids.end(), pid) == pids.end()) {
    pids.push_back(pid);
  }
}

void add_holder(const Census& census, const CensusHolder& holder, Users& users) {
  using Type = CensusHolder::Type;
  switch (holder.type) {
    case Type::thread:
      add_once(users.processes, holder.pid);
      break;
    case Type::children:
    case Type::fd:
    case Type::socket:
      add_once(users.descriptors, holder.pid);
      break;
    case Type::mount:
      users.mounts.push_back(census.mounts[holder.other].path);
      break;
    case Type::child:
    case Type::owned:
      break;
  }
}

std::string counted(std::size_t count, const char* one, const char* several) {
  return std::to_string(count) + ' ' + (count == 1 ? one : several);
}

}  // namespace

Result<std::vector<Users>> find_users(const Kernel& kernel,
                                      const std::vector<Namespace>& namespaces) {
  std::vector<Users> found;
  if (namespaces.empty()) return found;
  CensusRequest request;
  request.kinds = {};
  for (const Namespace& ns : namespaces)
    request.kinds.insert(ns.kind());
  request.sources = {Source::process, Source::thread, Source::children,
                     Source::fd,      Source::socket, Source::mount};
  auto census = TRY(take_census(kernel, request));
  for (const Namespace& ns : namespaces) {
    Users users;
    users.kind = ns.kind();
    const CensusIndex index = index_of(census, ns);
    if (index == kNone) continue;
    for (const CensusProcess& process : census.processes) {
      if (process.in(ns.kind()) == index) add_once(users.processes, process.pid);
    }
    for (const CensusHolder& holder : census.holders) {
      if (holder.ns == index) add_holder(census, holder, users);
    }
    std::erase_if(users.processes, [&](pid_t pid) { return is_zombie(kernel, pid); });
    if (!users.empty()) found.push_back(std::move(users));
  }
  return found;
}

Result<std::vector<pid_t>> processes_beside(const Kernel& kernel, pid_t init) {
  CensusRequest request;
  request.kinds = {Kind::pid};
  request.sources = {Source::process, Source::relation};
  auto census = TRY(take_census(kernel, request));
  std::vector<pid_t> found;
  const auto& processes = census.processes;
  const auto its = std::find_if(processes.begin(), processes.end(),
                                [&](const CensusProcess& each) { return each.pid == init; });
  if (its == processes.end()) return found;
  for (const CensusProcess& process : processes) {
    CensusIndex ns = process.in(Kind::pid);
    while (ns != kNone && ns != its->in(Kind::pid))
      ns = census.namespaces[ns].parent;
    if (ns != kNone && process.pid != init && !is_zombie(kernel, process.pid)) {
      add_once(found, process.pid);
    }
  }
  return found;
}

std::string some_processes(const Kernel& kernel, const std::vector<pid_t>& pids) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < pids.size() && i < kShown; ++i) {
    const auto process = Process::open(kernel, pids[i]);
    auto command = process ? process->read("comm") : Result<std::string>(std::string());
    if (i > 0) text += ", ";
    if (command && !command->empty()) {
      command->pop_back();
      text += printable(*command) + ' ';
    }
    text += std::to_string(pids[i]);
  }
  if (pids.size() > kShown) text += " and " + std::to_string(pids.size() - kShown) + " more";
  return text;
}

std::string in_words(const Kernel& kernel, const Users& users) {
  std::string text = std::string("its ") + name(users.kind) + " namespace is still used by ";
  const char* separator = "";
  if (!users.processes.empty()) {
    text += counted(users.processes.size(), "process", "processes") + " (" +
            some_processes(kernel, users.processes) + ')';
    separator = ", ";
  }
  if (!users.descriptors.empty()) {
    text +=
        separator + counted(users.descriptors.size(), "process", "processes") + " holding it open";
    text += " (" + some_processes(kernel, users.descriptors) + ')';
    separator = ", ";
  }
  if (!users.mounts.empty()) {
    text += separator + counted(users.mounts.size(), "mount", "mounts");
    text += " (" + printable(users.mounts.front()) + (users.mounts.size() > 1 ? ", ...)" : ")");
  }
  return text;
}

}  // namespace nsx::pin_tool
