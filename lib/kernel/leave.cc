#include "kernel/leave.hh"

#include <algorithm>
#include <csignal>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

namespace nsx {

void stay_behind(const char* name, std::initializer_list<int> kept) {
  ::prctl(PR_SET_NAME, name);
  ::prctl(PR_SET_DUMPABLE, 0);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  [[maybe_unused]] const int moved = ::chdir("/");
  // A pipe that the program writes to ends with the program, not with us.
  std::vector<int> fds(kept);
  std::sort(fds.begin(), fds.end());
  unsigned first = 0;
  for (const int fd : fds) {
    const auto number = static_cast<unsigned>(fd);
    if (number > first) ::close_range(first, number - 1, 0);
    first = number + 1;
  }
  ::close_range(first, ~0U, 0);
}

}  // namespace nsx
