#include <algorithm>
#include <csignal>
#include <sys/ioctl.h>

#include <nsx/pin.hh>
#include <nsx/process.hh>

#include "kernel/abi.hh"
#include "kernel/directory.hh"
#include "pin/store.hh"

namespace nsx {

namespace {

bool is_same(const Namespace& a, const Namespace& b) {
  return a.identity().device == b.identity().device && a.identity().inode == b.identity().inode;
}

/// Whether a process is number 1 in its own pid namespace: the last number of the line "NSpid:".
bool is_first(std::string_view status) {
  constexpr std::string_view kLine = "\nNSpid:";
  const std::size_t at = status.find(kLine);
  if (at == std::string_view::npos) return false;
  std::string_view line = status.substr(at + kLine.size());
  line = line.substr(0, line.find('\n'));
  return line.ends_with("\t1");
}

bool is_in(const Kernel& kernel, const Process& process, const Namespace& pid) {
  const auto its = process.open_namespace(kernel, Kind::pid);
  return its && is_same(*its, pid);
}

/// Whether it has the name and the number of an init that nsx has left in a pid namespace.
bool looks_left(const Process& process) {
  const auto comm = process.read("comm");
  if (!comm || *comm != std::string(kLeftInit) + '\n') return false;
  const auto status = process.read("status");
  return status && is_first(*status);
}

/// Process 1 of a pid namespace, if nsx has left it there. The kernel tells its number from Linux
/// 6.11 on; before, who may look into all processes finds it.
std::optional<Process> find_left_init(const Kernel& kernel, const Namespace& pid) {
  const int number = ::ioctl(pid.fd(), abi::kNsGetPidFromPidns, 1);
  if (number > 0) {
    auto process = Process::open(kernel, number);
    const bool is_still = process && ::ioctl(pid.fd(), abi::kNsGetPidFromPidns, 1) == number;
    if (!is_still || !looks_left(*process)) return std::nullopt;
    return std::move(*process);
  }
  if (errno == ESRCH) return std::nullopt;
  auto pids = list_pids_at(kernel.proc(), ".");
  if (!pids) return std::nullopt;
  for (const pid_t each : *pids) {
    auto process = Process::open(kernel, each);
    if (process && looks_left(*process) && is_in(kernel, *process, pid)) {
      return std::move(*process);
    }
  }
  return std::nullopt;
}

bool has_other_name(const Kernel& kernel, const std::string& root, const std::string& name,
                    const Namespace& pid) {
  const auto store = PinStore::open(kernel, root);
  if (!store) return false;
  const auto pins = store->list(kernel, {Kind::pid});
  if (!pins) return false;
  return std::any_of(pins->begin(), pins->end(), [&](const PinFile& pin) {
    return pin.name != name && pin.inode == pid.identity().inode && pin.state == PinState::live;
  });
}

}  // namespace

Status end_left_init(const Kernel& kernel, const std::string& root, const std::string& name,
                     const Namespace& pid) {
  if (has_other_name(kernel, root, name, pid)) return {};
  const auto init = find_left_init(kernel, pid);
  if (!init) return {};
  if (auto sent = init->send_signal(SIGKILL); !sent && sent.error().code != ESRCH) return sent;
  init->wait_for_end(-1);
  return {};
}

}  // namespace nsx
