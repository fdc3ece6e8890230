#include "discovery/processes.hh"

#include <fcntl.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <nsx/process.hh>

#include "kernel/abi.hh"
#include "kernel/directory.hh"
#include "kernel/files.hh"

namespace nsx {

namespace {

/// Reads one process after another into the table. Each function says by false or none that the
/// process is gone, or not ours to look into.
class ProcessReader {
 public:
  ProcessReader(const Kernel& kernel, KindSet kinds, NamespaceTable& table)
      : kernel_(kernel), kinds_(kinds), table_(table) {}

  std::optional<CensusProcess> read(pid_t pid) {
    CensusProcess process;
    process.pid = pid;
    process.namespaces.fill(kNone);
    // A pidfd pays while few descriptors have to be kept: else each look makes the inode anew, and
    // reading links is cheaper.
    const bool by_pidfd = kernel_.has(Feature::pidfd_namespaces) && table_.may_keep();
    const bool seen = by_pidfd ? read_by_pidfd(process) : read_by_links(process);
    if (!seen) return std::nullopt;
    return process;
  }

 private:
  bool read_by_pidfd(CensusProcess& process) {
    const OwnedFd pidfd(abi::pidfd_open(process.pid, 0));
    if (!pidfd) return errno != ESRCH && read_by_links(process);
    for (const Kind kind : kinds_) {
      OwnedFd fd(::ioctl(pidfd.get(), info(kind).pidfd_request, 0));
      if (!fd) {
        if (errno == EOPNOTSUPP) continue;  // this kernel was built without the kind
        if (errno == ESRCH || errno == EMFILE || errno == ENFILE) return read_by_links(process);
        return false;
      }
      const auto index = enter_into_table(kind, std::move(fd));
      if (!index) return false;
      process.namespaces[static_cast<std::size_t>(kind)] = *index;
    }
    return kernel_.has(Feature::pidfd_info) ? read_info(pidfd.get(), process) : read_stat(process);
  }

  std::optional<CensusIndex> enter_into_table(Kind kind, OwnedFd fd) {
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0) return std::nullopt;
    if (const auto known = table_.find(kind, st.st_ino)) return known;
    auto ns = Namespace::from_fd(kernel_, std::move(fd));
    if (!ns) return std::nullopt;
    return table_.add(std::move(*ns));
  }

  static bool read_info(int pidfd, CensusProcess& process) {
    abi::PidfdInfo found{};
    found.mask = abi::kPidfdInfoPid | abi::kPidfdInfoCreds;
    if (::ioctl(pidfd, abi::kPidfdGetInfo, &found) != 0) return false;
    process.parent = static_cast<pid_t>(found.ppid);
    process.uid = found.euid;
    return true;
  }

  bool read_stat(CensusProcess& process) {
    const auto directory =
        open_at(kernel_.proc(), std::to_string(process.pid).c_str(), O_PATH | O_DIRECTORY);
    return directory && read_stat_below(directory->get(), process);
  }

  static bool read_stat_below(int directory, CensusProcess& process) {
    struct stat st {};
    const auto text = read_file_at(directory, "stat");
    if (!text || ::fstat(directory, &st) != 0) return false;
    const auto stat = parse_process_stat(*text);
    if (!stat) return false;
    process.parent = stat->parent;
    process.uid = st.st_uid;
    return true;
  }

  bool read_by_links(CensusProcess& process) {
    const auto directory =
        open_at(kernel_.proc(), std::to_string(process.pid).c_str(), O_PATH | O_DIRECTORY);
    if (!directory) return false;
    bool any = false;
    for (const Kind kind : kinds_) {
      CensusIndex& place = process.namespaces[static_cast<std::size_t>(kind)];
      place = kNone;
      const std::string path = std::string("ns/") + name(kind);
      const auto text = read_link_at(directory->get(), path.c_str());
      if (!text) continue;  // not on this kernel, a zombie, or not ours to see
      const auto link = parse_namespace_link(*text);
      if (!link || link->kind != kind) continue;
      place = enter_into_table(directory->get(), path, *link);
      any = true;
    }
    return any && read_stat_below(directory->get(), process);
  }

  CensusIndex enter_into_table(int directory, const std::string& path, NamespaceLink link) {
    if (const auto known = table_.find(link.kind, link.inode)) return *known;
    if (kernel_.numbers_are_ours()) {
      if (auto fd = open_at(directory, path.c_str(), O_RDONLY)) {
        auto ns = Namespace::from_fd(kernel_, std::move(*fd));
        // The process may have moved on between the two looks.
        if (ns && ns->identity().inode == link.inode) return table_.add(std::move(*ns));
      }
    }
    return table_.add(link.kind, link.inode);
  }

  const Kernel& kernel_;
  KindSet kinds_;
  NamespaceTable& table_;
};

}  // namespace

Result<std::vector<CensusProcess>> read_processes(const Kernel& kernel, KindSet kinds,
                                                  NamespaceTable& table) {
  auto pids = list_pids_at(kernel.proc(), ".");
  if (!pids) return fail("list", kernel.proc_path(), pids.error().code);
  std::vector<CensusProcess> processes;
  processes.reserve(pids->size());
  ProcessReader reader(kernel, kinds, table);
  for (const pid_t pid : *pids) {
    if (const auto process = reader.read(pid)) processes.push_back(*process);
  }
  return processes;
}

}  // namespace nsx
