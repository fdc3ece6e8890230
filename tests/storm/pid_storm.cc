// SPDX-License-Identifier: MIT
// pid-storm ROUNDS RIGHT WRONG COMMAND...: PIDs are reused as fast as the kernel can, while
// COMMAND, which ends with "-t", enters processes by PID.
//
// Runs as the first process of a PID namespace, in a UTS namespace whose host name is "wrong" and
// with /proc mounted. Each round makes a process with the host name "right", the working directory
// RIGHT and WHO=right in its environment, lets it live for a moment, and passes its PID to COMMAND
// meanwhile; all others have "wrong" there. Prints how many runs entered the right process, how
// many another one, and how many failed. A process with one part right and another wrong, or a
// wrong one by PID:INODE, ends it with status 1.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr unsigned long kPidfdFileSystem = 0x50494446;  // Linux 6.9

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(2);
}

/// Forks and reaps, until it is killed. If permitted, it reuses the numbers each time.
[[noreturn]] void storm() {
  ::signal(SIGCHLD, SIG_IGN);  // nobody waits: a number is free as soon as its process has ended
  const int last = ::open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
  for (unsigned i = 0;; ++i) {
    if (i % 64 == 0 && last >= 0) {
      [[maybe_unused]] const ssize_t written = ::pwrite(last, "300", 3, 0);
    }
    const pid_t child = ::fork();
    if (child == 0) {
      if (i % 8 == 0) ::usleep(1000);
      ::_exit(0);
    }
    if (child < 0) ::usleep(100);
  }
}

pid_t start_storm() {
  const pid_t child = ::fork();
  if (child < 0) die("fork");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    storm();
  }
  return child;
}

/// A process that is right in every observable respect, for a while.
pid_t start_right(const char* directory, useconds_t life) {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) die("pipe2");
  pid_t child = ::fork();
  while (child < 0 && errno == EAGAIN) {
    ::usleep(100);
    child = ::fork();
  }
  if (child < 0) die("fork");
  if (child == 0) {
    if (::unshare(CLONE_NEWUTS) != 0 || ::sethostname("right", 5) != 0) die("a UTS namespace");
    if (::chdir(directory) != 0) die("chdir");
    std::memcpy(std::getenv("WHO"), "right", 5);
    [[maybe_unused]] const ssize_t written = ::write(ready[1], "", 1);
    ::usleep(life);
    ::_exit(0);
  }
  ::close(ready[1]);
  char byte;
  if (::read(ready[0], &byte, 1) != 1) die("the right process");
  ::close(ready[0]);
  return child;
}

/// ":INODE" of the pidfd of a process; empty if there is none.
std::string inode_suffix(pid_t pid) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return {};
  struct statfs fs {};
  struct stat st {};
  const bool has_inode = ::fstatfs(fd, &fs) == 0 &&
                         static_cast<unsigned long>(fs.f_type) == kPidfdFileSystem &&
                         ::fstat(fd, &st) == 0;
  ::close(fd);
  return has_inode ? ':' + std::to_string(st.st_ino) : std::string();
}

/// The output of a command.
std::string output_of(const std::vector<std::string>& words) {
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) die("pipe2");
  pid_t child = ::fork();
  while (child < 0 && errno == EAGAIN) {
    ::usleep(100);
    child = ::fork();
  }
  if (child == 0) {
    ::signal(SIGCHLD, SIG_DFL);
    ::dup2(out[1], 1);
    ::dup2(out[1], 2);
    std::vector<char*> argv;
    for (const std::string& word : words)
      argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    die(argv[0]);
  }
  ::close(out[1]);
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::read(out[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(out[0]);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || std::getenv("WHO") == nullptr) return 2;
  const int rounds = std::atoi(argv[1]);
  const std::string all_right = std::string("right right ") + argv[2] + '\n';
  const std::string all_wrong = std::string("wrong wrong ") + argv[3] + '\n';
  const std::vector<std::string> command(argv + 4, argv + argc);

  ::signal(SIGCHLD, SIG_IGN);
  const pid_t storms[] = {start_storm(), start_storm()};
  int right = 0;
  int other = 0;
  int failed = 0;
  int status = 0;
  for (int round = 0; round < rounds && status == 0; ++round) {
    // Lives shorter and longer than the command takes, in a slow build as well: 0.2 to 102 ms.
    const pid_t pid = start_right(argv[2], useconds_t{200} << (round / 2 % 10));
    const std::string inode = round % 2 == 0 ? inode_suffix(pid) : std::string();
    std::vector<std::string> words = command;
    words.push_back(std::to_string(pid) + inode);
    for (const char* word :
         {"-u", "-w", "-e", "--", "/bin/sh", "-c",
          "read -r name </proc/sys/kernel/hostname; echo $name $WHO $(pwd -P)"}) {
      words.emplace_back(word);
    }
    const std::string text = output_of(words);
    if (text == all_right) {
      ++right;
    } else if (text.starts_with("nsx-enter: cannot ")) {
      ++failed;
    } else if (text == all_wrong && inode.empty()) {
      ++other;  // the number was another's before it was looked up
    } else {
      std::printf("round %d, %s: %s", round, words[command.size()].c_str(), text.c_str());
      status = 1;
    }
  }
  for (const pid_t each : storms)
    ::kill(each, SIGKILL);
  std::printf("right %d other %d failed %d\n", right, other, failed);
  return status;
}
