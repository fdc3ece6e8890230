// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fcntl.h>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>

#include <nsx/census.hh>
#include <nsx/kernel.hh>
#include <nsx/target.hh>

#include "support.hh"

namespace nsx {
namespace {

std::string& lines() {
  static std::string text;
  return text;
}

/// The lines that `act` traces in these areas.
std::string traced(TraceAreas areas, const std::function<void()>& act) {
  lines().clear();
  trace_to(
      [](TraceArea area, std::string_view line) {
        lines().append(name(area)).append(": ").append(line).append(1, '\n');
      },
      areas);
  act();
  trace_to(nullptr, {});
  return lines();
}

TEST(Trace, TellsWhichInterfacesWork) {
  KernelOptions options;
  options.disabled.insert(Feature::namespace_id);
  const std::string text = traced({TraceArea::probe}, [&] {
    const Kernel kernel = must(Kernel::open(options));
    kernel.has(Feature::pidfd_info);
    kernel.has(Feature::pidfd_info);
  });
  // Once each.
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), kFeatureCount) << text;
  EXPECT_NE(text.find("probe: ns-id: disabled\n"), std::string::npos) << text;
  const bool works = newest_kernel().has(Feature::pidfd_info);
  EXPECT_NE(text.find(works ? "probe: pidfd-info: works\n" : "probe: pidfd-info: missing\n"),
            std::string::npos)
      << text;
}

/// The sources that a search reads for a namespace: "process mount ".
std::string sources_read(ino_t inode) {
  KernelOptions options;
  // BPF is used if this machine has many processes or descriptors.
  options.disabled = {Feature::namespace_handle, Feature::namespace_list, Feature::bpf_iterator};
  const Kernel kernel = must(Kernel::open(options));
  const std::string text =
      traced({TraceArea::census}, [&] { must(find_namespace(kernel, inode)); });
  std::string sources;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) {
    line.erase(0, std::string_view("census: ").size());
    sources += line.substr(0, line.find(':')) + ' ';
  }
  return sources;
}

TEST(Trace, OfASearchEndsWhereItHasFound) {
  NSX_NEEDS_ROOT();
  EXPECT_EQ(sources_read(inode_of("/proc/self/ns/net")), "process ");
  // Mounted in the search's own mount namespace, for which it need not read all of them.
  Child child([] {
    const OwnedFd before(::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWNS | CLONE_NEWUTS) != 0) return 1;
    const ino_t inode = inode_of("/proc/self/ns/uts");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) != 0 ||
        !OwnedFd(::open("/mnt/uts", O_CREAT | O_RDONLY | O_CLOEXEC, 0600)) ||
        ::mount("/proc/self/ns/uts", "/mnt/uts", nullptr, MS_BIND, nullptr) != 0 ||
        ::setns(before.get(), 0) != 0) {
      return 2;
    }
    return sources_read(inode) == "process mount " ? 0 : 3;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(Trace, TellsWhatATargetIs) {
  const Kernel kernel = newest_kernel();
  const std::string own = std::to_string(::getpid());
  const std::string text = traced({TraceArea::target}, [&] {
    must(resolve_target(kernel, own));
    EXPECT_FALSE(resolve_target(kernel, "pin:a/b"));
  });
  EXPECT_EQ(text,
            "target: " + own + " is PID " + own +
                "\n"
                "target: pin:a/b: not found; invalid pin name 'a/b': it contains a slash\n"
                "target: pin:a/b is not usable: invalid pin name 'a/b': it contains a slash\n");
}

TEST(Trace, CountsWhatTheSourcesOfACensusFind) {
  const Kernel kernel = oldest_kernel();
  const std::string text = traced({TraceArea::census}, [&] {
    CensusRequest request;
    request.sources = {Source::process, Source::thread, Source::fd};
    request.only = ::getpid();
    must(take_census(kernel, request));
  });
  EXPECT_TRUE(text.starts_with("census: process: 1, thread: 0, fd: 0, namespaces: ")) << text;
  EXPECT_NE(text.find(" ms)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("census: total: "), std::string::npos) << text;
}

TEST(Trace, TellsEachStepAndItsFailure) {
  const std::vector<Step> steps{step::ChangeDirectory{-1, "/"},
                                step::ChangeDirectory{-1, "/nowhere"}, shell("echo wrong")};
  Plan plan;
  plan.steps = steps;
  const std::string text =
      traced({TraceArea::plan}, [&] { EXPECT_FALSE(carry_out(newest_kernel(), plan)); });
  EXPECT_EQ(text, "plan: step 1 of 3: " + describe(steps[0]) +
                      "\nplan: step 2 of 3: " + describe(steps[1]) +
                      "\nplan: step 2 failed: cannot change the working directory to /nowhere: No "
                      "such file or directory\n");
}

TEST(Trace, IsOffForOtherAreas) {
  const auto act = [] {
    const Kernel kernel = newest_kernel();
    kernel.has(Feature::pidfd_info);
    must(resolve_target(kernel, std::to_string(::getpid())));
  };
  EXPECT_EQ(traced({}, act), "");
  EXPECT_EQ(traced({TraceArea::plan, TraceArea::census}, act), "");
  EXPECT_NE(traced(TraceAreas::all(), act), "");
}

}  // namespace
}  // namespace nsx
