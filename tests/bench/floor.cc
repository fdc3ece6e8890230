// SPDX-License-Identifier: MIT
// floor [all]: only the system calls that are necessary for the output of nsx-ls, in one thread.
//
// Reads the namespaces, the parent and the owner of each process. With "all" also the namespaces
// for its children, the objects of its descriptors, and whether it has more threads. This is the
// fastest way that the kernel provides without BPF (Linux 6.13 and later): a pidfd is asked for the
// namespaces, and one descriptor for each namespace is kept so that the kernel need not create its
// inode again. Prints how many it saw.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "kernel/abi.hh"

namespace {

using namespace nsx;

constexpr unsigned kKinds[] = {
    abi::kPidfdGetCgroupNamespace, abi::kPidfdGetIpcNamespace, abi::kPidfdGetMntNamespace,
    abi::kPidfdGetNetNamespace,    abi::kPidfdGetPidNamespace, abi::kPidfdGetTimeNamespace,
    abi::kPidfdGetUserNamespace,   abi::kPidfdGetUtsNamespace,
};
constexpr unsigned kForChildren[] = {
    _IO(0xFF, 6),  // pid_for_children
    _IO(0xFF, 8),  // time_for_children
};

struct Counts {
  std::size_t processes = 0;
  std::size_t namespaces = 0;
  std::size_t descriptors = 0;
  std::size_t of_namespaces = 0;
  std::size_t threaded = 0;
};

/// A set of inode numbers: open addressing, never full.
class InodeSet {
 public:
  InodeSet() : places_(1024) {}

  bool insert(ino_t inode) {
    if (used_ * 2 > places_.size()) grow();
    ino_t& place = places_[find(inode)];
    if (place == inode) return false;
    place = inode;
    ++used_;
    return true;
  }

 private:
  std::size_t find(ino_t inode) const {
    std::size_t i = (inode * 0x9E3779B97F4A7C15U) >> 20 & (places_.size() - 1);
    while (places_[i] != 0 && places_[i] != inode)
      i = (i + 1) & (places_.size() - 1);
    return i;
  }

  void grow() {
    std::vector<ino_t> old(places_.size() * 2);
    old.swap(places_);
    for (const ino_t inode : old) {
      if (inode != 0) places_[find(inode)] = inode;
    }
  }

  std::vector<ino_t> places_;
  std::size_t used_ = 0;
};

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "floor: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

/// Calls `each` with every name of a directory except "." and "..".
template <typename Each>
void for_each_name(int directory, const Each& each) {
  alignas(dirent64) static char outer[64 * 1024];
  alignas(dirent64) static char inner[64 * 1024];
  static int depth = 0;
  char* const buffer = depth++ == 0 ? outer : inner;
  for (;;) {
    const long size = ::syscall(SYS_getdents64, directory, buffer, sizeof outer);
    if (size <= 0) break;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      if (entry->d_name[0] != '.') each(entry->d_name);
    }
  }
  --depth;
}

class Look {
 public:
  Look(int proc, bool all) : proc_(proc), all_(all) {}

  void at(pid_t pid) {
    const int pidfd = abi::pidfd_open(pid, 0);
    if (pidfd < 0) return;
    for (const unsigned request : kKinds)
      keep_namespace(pidfd, request);
    if (all_) {
      for (const unsigned request : kForChildren)
        keep_namespace(pidfd, request);
    }
    abi::PidfdInfo found{};
    found.mask = abi::kPidfdInfoPid | abi::kPidfdInfoCreds;
    if (::ioctl(pidfd, abi::kPidfdGetInfo, &found) == 0) ++counts_.processes;
    ::close(pidfd);
    if (all_) {
      look_at_descriptors(pid);
      look_for_threads(pid);
    }
  }

  const Counts& counts() const { return counts_; }

 private:
  void keep_namespace(int pidfd, unsigned request) {
    const int fd = ::ioctl(pidfd, request, 0);
    struct stat st {};
    if (fd < 0 || ::fstat(fd, &st) != 0) return;
    if (seen_.insert(st.st_ino)) {
      ++counts_.namespaces;
    } else {
      ::close(fd);
    }
  }

  void look_at_descriptors(pid_t pid) {
    char path[32];
    std::snprintf(path, sizeof path, "%d/fd", pid);
    const int directory = ::openat(proc_, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    for_each_name(directory, [&](const char* number) {
      char target[64];
      const ssize_t size = ::readlinkat(directory, number, target, sizeof target);
      if (size <= 0) return;
      ++counts_.descriptors;
      // "net:[4026531840]"; others of this form are pipes and sockets.
      target[size < 63 ? size : 63] = '\0';
      if (std::strstr(target, ":[") != nullptr && std::strncmp(target, "pipe", 4) != 0 &&
          std::strncmp(target, "socket", 6) != 0) {
        ++counts_.of_namespaces;
      }
    });
    ::close(directory);
  }

  void look_for_threads(pid_t pid) {
    char path[32];
    std::snprintf(path, sizeof path, "%d/task", pid);
    struct stat st {};
    // Two links are "." and "..", and each thread has one.
    if (::fstatat(proc_, path, &st, 0) == 0 && st.st_nlink > 3) ++counts_.threaded;
  }

  int proc_;
  bool all_;
  InodeSet seen_;
  Counts counts_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool all = argc == 2 && std::strcmp(argv[1], "all") == 0;
  if (argc > 1 && !all) {
    std::fprintf(stderr, "usage: floor [all]\n");
    return 1;
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");

  const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) die("/proc");
  Look look(proc, all);
  for_each_name(proc, [&](const char* name) {
    if (*name >= '1' && *name <= '9') look.at(std::atoi(name));
  });

  const Counts& counts = look.counts();
  if (counts.processes == 0) {
    std::fprintf(stderr, "floor: no process could be asked by its pidfd: Linux 6.13 can\n");
    return 1;
  }
  std::printf("%zu processes %zu namespaces", counts.processes, counts.namespaces);
  if (all) {
    std::printf(" %zu descriptors %zu of namespaces %zu with threads", counts.descriptors,
                counts.of_namespaces, counts.threaded);
  }
  std::printf("\n");
  return 0;
}
