// SPDX-License-Identifier: MIT
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "plan/facts.hh"
#include "try.hh"

namespace nsx {

namespace {

bool has_selinux() {
  struct statfs fs {};
  return ::statfs("/sys/fs/selinux", &fs) == 0 &&
         static_cast<unsigned long>(fs.f_type) == SELINUX_MAGIC;
}

/// Returns the label in a file such as attr/current (proc_pid_attr(5)).
std::string security_label(std::string text) {
  while (text.ends_with('\0') || text.ends_with('\n'))
    text.pop_back();
  return text;
}

/// Removes the mode that follows an AppArmor label: "docker-default (enforce)".
std::string apparmor_label(const std::string& text) {
  std::string label = security_label(text);
  const std::size_t mode = label.rfind(" (");
  if (label.ends_with(')') && mode != std::string::npos) label.resize(mode);
  return label;
}

}  // namespace

bool has_rights_of_caller(const Kernel& kernel, const Process& process) {
  const auto ids = process.read_ids();
  if (!ids || ids->uid != ::geteuid()) return false;
  const auto own = own_capabilities();
  const auto status = process.read("status");
  if (!own || !status) return false;
  if ((own->permitted & ~capabilities_in_status(*status, "CapPrm")) != 0) return false;
  const auto its_user = process.open_namespace(kernel, Kind::user);
  return its_user && its_user->is_current(kernel);
}

Result<Privileges> read_privileges(const Process& process) {
  const auto status = TRY(process.read("status"));
  return Privileges{
      capabilities_in_status(status, "CapBnd"), capabilities_in_status(status, "CapInh"),
      capabilities_in_status(status, "CapAmb"), capabilities_in_status(status, "CapPrm"),
      status.find("\nNoNewPrivs:\t1") != std::string::npos};
}

Result<std::optional<step::SetSecurityContext>> read_security_context(const Kernel& kernel,
                                                                      const Process& process) {
  using Context = std::optional<step::SetSecurityContext>;
  if (has_selinux()) {
    const auto context = TRY(process.read("attr/current"));
    return Context(step::SetSecurityContext{security_label(context)});
  }
  // Without AppArmor, this file does not exist; if it is disabled, reading fails.
  constexpr const char* kAppArmor = "attr/apparmor/current";
  const auto profile = process.read(kAppArmor);
  const int code = profile ? 0 : profile.error().code;
  if (code == ENOENT || code == EINVAL) return Context();
  if (!profile) return tl::unexpected(profile.error());
  const std::string label = apparmor_label(*profile);
  const auto own = read_file_at(kernel.proc(), (std::string("self/") + kAppArmor).c_str());
  if (own && apparmor_label(*own) == label) return Context();
  return Context(step::SetSecurityContext{label, true});
}

}  // namespace nsx
