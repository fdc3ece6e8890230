#pragma once

#include <sys/types.h>

#include <nsx/fd.hh>

namespace nsx {

/// The life of the helper that Outside starts: in a process of its own, to whose end it does not
/// return. `process` is the directory /proc/PID of the process that it helps, `pid` its number.
[[noreturn]] void serve_outside(OwnedFd connection, OwnedFd process, pid_t pid);

}  // namespace nsx
