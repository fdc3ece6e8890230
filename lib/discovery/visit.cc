#include "discovery/visit.hh"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <utility>

#include <nsx/process.hh>

#include "kernel/abi.hh"
#include "kernel/files.hh"

namespace nsx {

Visit::Visit(const Kernel& kernel, NamespaceTable& table, std::string path, pid_t pid,
             unsigned flags)
    : kernel_(kernel),
      table_(table),
      path_(std::move(path)),
      pid_(pid),
      pidfd_flags_(flags),
      by_pidfd_(kernel.has(Feature::pidfd_namespaces) && table.may_keep()) {}

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
    // A zombie answers by links alone; so does a process when the descriptors have run out.
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
  if (directory() < 0) return kNone;
  const std::string path = std::string("ns/") + file;
  const auto text = read_link_at(directory(), path.c_str());
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
  if (kernel_.numbers_are_ours()) {
    if (auto fd = open_at(directory(), path.c_str(), O_RDONLY)) {
      auto ns = Namespace::from_fd(kernel_, std::move(*fd));
      // It may have moved on between the two looks.
      if (ns && ns->identity().inode == link->inode) return table_.add(std::move(*ns));
    }
  }
  return table_.add(kind, link->inode);
}

}  // namespace nsx
