// SPDX-License-Identifier: MIT
#pragma once
// Shared by the unit tests.

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include <nsx/kernel.hh>
#include <nsx/kind.hh>
#include <nsx/plan.hh>

namespace nsx {

/// The value of a result; an error fails the test, as GoogleTest catches the exception.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The message of an error, with a hint on a second line; "no failure" if there is no error.
template <class T>
std::string failure(const Result<T>& result) {
  if (result) return "no failure";
  const std::string& hint = result.error().hint();
  return result.error().message() + (hint.empty() ? "" : "\nhint: " + hint);
}

/// The errno value of an error; -1 if there is none.
template <class T>
int failure_code(const Result<T>& result) {
  return result ? -1 : result.error().code;
}

/// A file of tests/data.
std::string test_data(const std::string& name);

/// The kernel that runs the tests: with all its features, without those newer than Linux 6.1, and
/// with a census by BPF if that is possible. A view of it must be the same through all of them.
std::vector<Kernel> kernels();
Kernel newest_kernel();
Kernel oldest_kernel();

/// An empty directory that is removed with all its content.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + '/' + std::string(name); }

 private:
  std::string path_;
};

void write_file(const std::string& path, std::string_view text);

/// A forked child with its standard output in a pipe. Killed and reaped at the end, if necessary.
class Child {
 public:
  /// Runs `body`, whose return value is the exit status.
  explicit Child(const std::function<int()>& body);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }

  /// One line of the output without its line feed; empty at its end, and after ten seconds
  /// without a line, which fails the test.
  std::string read_line();

  /// The output up to its end: when the child and everything it has started are gone.
  std::string read_all();

  /// Waits for the next change: a value of wait(2).
  int wait(int flags = 0);

  /// Waits until the child is a zombie, and does not reap it.
  void wait_for_zombie() const;

 private:
  pid_t pid_ = -1;
  OwnedFd output_;
};

/// A child that only exists.
class Sleeper : public Child {
 public:
  Sleeper() : Child([] { return ::pause(); }) {}
};

/// A PID that no process ever has: above the largest pid_max.
inline constexpr pid_t kNobody = 1 << 22 | 1;

/// The effects of a plan carried out in a forked child: the output of its program, then
/// "exit N", "signal N" or "step N: MESSAGE" as carry_out() returned it, then how the child ended.
std::string carried_out(const std::vector<Step>& steps);

/// For use in a child: carries the plan out and prints its end as above.
int carry_out_and_tell(const std::vector<Step>& steps);

/// `sh -c SCRIPT`.
step::Execute shell(const std::string& script);

/// Moves this process into a new user namespace as its root, and into others by these flags.
bool become_root_in_new_namespaces(int flags);

/// Whether this user may make a user namespace here and become root in it.
bool has_user_namespaces();

/// Skips a test that needs them, or fails it under NSX_MUST_WORK=1.
#define NSX_NEEDS_USER_NAMESPACES()                              \
  if (!has_user_namespaces()) {                                  \
    if (must_work()) FAIL() << "user namespaces must work here"; \
    GTEST_SKIP() << "no user namespaces here for this user";     \
  }
bool must_work();

/// The same if only root can make what the test needs.
#define NSX_NEEDS_ROOT()                           \
  if (::geteuid() != 0) {                          \
    if (must_work()) FAIL() << "run this as root"; \
    GTEST_SKIP() << "only root can make this";     \
  }

/// The inode number of a namespace file.
ino_t inode_of(const std::string& path);

}  // namespace nsx
