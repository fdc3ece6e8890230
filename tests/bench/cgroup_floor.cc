// SPDX-License-Identifier: MIT
// The minimal system calls for a list of cgroups: opens and lists each directory, and reads the
// files of nsx-cg ls's default columns. Usage: cgroup_floor DIRECTORY

#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <initializer_list>
#include <sys/stat.h>
#include <unistd.h>

namespace {

char buffer[4096];
unsigned long count = 0;

void read_file(int directory, const char* name) {
  const int fd = ::openat(directory, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  while (::read(fd, buffer, sizeof buffer) > 0) {
  }
  ::close(fd);
}

void visit(int directory) {
  ++count;
  for (const char* file :
       {"cgroup.procs", "memory.current", "memory.max", "pids.current", "pids.max"}) {
    read_file(directory, file);
  }
  struct stat status {};
  if (::fstat(directory, &status) == 0 && status.st_nlink == 2) {
    ::close(directory);
    return;
  }
  DIR* list = ::fdopendir(directory);
  if (list == nullptr) return;
  while (const dirent* entry = ::readdir(list)) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    const int below = ::openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (below >= 0) visit(below);
  }
  ::closedir(list);
}

}  // namespace

int main(int argc, char** argv) {
  const int top = ::open(argc > 1 ? argv[1] : "/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (top < 0) return 1;
  visit(top);
  std::printf("%lu\n", count);
  return 0;
}
