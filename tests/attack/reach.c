// SPDX-License-Identifier: MIT
// Finds out which rights and files of a program that has entered a container a process of the container
// reaches through /proc and ptrace(2). It plays each part:
//   attack-reach target ROOT            a container with ROOT for its root; rootless unless run by root
//   attack-reach program                the entered program: prints whose files it has, and waits
//   attack-reach peer UID WORD SECRET   a process of the container with this UID, "with" or "without"
//                                       CAP_SYS_PTRACE; SECRET is a path on the host
// A peer prints "program" if it reaches the program's memory, environment or descriptors, "host files" if it
// reads SECRET through it, "nothing" otherwise.
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_file(const char* path, const char* text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) err(2, "%s", path);
  close(fd);
}

// The capabilities of a process in docker's containers.
static const int kUsual[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,     CAP_FSETID,
                             CAP_KILL,   CAP_SETGID,       CAP_SETUID,     CAP_SETPCAP,
                             CAP_MKNOD,  CAP_NET_RAW,      CAP_SYS_CHROOT, CAP_NET_BIND_SERVICE,
                             CAP_SETFCAP, CAP_AUDIT_WRITE};

static void become(uid_t uid, int traces) {
  uint64_t set = traces ? UINT64_C(1) << CAP_SYS_PTRACE : 0;
  for (size_t i = 0; i < sizeof kUsual / sizeof *kUsual; i++) set |= UINT64_C(1) << kUsual[i];
  if (uid != 0) {
    if (setgroups(0, NULL) != 0 || setgid(uid) != 0 || setuid(uid) != 0) err(2, "become %u", uid);
    set = 0;
  }
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{set, set, 0}, {set >> 32, set >> 32, 0}};
  if (syscall(SYS_capset, &header, data) != 0) err(2, "capset");
  // New ids have made this process undumpable; it would not find itself in /proc.
  prctl(PR_SET_DUMPABLE, 1);
}

static int target(const char* root) {
  char map[64];
  int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC;
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (uid != 0) flags |= CLONE_NEWUSER;
  if (unshare(flags) != 0) err(2, "unshare");
  if (uid != 0) {
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
  }
  pid_t child = fork();
  if (child < 0) err(2, "fork");
  if (child != 0) {
    waitpid(child, NULL, 0);
    return 0;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) err(2, "private");
  if (mount(root, root, NULL, MS_BIND | MS_REC, NULL) != 0) err(2, "bind");
  if (chdir(root) != 0) err(2, "chdir");
  // In a user namespace a new proc has to be mounted while the old one is visible.
  if (mount("proc", "proc", "proc", 0, NULL) != 0) err(2, "proc");
  if (syscall(SYS_pivot_root, ".", ".") != 0) err(2, "pivot_root");
  if (umount2(".", MNT_DETACH) != 0) err(2, "umount");
  if (chdir("/") != 0) err(2, "chdir");
  become(0, 0);
  prctl(PR_SET_NAME, "contained");
  for (;;) pause();
}

static _Noreturn void program(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  puts(access("/inside", F_OK) == 0 ? "target's" : "yours");
  fflush(stdout);
  for (;;) pause();
}

static int can_read(const char* pid, const char* file, const char* text) {
  char path[4096], got[65536];
  snprintf(path, sizeof path, "/proc/%s/%s", pid, file);
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t n = read(fd, got, sizeof got);
  close(fd);
  return n > 0 && (text == NULL || memmem(got, (size_t)n, text, strlen(text)) != NULL);
}

static int can_trace(const char* pid) {
  pid_t number = atoi(pid);
  if (ptrace(PTRACE_SEIZE, number, NULL, NULL) != 0) return 0;
  ptrace(PTRACE_INTERRUPT, number, NULL, NULL);
  waitpid(number, NULL, __WALL);
  ptrace(PTRACE_DETACH, number, NULL, NULL);
  return 1;
}

static int is_the_program(const char* pid) {
  char path[300], got[4096] = "";
  snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t n = read(fd, got, sizeof got - 1);
  close(fd);
  const char* last = "\0program";
  return n > 8 && memcmp(got + n - 9, last, 9) == 0 && strstr(got, "attack-reach") != NULL;
}

static int peer(uid_t uid, int traces, const char* secret) {
  char root[4200], cwd[4200];
  int reaches_program = 0, reaches_files = 0;
  snprintf(root, sizeof root, "root/%s", secret);
  snprintf(cwd, sizeof cwd, "cwd/%s", secret);
  become(uid, traces);
  DIR* proc = opendir("/proc");
  if (proc == NULL) err(2, "/proc");
  for (struct dirent* entry; (entry = readdir(proc)) != NULL;) {
    const char* pid = entry->d_name;
    if (pid[0] < '0' || pid[0] > '9' || !is_the_program(pid)) continue;
    reaches_program |= can_read(pid, "environ", NULL) | can_read(pid, "fd/0", NULL) |
                       can_read(pid, "exe", NULL) | can_read(pid, "auxv", NULL) | can_trace(pid);
    // The working directory is / of the host or of the container.
    reaches_files |= can_read(pid, root, "secret") | can_read(pid, cwd, "secret");
  }
  closedir(proc);
  printf("%s%s%s\n", reaches_program ? "program" : "", reaches_program && reaches_files ? ", " : "",
         reaches_files ? "host files" : reaches_program ? "" : "nothing");
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "target") == 0) return target(argv[2]);
  if (argc == 2 && strcmp(argv[1], "program") == 0) program();
  if (argc == 5 && strcmp(argv[1], "peer") == 0) {
    return peer((uid_t)atoi(argv[2]), strcmp(argv[3], "with") == 0, argv[4]);
  }
  errx(2, "see the head of reach.c");
}
