// SPDX-License-Identifier: MIT
// Lists the processes in the net namespace of a process: who PID
#include <cstdio>
#include <cstdlib>

#include <nsx/census.hh>
#include <nsx/process.hh>

namespace {

int fail(const nsx::Error& error) {
  std::fprintf(stderr, "who: %s\n", error.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto kernel = nsx::Kernel::open();
  if (!kernel) return fail(kernel.error());
  // The process is held from here on, so its PID cannot be mistaken for that of another process.
  const auto process = nsx::Process::open(*kernel, argc == 2 ? std::atoi(argv[1]) : 0);
  if (!process) return fail(process.error());
  const auto net = process->open_namespace(*kernel, nsx::Kind::net);
  if (!net) return fail(net.error());
  const auto pids = nsx::processes_in(*kernel, {&*net, 1});
  if (!pids) return fail(pids.error());
  for (const pid_t pid : *pids)
    std::printf("%d %s\n", pid, nsx::read_command_line(*kernel, pid).c_str());
}
