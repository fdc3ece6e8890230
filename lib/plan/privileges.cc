// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"
#include "plan/facts.hh"
#include "plan/perform.hh"
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

namespace {

struct Resource {
  int number = 0;
  std::string_view name;     ///< in prlimit(1)
  std::string_view heading;  ///< in /proc/PID/limits
};

constexpr std::array kResources{
    Resource{RLIMIT_CPU, "cpu", "Max cpu time"},
    Resource{RLIMIT_FSIZE, "fsize", "Max file size"},
    Resource{RLIMIT_DATA, "data", "Max data size"},
    Resource{RLIMIT_STACK, "stack", "Max stack size"},
    Resource{RLIMIT_CORE, "core", "Max core file size"},
    Resource{RLIMIT_RSS, "rss", "Max resident set"},
    Resource{RLIMIT_NPROC, "nproc", "Max processes"},
    Resource{RLIMIT_NOFILE, "nofile", "Max open files"},
    Resource{RLIMIT_MEMLOCK, "memlock", "Max locked memory"},
    Resource{RLIMIT_AS, "as", "Max address space"},
    Resource{RLIMIT_LOCKS, "locks", "Max file locks"},
    Resource{RLIMIT_SIGPENDING, "sigpending", "Max pending signals"},
    Resource{RLIMIT_MSGQUEUE, "msgqueue", "Max msgqueue size"},
    Resource{RLIMIT_NICE, "nice", "Max nice priority"},
    Resource{RLIMIT_RTPRIO, "rtprio", "Max realtime priority"},
    Resource{RLIMIT_RTTIME, "rttime", "Max realtime timeout"},
};

std::optional<std::uint64_t> next_value(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = next_field(line, ' ');
  if (word == "unlimited") return RLIM_INFINITY;
  return parse_number<std::uint64_t>(word);
}

std::string text_of(std::uint64_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

/// In C++, the resource parameter of glibc is an enum.
int get_limit(int resource, rlimit& limit) {
  return ::prlimit(0, static_cast<__rlimit_resource>(resource), nullptr, &limit);
}

int set_limit(int resource, const rlimit& limit) {
  return ::prlimit(0, static_cast<__rlimit_resource>(resource), &limit, nullptr);
}

}  // namespace

std::vector<step::SetResourceLimits::Limit> parse_resource_limits(std::string_view text) {
  std::vector<step::SetResourceLimits::Limit> limits;
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    const auto resource =
        std::find_if(kResources.begin(), kResources.end(), [&](const Resource& each) {
          return line.starts_with(each.heading) &&
                 line.substr(each.heading.size()).starts_with(' ');
        });
    if (resource == kResources.end()) continue;
    line.remove_prefix(resource->heading.size());
    const auto soft = next_value(line);
    const auto hard = next_value(line);
    if (soft && hard) limits.push_back({resource->number, *soft, *hard});
  }
  return limits;
}

std::vector<step::SetResourceLimits::Limit> limits_that_differ(
    std::vector<step::SetResourceLimits::Limit> limits) {
  std::erase_if(limits, [](const auto& limit) {
    rlimit own{};
    return get_limit(limit.resource, own) == 0 && own.rlim_cur == limit.soft &&
           own.rlim_max == limit.hard;
  });
  return limits;
}

std::string describe(const step::SetResourceLimits::Limit& limit) {
  const auto* const resource =
      std::find_if(kResources.begin(), kResources.end(),
                   [&](const Resource& each) { return each.number == limit.resource; });
  const std::string name =
      resource == kResources.end() ? std::to_string(limit.resource) : std::string(resource->name);
  return name + ' ' + text_of(limit.soft) + ':' + text_of(limit.hard);
}

Status perform(const step::SetResourceLimits& s) {
  for (const auto& limit : s.limits) {
    if (set_limit(limit.resource, {limit.soft, limit.hard}) == 0) continue;
    // If the hard limit may not be raised, the soft limit is still lowered as requested.
    rlimit own{};
    if (errno != EPERM || get_limit(limit.resource, own) != 0) {
      return fail("set the resource limit", describe(limit));
    }
    own.rlim_max = std::min<rlim_t>(own.rlim_max, limit.hard);
    own.rlim_cur = std::min<rlim_t>(limit.soft, own.rlim_max);
    if (set_limit(limit.resource, own) != 0) return fail("set the resource limit", describe(limit));
  }
  return {};
}

}  // namespace nsx
