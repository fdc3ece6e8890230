// SPDX-License-Identifier: MIT
// A FUSE file system that stops answering: attack-fuse DEVICE DIR paths|memory. DEVICE is
// /dev/fuse. Without libfuse, so that it runs anywhere. Mounts itself on DIR.
//   paths   Binds a new net namespace, which nothing else holds, to the file "ns" in it, works in
//           the directory "dir", and then takes every request and answers none.
//   memory  Maps the file "page", whose content never arrives, so that the lock of its own memory is
//           taken for good: a second reader of the page has it, and a thread waits to change the
//           map.
// Prints "ready INODE", the number of that namespace, and waits to be killed. With the server, its
// child, the connection ends, and waiting processes get an error.
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int is_good, const char* what) {
  if (is_good) return;
  fprintf(stderr, "attack-fuse: %s: %s\n", what, strerror(errno));
  exit(1);
}

// --- The server ----------------------------------------------------------------------------------

static volatile sig_atomic_t hangs;

static void hang(int signal) {
  (void)signal;
  hangs = 1;
}

static void answer(int fuse, uint64_t unique, int error, const void* data, size_t size) {
  char reply[4096];
  struct fuse_out_header header = {.len = sizeof header + size, .error = error, .unique = unique};
  memcpy(reply, &header, sizeof header);
  if (size > 0) memcpy(reply + sizeof header, data, size);
  // ENOENT: the request was interrupted.
  if (write(fuse, reply, sizeof header + size) < 0 && errno != ENOENT) exit(1);
}

enum { kFile = 2, kDirectory = 3, kPage = 4 };

static struct fuse_attr attributes(uint64_t node) {
  struct fuse_attr attr = {
      .ino = node, .nlink = 1, .uid = getuid(), .gid = getgid(), .blksize = 4096};
  attr.mode = node == kFile || node == kPage ? S_IFREG | 0644 : S_IFDIR | 0755;
  attr.size = 4096;
  return attr;
}

static void serve_one(int fuse, int started, const char* request) {
  struct fuse_in_header in;
  memcpy(&in, request, sizeof in);
  const char* argument = request + sizeof in;
  if (in.opcode == FUSE_FORGET || in.opcode == FUSE_BATCH_FORGET) return;
  if (in.opcode == FUSE_INIT) {
    struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION};
    out.max_write = 4096;
    answer(fuse, in.unique, 0, &out, sizeof out);
  } else if (in.opcode == FUSE_GETATTR) {
    struct fuse_attr_out out = {.attr = attributes(in.nodeid)};
    answer(fuse, in.unique, 0, &out, sizeof out);
  } else if (in.opcode == FUSE_LOOKUP) {
    const uint64_t node = strcmp(argument, "ns") == 0     ? kFile
                          : strcmp(argument, "dir") == 0  ? kDirectory
                          : strcmp(argument, "page") == 0 ? kPage
                                                          : 0;
    // Nothing may be cached: every lookup asks again.
    struct fuse_entry_out out = {.nodeid = node, .attr = attributes(node)};
    answer(fuse, in.unique, node != 0 ? 0 : -ENOENT, &out, node != 0 ? sizeof out : 0);
  } else if (in.opcode == FUSE_STATFS) {
    struct fuse_statfs_out out = {.st = {.bsize = 4096, .namelen = 255}};
    answer(fuse, in.unique, 0, &out, sizeof out);
  } else if (in.opcode == FUSE_OPEN) {
    const struct fuse_open_out out = {0};
    answer(fuse, in.unique, 0, &out, sizeof out);
  } else if (in.opcode == FUSE_READ) {
    // The kernel waits for the first answer without the lock. The retry holds it.
    static int reads;
    if (reads++ == 0) {
      answer(fuse, in.unique, -EIO, NULL, 0);
    } else {
      check(write(started, "h", 1) == 1, "tell");
    }
  } else {
    answer(fuse, in.unique, -ENOSYS, NULL, 0);
  }
}

