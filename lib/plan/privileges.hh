// SPDX-License-Identifier: MIT
#pragma once
// The privileges of a process: capabilities, and the security context of SELinux or AppArmor
// (proc_pid_attr(5)).

#include <optional>
#include <string>

#include <nsx/enter.hh>
#include <nsx/plan.hh>
#include <nsx/process.hh>

namespace nsx {

/// Reads the capability sets of a process, and whether it can gain privileges. Errors: it has
/// exited.
Result<Privileges> read_privileges(const Process& process);

/// Returns the step that gives a program the context of a process. None: it equals the caller's, or
/// this system has no contexts.
Result<std::optional<step::SetSecurityContext>> read_security_context(const Kernel& kernel,
                                                                      const Process& process);

/// The file below /proc for the context. AppArmor has its own since Linux 5.8.
inline const char* context_file(const step::SetSecurityContext& s) {
  return s.is_apparmor ? "thread-self/attr/apparmor/exec" : "thread-self/attr/exec";
}

/// The text to write to it.
inline std::string context_text(const step::SetSecurityContext& s) {
  return s.is_apparmor ? "exec " + s.context : s.context;
}

}  // namespace nsx
