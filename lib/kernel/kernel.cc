// SPDX-License-Identifier: MIT

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <nsx/kernel.hh>
#include <nsx/kind.hh>

#include "kernel/abi.hh"
#include "kernel/bpf.hh"
#include "kernel/files.hh"
#include "kernel/spawn.hh"
#include "kernel/text.hh"
#include "kernel/trace.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr std::array<const char*, kFeatureCount> kFeatureNames{
    "pidfd-ns", "pidfd-info", "ns-id", "ns-handle", "listns", "into-cgroup", "bpf"};

bool is_proc(int directory) {
  struct statfs fs {};
  return ::fstatfs(directory, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/// Returns whether PIDs in the proc mount are those of the caller's pid namespace.
bool shows_the_caller(int proc) {
  if (!is_proc(proc)) return false;
  const auto self = read_link_at(proc, "self");
  return self && *self == std::to_string(::getpid());
}

FeatureSet probe(int proc, bool with_bpf) {
  FeatureSet features;
  const OwnedFd self(abi::pidfd_open(::getpid(), 0));
  if (!self) return features;

  const OwnedFd ns(::ioctl(self.get(), info(Kind::uts).pidfd_request, 0));
  if (ns) {
    features.insert(Feature::pidfd_namespaces);
    std::uint64_t id = 0;
    if (::ioctl(ns.get(), abi::kNsGetId, &id) == 0) {
      features.insert(Feature::namespace_id);
      if (OwnedFd(abi::open_namespace_by_id(id))) features.insert(Feature::namespace_handle);
    }
  }
  std::array<std::uint64_t, 1> first{};
  if (abi::list_namespaces(0, first) >= 0) features.insert(Feature::namespace_list);
  // Kernels with only the namespace requests return EINVAL here, older ones ENOTTY.
  abi::PidfdInfo process{};
  process.mask = abi::kPidfdInfoPid | abi::kPidfdInfoCreds;
  if (::ioctl(self.get(), abi::kPidfdGetInfo, &process) == 0) {
    features.insert(Feature::pidfd_info);
  }
  if (knows_clone_into_cgroup()) features.insert(Feature::clone_into_cgroup);
  if (with_bpf && may_iterate_by_bpf(proc)) features.insert(Feature::bpf_iterator);
  return features;
}

}  // namespace

const char* name(Feature feature) {
  return kFeatureNames[static_cast<std::size_t>(feature)];
}

Result<FeatureChoice> parse_features(std::string_view list) {
  FeatureChoice choice;
  while (!list.empty()) {
    const std::string_view word = next_field(list, ',');
    bool known = false;
    for (std::size_t i = 0; i < kFeatureCount; ++i) {
      if (word.empty() || word.substr(1) != kFeatureNames[i]) continue;
      const auto feature = static_cast<Feature>(i);
      if (word.front() == '-') {
        choice.disabled.insert(feature);
        known = true;
      } else if (word.front() == '+' && feature == Feature::bpf_iterator) {
        choice.forced.insert(feature);
        known = true;
      }
    }
    if (!known) {
      return problem("unknown kernel feature '{}'", word,
                     "expected one of -pidfd-ns, -pidfd-info, -ns-id, -ns-handle, -listns, "
                     "-into-cgroup, -bpf, +bpf");
    }
  }
  return choice;
}

Result<Kernel> Kernel::open(const KernelOptions& options) {
  Kernel kernel;
  kernel.proc_path_ = options.proc;
  kernel.proc_ = OwnedFd(::open(options.proc.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!kernel.proc_) return fail("open", options.proc, errno, "mount -t proc proc " + options.proc);

  kernel.disabled_ = options.disabled;
  kernel.forced_ = options.forced;
  return kernel;
}

Status Kernel::check_proc() const {
  if (proc_path_ != "/proc" || is_proc(proc_.get())) return {};
  return refuse("use", proc_path_, "it is not a proc file system", "mount -t proc proc /proc");
}

Status Kernel::check_numbers() const {
  TRY(check_proc());
  if (proc_path_ != "/proc" || numbers_are_ours()) return {};
  return refuse("look up PIDs in", proc_path_, "it belongs to another PID namespace",
                "in a mount namespace of your own: mount -t proc proc /proc");
}

const Kernel::Found& Kernel::found() const {
  if (found_) return *found_;
  found_ = Found{shows_the_caller(proc_.get()), {}};
  if (!found_->numbers_are_ours) {
    trace(TraceArea::probe,
          [&] { return proc_path_ + ": its PIDs are not ours; no feature used"; });
    return *found_;
  }
  const FeatureSet working = probe(proc_.get(), !disabled_.contains(Feature::bpf_iterator));
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    const auto feature = static_cast<Feature>(i);
    const bool works = working.contains(feature);
    const bool is_disabled = disabled_.contains(feature);
    if (works && !is_disabled) found_->features.insert(feature);
    trace(TraceArea::probe, [&] {
      if (is_disabled) return std::string(name(feature)) + ": disabled";
      return std::string(name(feature)) + (works ? ": works" : ": missing");
    });
  }
  return *found_;
}

namespace {

constexpr std::array kNames{"probe", "target", "census", "plan"};

}  // namespace

Tracing tracing;

const char* name(TraceArea area) {
  return kNames[static_cast<std::size_t>(area)];
}

void trace_to(TraceSink sink, TraceAreas areas) {
  tracing = {sink != nullptr ? areas : TraceAreas(), sink};
}

std::string in_milliseconds(std::chrono::steady_clock::duration time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f ms",
                std::chrono::duration<double, std::milli>(time).count());
  return text.data();
}

}  // namespace nsx
