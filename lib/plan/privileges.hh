// SPDX-License-Identifier: MIT
#pragma once
// What a process may do: capabilities, and the security context that SELinux or AppArmor gives it,
// as proc_pid_attr(5) shows and takes it.

#include <optional>
#include <string>

#include <nsx/enter.hh>
#include <nsx/plan.hh>
#include <nsx/process.hh>

namespace nsx {

/// The sets of capabilities of a process, and whether it can gain any. Errors: it has ended.
Result<Privileges> read_privileges(const Process& process);

/// The step that gives a program the context of a process; none: it is the caller's own, or there
/// are no contexts here.
Result<std::optional<step::SetSecurityContext>> read_security_context(const Kernel& kernel,
                                                                      const Process& process);

/// The file, below /proc. That of AppArmor is its own since Linux 5.8.
inline const char* context_file(const step::SetSecurityContext& s) {
  return s.is_apparmor ? "thread-self/attr/apparmor/exec" : "thread-self/attr/exec";
}

/// What is written to it.
inline std::string context_text(const step::SetSecurityContext& s) {
  return s.is_apparmor ? "exec " + s.context : s.context;
}

}  // namespace nsx
