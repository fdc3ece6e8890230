#include <nsx/inside.hh>
#include <nsx/process.hh>

#include "kernel/visitor.hh"

namespace nsx {

Result<HostNames> read_host_names(const Kernel& kernel, const Namespace& uts) {
  const auto visitor = Visitor::send(kernel, uts);
  if (!visitor) return tl::unexpected(visitor.error());
  return HostNames{visitor->names().nodename, visitor->names().domainname};
}

Result<std::string> read_file_inside(const Kernel& kernel, const Namespace& ns, const char* file) {
  if (!kernel.numbers_are_ours()) {
    return refuse(std::string("read ") + file + " of", "a process inside",
                  "the proc mount is not of this PID namespace");
  }
  const auto visitor = Visitor::send(kernel, ns);
  if (!visitor) return tl::unexpected(visitor.error());
  const auto process = Process::open(kernel, visitor->pid());
  if (!process) return tl::unexpected(process.error());
  return process->read(file);
}

}  // namespace nsx
