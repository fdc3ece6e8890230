// SPDX-License-Identifier: MIT
#include "support.hh"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sched.h>
#include <sstream>
#include <sys/stat.h>

namespace nsx {

std::string test_data(const std::string& name) {
  std::ifstream file(std::string(NSX_TEST_DATA) + '/' + name);
  if (!file) throw std::runtime_error("no test data " + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Kernel newest_kernel() {
  return must(Kernel::open());
}

Kernel oldest_kernel() {
  KernelOptions options;
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    options.disabled.insert(static_cast<Feature>(i));
  }
  return must(Kernel::open(options));
}

std::vector<Kernel> kernels() {
  std::vector<Kernel> all;
  all.push_back(newest_kernel());
  all.push_back(oldest_kernel());
  KernelOptions options;
  options.forced.insert(Feature::bpf_iterator);
  all.push_back(must(Kernel::open(options)));
  return all;
}

TemporaryDirectory::TemporaryDirectory()
    : path_((std::filesystem::temp_directory_path() / "nsx-unit-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no directory " + path_);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

Child::Child(const std::function<int()>& body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  output_ = OwnedFd(ends[0]);
  const OwnedFd write_end(ends[1]);
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no fork");
  if (pid_ == 0) {
    ::dup2(write_end.get(), STDOUT_FILENO);
    int status = 99;
    try {
      status = body();
    } catch (const std::exception& failed) {
      std::printf("%s\n", failed.what());
    }
    std::fflush(nullptr);
    ::_exit(status);
  }
}

Child::~Child() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string Child::read_line() {
  std::string line;
  for (;;) {
    pollfd readable{output_.get(), POLLIN, 0};
    if (::poll(&readable, 1, 10'000) <= 0) {
      ADD_FAILURE() << "nothing came for ten seconds after: " << line;
      return line;
    }
    char c = 0;
    if (::read(output_.get(), &c, 1) != 1 || c == '\n') return line;
    line += c;
  }
}

std::string Child::read_all() {
  std::string text;
  for (std::string line = read_line(); !line.empty(); line = read_line())
    text += line + '\n';
  return text;
}

int Child::wait(int flags) {
  int status = 0;
  if (::waitpid(pid_, &status, flags) != pid_) throw std::runtime_error("no child to wait for");
  if (WIFEXITED(status) || WIFSIGNALED(status)) pid_ = -1;
  return status;
}

void Child::wait_for_zombie() const {
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT);
}

int carry_out_and_tell(const std::vector<Step>& steps) {
  Plan plan;
  plan.steps = steps;
  const auto outcome = carry_out(newest_kernel(), plan);
  if (!outcome) {
    const Error& error = outcome.error().error;
    std::printf("step %zu: %s\n", outcome.error().step, error.message().c_str());
    if (!error.hint().empty()) std::printf("hint: %s\n", error.hint().c_str());
    return 98;
  }
  if (outcome->signal != 0) {
    std::printf("signal %d\n", outcome->signal);
  } else {
    std::printf("exit %d\n", outcome->exit_status);
  }
  std::fflush(stdout);  // the caller may be about to exec
  return 0;
}

std::string carried_out(const std::vector<Step>& steps) {
  Child child([&] { return carry_out_and_tell(steps); });
  std::string text = child.read_all();
  const int status = child.wait();
  text += WIFEXITED(status) ? "ended with " + std::to_string(WEXITSTATUS(status))
                            : "died of " + std::to_string(WTERMSIG(status));
  return text;
}

step::Execute shell(const std::string& script) {
  return {"/bin/sh", {"sh", "-c", script}};
}

bool become_root_in_new_namespaces(int flags) {
  const std::string uid = std::to_string(::geteuid());
  const std::string gid = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | flags) != 0) return false;
  const auto write = [](const char* path, const std::string& text) {
    const OwnedFd file(::open(path, O_WRONLY | O_CLOEXEC));
    return ::write(file.get(), text.data(), text.size()) > 0;
  };
  return write("/proc/self/setgroups", "deny") && write("/proc/self/uid_map", "0 " + uid + " 1") &&
         write("/proc/self/gid_map", "0 " + gid + " 1");
}

bool has_user_namespaces() {
  Child child([] {
    // Ubuntu's AppArmor permits making one, but without any privilege in it.
    return become_root_in_new_namespaces(CLONE_NEWUTS) && ::sethostname("nsx", 3) == 0 ? 0 : 1;
  });
  return child.wait() == 0;
}

bool must_work() {
  const char* value = std::getenv("NSX_MUST_WORK");
  return value != nullptr && std::string_view(value) == "1";
}

ino_t inode_of(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) throw std::runtime_error("cannot stat " + path);
  return st.st_ino;
}

}  // namespace nsx
