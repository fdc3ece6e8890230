// SPDX-License-Identifier: MIT
// A process whose data is as long as possible for its readers: attack-big WHAT, one of
//   memory       1 GiB of command line and environment, claimed by PR_SET_MM_MAP
//   mounts       200 mounts of its net namespace, each at a path of 1 MiB (200 MiB of mountinfo)
//   descriptors  100,000 descriptors, and one of a net namespace that only it holds, the last
// Prints "ready" and waits to be killed. No capability is needed; mounts and descriptors need a
// user namespace (unshare -Urm), and descriptors a hard limit that allows them (prlimit --nofile).
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int is_good, const char* what) {
  if (is_good) return;
  fprintf(stderr, "attack-big: %s: %s\n", what, strerror(errno));
  exit(1);
}

// The addresses in /proc/self/stat, which PR_SET_MM_MAP wants back.
static struct prctl_mm_map current_map(void) {
  char text[4096];
  FILE* file = fopen("/proc/self/stat", "r");
  check(file != NULL && fgets(text, sizeof text, file) != NULL, "read /proc/self/stat");
  fclose(file);
  unsigned long fields[53] = {0};
  char* at = strrchr(text, ')') + 4;  // at field 4
  for (int i = 4; i < 53; ++i)
    fields[i] = strtoul(at, &at, 10);
  struct prctl_mm_map map = {0};
  map.start_code = fields[26];
  map.end_code = fields[27];
  map.start_stack = fields[28];
  map.start_data = fields[45];
  map.end_data = fields[46];
  map.start_brk = fields[47];
  map.brk = (unsigned long)sbrk(0);
  map.exe_fd = (unsigned)-1;
  return map;
}

static void claim_memory(void) {
  const size_t size = 1UL << 30;
  char* memory =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  check(memory != MAP_FAILED, "mmap");
  memset(memory, 'x', 1 << 20);  // the rest reads as NULs
  memcpy(memory, "A=", 2);       // as an environment, one variable
  struct prctl_mm_map map = current_map();
  map.arg_start = map.env_start = (unsigned long)memory;
  map.arg_end = map.env_end = (unsigned long)memory + size;
  check(prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) == 0, "PR_SET_MM_MAP");
}

static void make_mounts(const char* directory) {
  char name[256];
  memset(name, 'd', 255);
  name[255] = 0;
  check(mount("none", directory, "tmpfs", 0, NULL) == 0, "mount a tmpfs");
  check(chdir(directory) == 0, "chdir");
  for (int i = 0; i < 4096; ++i)
    check(mkdir(name, 0755) == 0 && chdir(name) == 0, "make a directory");
  for (int i = 0; i < 200; ++i) {
    char file[16];
    snprintf(file, sizeof file, "%d", i);
    const int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    check(fd >= 0, "make a file");
    close(fd);
    check(mount("/proc/self/ns/net", file, NULL, MS_BIND, NULL) == 0, "bind a namespace");
  }
}

static void open_descriptors(void) {
  const int most = 131150;
  struct rlimit limit;
  check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "read RLIMIT_NOFILE");
  limit.rlim_cur = limit.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "set RLIMIT_NOFILE");
  check(unshare(CLONE_NEWNET) == 0, "make a net namespace");
  const int held = open("/proc/self/ns/net", O_RDONLY);
  check(held >= 0 && unshare(CLONE_NEWNET) == 0, "leave it");
  const int before = open("/proc/self/ns/net", O_RDONLY);
  check(before >= 0, "open the new one");
  for (int fd = before + 1; fd < most; ++fd)
    check(dup2(before, fd) == fd, "dup2");
  check(dup2(held, most) == most, "dup2");
  close(held);
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "memory") == 0) {
    claim_memory();
  } else if (strcmp(what, "mounts") == 0 && argc > 2) {
    make_mounts(argv[2]);
  } else if (strcmp(what, "descriptors") == 0) {
    open_descriptors();
  } else {
    fprintf(stderr, "usage: attack-big memory | mounts DIR | descriptors\n");
    return 1;
  }
  puts("ready");
  fflush(stdout);
  for (;;)
    pause();
}
