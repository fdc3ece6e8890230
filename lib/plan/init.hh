#pragma once

#include <sys/types.h>

#include "plan/messages.hh"
#include "plan/waited_signals.hh"

namespace nsx {

/// What the init of a pid namespace does until `program`, its child, has ended: it passes signals
/// on, reaps whatever is orphaned, and tells the parent outside of the program's stops and its
/// end. When it ends, the kernel ends all that is left in the namespace (pid_namespaces(7)).
[[noreturn]] void be_init(pid_t program, const WaitedSignals& signals, const Channel& parent);

}  // namespace nsx
