// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <future>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>

#include <nsx/process.hh>

#include "fake_proc.hh"
#include "kernel/files.hh"
#include "support.hh"

namespace nsx {
namespace {

TEST(ParseProcessStat, ReadsRecordedTexts) {
  const struct {
    const char* file;
    pid_t pid;
    const char* command;
    char state;
    pid_t parent;
  } cases[] = {
      {"stat.bash", 4021, "bash", 'S', 4018},
      {"stat.hostile-zombie", 777, "a) R 1 (b\n", 'Z', 12},
  };
  for (const auto& c : cases) {
    const std::string text = test_data(c.file);
    const auto stat = parse_process_stat(text);
    ASSERT_TRUE(stat) << c.file;
    EXPECT_EQ(stat->pid, c.pid);
    EXPECT_EQ(stat->command, c.command);
    EXPECT_EQ(stat->state, c.state);
    EXPECT_EQ(stat->parent, c.parent);
  }
}

TEST(ParseProcessStat, TakesAnyName) {
  for (const std::string_view name : {"", " ", "(", ")", ") ", "a) R 1 (", " (x", "\n"}) {
    const std::string text = "7 (" + std::string(name) + ") S 3 0";
    const auto stat = parse_process_stat(text);
    ASSERT_TRUE(stat) << text;
    EXPECT_EQ(stat->command, name);
    EXPECT_EQ(stat->parent, 3);
  }
}

TEST(ParseProcessStat, RefusesWhatMakesNoSense) {
  for (const char* text : {"", "7", "7 (a", "7 (a)", "7 (a) ", "7 (a) S", "7 (a) S x 1",
                           "x (a) S 1 1", "7 a) S 1 1", "7 (a) SS 1 1", "7 () ", ") 7 (a"}) {
    EXPECT_FALSE(parse_process_stat(text)) << text;
  }
}

TEST(Process, IsHeldByItsNumber) {
  for (const Kernel& kernel : kernels()) {
    const auto self = must(Process::open(kernel, ::getpid()));
    EXPECT_EQ(self.pid(), ::getpid());
    EXPECT_EQ(parse_process_stat(must(self.read("stat")))->pid, ::getpid());
  }
}

TEST(Process, HasNamespacesOfEveryKind) {
  for (const Kernel& kernel : kernels()) {
    const auto self = must(Process::open(kernel, ::getpid()));
    for (const Kind kind : KindSet::all()) {
      const std::string link = std::string("/proc/self/ns/") + name(kind);
      if (::access(link.c_str(), F_OK) != 0) continue;  // not on this kernel
      const auto ns = must(self.open_namespace(kernel, kind));
      EXPECT_EQ(ns.kind(), kind);
      EXPECT_EQ(ns.identity().inode, inode_of(link));
    }
  }
}

TEST(Process, HasDirectories) {
  const auto self = must(Process::open(newest_kernel(), ::getpid()));
  const auto same = [](const OwnedFd& fd, const char* path) {
    struct stat a {};
    struct stat b {};
    return ::fstat(fd.get(), &a) == 0 && ::stat(path, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
  };
  EXPECT_TRUE(same(must(self.open_root()), "/"));
  EXPECT_TRUE(same(must(self.open_working_directory()), "."));
}

TEST(Process, CanBeAThreadThatDoesNotLead) {
  for (const Kernel& kernel : kernels()) {
    std::promise<pid_t> started;
    std::promise<void> done;
    std::thread thread([&] {
      started.set_value(::gettid());
      done.get_future().wait();
    });
    auto net = [&]() -> Result<Namespace> {
      const auto process = Process::open(kernel, started.get_future().get());
      if (!process) return tl::unexpected(process.error());
      return process->open_namespace(kernel, Kind::net);
    }();
    done.set_value();
    thread.join();
    EXPECT_EQ(must(std::move(net)).identity().inode, inode_of("/proc/self/ns/net"));
  }
}

TEST(Process, MustExist) {
  for (const Kernel& kernel : kernels()) {
    EXPECT_EQ(failure(Process::open(kernel, kNobody)),
              "cannot find PID " + std::to_string(kNobody) + ": No such process");
    EXPECT_EQ(failure(Process::open(kernel, 0)), "invalid PID '0': expected a number above 0");
    EXPECT_FALSE(Process::open(kernel, -1));
  }
}

TEST(Process, IsNeverTakenForAnother) {
  for (const Kernel& kernel : kernels()) {
    std::optional<Process> process;
    {
      const Sleeper child;
      process = must(Process::open(kernel, child.pid()));
    }
    EXPECT_EQ(failure_code(process->open_namespace(kernel, Kind::net)), ESRCH);
    EXPECT_EQ(failure_code(process->open_root()), ESRCH);
    EXPECT_EQ(failure_code(process->open_working_directory()), ESRCH);
    EXPECT_EQ(failure_code(process->read("uid_map")), ESRCH);
  }
}

TEST(Process, CanBeAZombie) {
  for (const Kernel& kernel : kernels()) {
    Child child([] { return 0; });
    child.wait_for_zombie();
    const auto zombie = must(Process::open(kernel, child.pid()));
    EXPECT_EQ(parse_process_stat(must(zombie.read("stat")))->state, 'Z');
    EXPECT_EQ(failure_code(zombie.open_namespace(kernel, Kind::net)), ESRCH);
  }
}

TEST(ReadCommandLine, PutsBlanksBetweenTheArguments) {
  using namespace std::string_view_literals;
  const struct {
    std::string_view cmdline, comm, shown;
  } cases[] = {
      {"sleep\0"
       "300\0"sv,
       "sleep\n", "sleep 300"},
      {"sleep"sv, "sleep\n", "sleep"},
      {"a\0\0b\0"sv, "a\n", "a  b"},
      {"nginx: master process\0\0\0\0"sv, "nginx\n", "nginx: master process"},
      {"sh\0-c\0a b\n"sv, "sh\n", "sh -c a b\n"},
      {""sv, "kworker/0:1\n", "kworker/0:1"},  // a kernel thread
      {"\0\0"sv, "odd\n", "odd"},
      {""sv, "two\nlines\n", "two\nlines"},
  };
  for (const auto& c : cases) {
    FakeProc proc;
    proc.write(42, "cmdline", c.cmdline);
    proc.write(42, "comm", c.comm);
    EXPECT_EQ(read_command_line(proc.kernel(), 42), c.shown);
  }
}

TEST(ReadCommandLine, IsCutAfterItsLimit) {
  const std::string ellipsis = "\u2026";
  const struct {
    std::string cmdline, shown;
  } cases[] = {
      {std::string(kMaxCommandLine, 'x'), std::string(kMaxCommandLine, 'x')},
      {std::string(kMaxCommandLine + 1, 'x'), std::string(kMaxCommandLine, 'x') + ellipsis},
      // No partial character stays.
      {std::string(kMaxCommandLine - 1, 'x') + "\u00e9",
       std::string(kMaxCommandLine - 1, 'x') + ellipsis},
      // The unread part may be more than NULs.
      {std::string(kMaxCommandLine + 1, '\0'), "sleep" + ellipsis},
  };
  for (const auto& c : cases) {
    FakeProc proc;
    proc.write(42, "cmdline", c.cmdline);
    proc.write(42, "comm", "sleep\n");
    EXPECT_EQ(read_command_line(proc.kernel(), 42), c.shown);
  }
}

TEST(Process, ReadsNoFileWithoutALimit) {
  FakeProc proc;
  proc.write(42, "uid_map", std::string(kMaxProcessFile + 1, '0'));
  const Process process = must(Process::open(proc.kernel(), 42));
  EXPECT_EQ(failure(process.read("uid_map")),
            "cannot read uid_map of PID 42: File too large\nhint: at most 1 MiB of it is read");
}

TEST(ReadCommandLine, IsEmptyWithoutAProcess) {
  EXPECT_EQ(read_command_line(newest_kernel(), kNobody), "");
}

TEST(Process, TellsItsEnvironment) {
  Child target([] {
    const char* const argv[] = {"sh", "-c", "echo there; kill -STOP $$", nullptr};
    const char* const envp[] = {"A=B=C", "EMPTY=", "=odd", "none", "TWO=a\nb", nullptr};
    ::execve("/bin/sh", const_cast<char* const*>(argv), const_cast<char* const*>(envp));
    return 1;
  });
  ASSERT_EQ(target.read_line(), "there");
  const auto process = must(Process::open(newest_kernel(), target.pid()));
  EXPECT_EQ(must(process.read_environment()),
            (std::vector<std::string>{"A=B=C", "EMPTY=", "TWO=a\nb"}));
}

TEST(Process, HasNoEnvironmentOnceItHasEnded) {
  Child target([] { return 0; });
  target.wait_for_zombie();
  const auto process = must(Process::open(newest_kernel(), target.pid()));
  const std::string subject = "PID " + std::to_string(target.pid());
  // A zombie has no memory whose owner could be asked: only root may open the file.
  if (::geteuid() == 0) {
    EXPECT_EQ(failure(process.read_environment()),
              "cannot read the environment of " + subject + ": No such process");
  }
  target.wait();
  EXPECT_EQ(failure_code(process.read_environment()), ESRCH);
  EXPECT_EQ(failure_code(process.read_ids()), ESRCH);
}

TEST(Process, TellsItsEffectiveIds) {
  const auto ids = must(must(Process::open(newest_kernel(), ::getpid())).read_ids());
  EXPECT_EQ(ids.uid, ::geteuid());
  EXPECT_EQ(ids.gid, ::getegid());
}

TEST(Process, OpensTheNamespaceOfASocket) {
  NSX_NEEDS_USER_NAMESPACES();
  Child child([] {
    if (!become_root_in_new_namespaces(CLONE_NEWNET)) return 1;
    const OwnedFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const OwnedFd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const ino_t own = inode_of("/proc/self/ns/net");
    if (::unshare(CLONE_NEWNET) != 0) return 2;
    const Kernel kernel = newest_kernel();
    const auto process = must(Process::open(kernel, ::getpid()));
    if (must(process.open_socket_namespace(kernel, socket.get())).identity().inode != own) return 3;
    if (failure_code(process.open_socket_namespace(kernel, 999)) != EBADF) return 4;
    return failure(process.open_socket_namespace(kernel, other.get()))
                   .ends_with(": it is not a socket")
               ? 0
               : 5;
  });
  EXPECT_EQ(WEXITSTATUS(child.wait()), 0);
}

TEST(IsAlive, ZombiesAndTheDeadAreNot) {
  EXPECT_TRUE(is_alive("7 (a) S 1 7 7"));
  EXPECT_TRUE(is_alive("7 (Z) ) R 1 7 7"));
  EXPECT_FALSE(is_alive("7 (a) Z 1 7 7"));
  EXPECT_FALSE(is_alive("7 (a) X 1 7 7"));
  EXPECT_FALSE(is_alive(""));
}

}  // namespace
}  // namespace nsx
