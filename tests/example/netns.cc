// Prints in which net namespace a process is: netns PID
#include <cstdio>
#include <cstdlib>

#include <nsx/process.hh>

int main(int argc, char** argv) {
  const auto kernel = nsx::Kernel::open();
  if (!kernel) return 1;
  const auto process = nsx::Process::open(*kernel, argc == 2 ? std::atoi(argv[1]) : 0);
  if (!process) return std::puts(process.error().message().c_str()), 1;
  const auto net = process->open_namespace(*kernel, nsx::Kind::net);
  if (!net) return std::puts(net.error().message().c_str()), 1;
  std::printf("%s %ju\n", nsx::name(net->kind()), std::uintmax_t{net->identity().inode});
}