static void serve(int fuse, int started) {
  static char request[FUSE_MIN_READ_BUFFER + 4096];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct sigaction action = {.sa_handler = hang};  // without SA_RESTART: read(2) returns
  check(sigaction(SIGUSR1, &action, NULL) == 0, "set a handler");
  int was_told = 0;
  for (;;) {
    if (hangs && !was_told) {
      was_told = 1;
      check(write(started, "h", 1) == 1, "tell");
    }
    const ssize_t size = read(fuse, request, sizeof request);
    if (size < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT)) continue;
    if (size < (ssize_t)sizeof(struct fuse_in_header)) exit(0);
    if (!hangs) serve_one(fuse, started, request);
  }
}

// --- The lock of the memory ----------------------------------------------------------------------

static volatile char* page;
static int from_server, from_second;

static void* touch(void* unused) {
  (void)*page;
  return unused;
}

static void* change_map(void* unused) {
  char told;
  check(read(from_server, &told, 1) == 1, "wait for the server");
  check(write(from_second, "m", 1) == 1, "tell");
  mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return unused;
}

static void lock_memory(const char* directory, int server) {
  char file[4096], told;
  snprintf(file, sizeof file, "%s/page", directory);
  const int fd = open(file, O_RDONLY | O_CLOEXEC);
  check(fd >= 0, "open the page");
  page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
  check(page != MAP_FAILED, "map the page");
  int ends[2];
  check(pipe2(ends, O_CLOEXEC) == 0, "make a pipe");
  from_server = server;
  from_second = ends[1];
  pthread_t thread;
  check(pthread_create(&thread, NULL, change_map, NULL) == 0, "start a thread");
  check(pthread_create(&thread, NULL, touch, NULL) == 0, "start a thread");
  check(read(ends[0], &told, 1) == 1, "wait for the second thread");
  usleep(200 * 1000);  // until it is in mmap(2)
}

// --- The rest ------------------------------------------------------------------------------------

static unsigned long bind_namespace(const char* directory) {
  // Made by a child, as a process cannot leave a namespace for one of an ancestor user namespace.
  int ends[2];
  char file[4096], from[64], told;
  check(pipe2(ends, O_CLOEXEC) == 0, "make a pipe");
  const pid_t child = fork();
  check(child >= 0, "fork");
  if (child == 0) {
    check(unshare(CLONE_NEWNET) == 0, "make a net namespace");
    check(write(ends[1], "n", 1) == 1, "tell");
    for (;;)
      pause();
  }
  close(ends[1]);
  check(read(ends[0], &told, 1) == 1, "wait for the child");
  snprintf(from, sizeof from, "/proc/%d/ns/net", child);
  snprintf(file, sizeof file, "%s/ns", directory);
  struct stat ns;
  check(stat(from, &ns) == 0, "look at it");
  check(mount(from, file, NULL, MS_BIND, NULL) == 0, "bind it");
  check(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child, "end the child");
  // Inherited descriptors lead there, too.
  snprintf(file, sizeof file, "%s/dir", directory);
  check(open(file, O_PATH) >= 0, "open the directory");
  check(chdir(file) == 0, "chdir");
  return ns.st_ino;
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: attack-fuse DEVICE DIR paths|memory\n");
    return 1;
  }
  const char* directory = argv[2];
  const int fuse = open(argv[1], O_RDWR | O_CLOEXEC);
  check(fuse >= 0, "open the device");
  char text[128];
  // For root, others may look, too. For an ordinary user in a user namespace, that would exclude the
  // user's own processes outside.
  snprintf(text, sizeof text, "fd=%d,rootmode=40000,user_id=%d,group_id=%d%s", fuse, getuid(),
           getgid(), getuid() == 0 ? ",allow_other" : "");
  check(mount("attack", directory, "fuse", MS_NOSUID | MS_NODEV, text) == 0, "mount");

  int ends[2];
  check(pipe2(ends, O_CLOEXEC) == 0, "make a pipe");
  const pid_t server = fork();
  check(server >= 0, "fork");
  if (server == 0) serve(fuse, ends[1]);
  close(fuse);

  unsigned long inode = 0;
  if (strcmp(argv[3], "memory") == 0) {
    lock_memory(directory, ends[0]);
  } else {
    char told;
    inode = bind_namespace(directory);
    check(kill(server, SIGUSR1) == 0 && read(ends[0], &told, 1) == 1, "stop the server");
  }
  // With the lock taken, nothing may allocate.
  const int size = snprintf(text, sizeof text, "ready %lu\n", inode);
  check(write(STDOUT_FILENO, text, size) == size, "tell");
  for (;;)
    pause();
}
