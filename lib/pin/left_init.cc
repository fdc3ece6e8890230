#include <csignal>

#include <nsx/pin.hh>
#include <nsx/process.hh>

#include "kernel/directory.hh"
#include "kernel/text.hh"
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

/// Whether it is the init of this pid namespace, and one that nsx has left there.
bool is_left_init(const Kernel& kernel, const Process& process, const Namespace& pid) {
  const auto comm = process.read("comm");
  if (!comm || *comm != std::string(kLeftInit) + '\n') return false;
  const auto its = process.open_namespace(kernel, Kind::pid);
  if (!its || !is_same(*its, pid)) return false;
  const auto status = process.read("status");
  return status && is_first(*status);
}

bool has_other_name(const Kernel& kernel, const std::string& root, const Namespace& pid) {
  const auto store = PinStore::open(kernel, root);
  if (!store) return false;
  const auto pins = store->list(kernel, {Kind::pid});
  if (!pins) return false;
  for (const PinFile& pin : *pins) {
    if (pin.state == PinState::live && pin.inode == pid.identity().inode) return true;
  }
  return false;
}

}  // namespace

Status end_left_init(const Kernel& kernel, const std::string& root, const Namespace& pid) {
  if (has_other_name(kernel, root, pid)) return {};
  auto pids = list_pids_at(kernel.proc(), ".");
  if (!pids) return error_of(pids);
  for (const pid_t number : *pids) {
    auto process = Process::open(kernel, number);
    if (!process || !is_left_init(kernel, *process, pid)) continue;
    if (auto sent = process->send_signal(SIGKILL); !sent && sent.error().code != ESRCH) return sent;
    return process->wait_for_end(-1) ? Status{} : refuse("wait for", "the init", "it goes on");
  }
  return {};
}

}  // namespace nsx
