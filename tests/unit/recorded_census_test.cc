// SPDX-License-Identifier: MIT
// The census on the answers of other kernels: tests/data/kernel-answers has a record of each
// generation.
//
// To record this kernel (as root; tests/vm/run.sh --shell KERNEL has the others):
//
//   NSX_RECORD=FILE nsx-recorded-tests --gtest_also_run_disabled_tests --gtest_filter=*Record*

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <thread>

#include <nsx/census.hh>

#include "kernel_answers.hh"
#include "support.hh"

namespace nsx {
namespace {

/// Everything in a census except device numbers, one line each.
std::string spelled(const Census& census) {
  std::ostringstream text;
  const auto inode = [&](CensusIndex ns) -> ino_t {
    return ns == kNone ? 0 : census.namespaces[ns].identity.inode;
  };
  for (const CensusNamespace& ns : census.namespaces) {
    text << name(ns.kind) << ' ' << ns.identity.inode << " id " << ns.identity.id << " processes "
         << ns.process_count << " parent " << inode(ns.parent) << " owner " << inode(ns.owner)
         << '\n';
  }
  for (const CensusProcess& process : census.processes) {
    text << process.pid << " of " << process.parent << " uid " << process.uid << " threads "
         << process.threads;
    for (const CensusIndex ns : process.namespaces)
      text << ' ' << inode(ns);
    text << '\n';
  }
  for (const CensusHolder& holder : census.holders) {
    text << inode(holder.ns) << " held " << static_cast<int>(holder.type) << ' ' << holder.pid
         << ' ' << holder.number << '\n';
  }
  for (const CensusMount& mount : census.mounts)
    text << mount.path << " in " << inode(mount.mount_namespace) << " by " << mount.seen_by << '\n';
  for (const CensusGap& gap : census.gaps)
    text << "gap " << name(gap.source) << ' ' << gap.count << ' ' << gap.code << '\n';
  return text.str();
}

/// Those that a census uses.
constexpr std::array kFeatures{Feature::pidfd_namespaces, Feature::pidfd_info,
                               Feature::namespace_id, Feature::namespace_handle,
                               Feature::namespace_list};

/// All features of the kernel, then with each disabled, then none. What a BPF program finds is not
/// recorded.
std::vector<FeatureSet> switched_off() {
  const FeatureSet always = {Feature::bpf_iterator};
  std::vector<FeatureSet> sets(1, always);
  for (const Feature feature : kFeatures)
    sets.emplace_back(always).insert(feature);
  FeatureSet& all = sets.emplace_back(always);
  for (const Feature feature : kFeatures)
    all.insert(feature);
  return sets;
}

std::string features(const Kernel& kernel) {
  std::string text;
  for (const Feature feature : kFeatures) {
    if (kernel.has(feature)) text += (text.empty() ? "" : ",") + std::string(name(feature));
  }
  return text;
}

std::string census_without(const FeatureSet& disabled) {
  const Kernel kernel = must(Kernel::open({"/proc", disabled}));
  CensusRequest request;
  request.sources = SourceSet::all();
  return features(kernel) + '\n' + spelled(must(take_census(kernel, request)));
}

// The recorded scene: holders of every type, in their own PID namespace.

void in_a_thread() {
  std::atomic<bool> is_there = false;
  std::thread([&] {
    is_there = ::unshare(CLONE_NEWUTS) == 0;
    ::pause();
  }).detach();
  while (!is_there)
    std::this_thread::yield();
}

/// Leaves a namespace held by a descriptor, or by what `hold` makes in it.
template <class Hold>
void leave(int flag, const char* file, Hold hold) {
  const OwnedFd before(::open(file, O_RDONLY | O_CLOEXEC));
  if (::unshare(flag) != 0 || !hold() || ::setns(before.get(), flag) != 0) ::_exit(1);
}

void by_a_mount() {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) != 0) {
    ::_exit(1);
  }
  leave(CLONE_NEWUTS, "/proc/self/ns/uts", [] {
    return OwnedFd(::open("/mnt/uts", O_CREAT | O_RDONLY | O_CLOEXEC, 0600)).get() >= 0 &&
           ::mount("/proc/self/ns/uts", "/mnt/uts", nullptr, MS_BIND, nullptr) == 0;
  });
}

const std::array<void (*)(), 7> kMembers{
    [] {
      if (::unshare(CLONE_NEWUTS | CLONE_NEWIPC) != 0) ::_exit(1);
    },
    in_a_thread,
    [] {
      if (::unshare(0x80 /* CLONE_NEWTIME */) != 0) ::_exit(1);
    },
    [] {
      leave(CLONE_NEWIPC, "/proc/self/ns/ipc",
            [] { return ::open("/proc/self/ns/ipc", O_RDONLY) >= 0; });
    },
    [] {
      leave(CLONE_NEWNET, "/proc/self/ns/net",
            [] { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0; });
    },
    by_a_mount,
    [] {
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWCGROUP) != 0) ::_exit(1);
    },
};

/// Starts a holder, and waits until it is ready.
bool start(void (*member)()) {
  std::array<int, 2> ready{};
  if (::pipe2(ready.data(), O_CLOEXEC) != 0) return false;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    member();
    const bool told = ::write(ready[1], "", 1) == 1;
    for (const int fd : ready)
      ::close(fd);
    while (told)
      ::pause();
    ::_exit(1);
  }
  ::close(ready[1]);
  char byte = 0;
  const bool is_ready = pid > 0 && ::read(ready[0], &byte, 1) == 1;
  ::close(ready[0]);
  return is_ready;
}

int record(const char* file) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("proc", "/proc", "proc", 0, nullptr) != 0) {
    return 1;
  }
  if (!std::all_of(kMembers.begin(), kMembers.end(), start)) return 2;
  nlohmann::json censuses = nlohmann::json::array();
  std::string answers;
  {
    const KernelTap tap;
    for (const FeatureSet& disabled : switched_off())
      censuses.push_back(census_without(disabled));
    answers = nsx::spelled(tap.answers());
  }
  utsname system{};
  ::uname(&system);
  std::string release = system.release;
  release.resize(std::min(release.size(), release.find('.', release.find('.') + 1)));
  std::ofstream out(file);
  out << "{\n\"kernel\": " << nlohmann::json(release).dump()
      << ",\n\"censuses\": " << censuses.dump(0) << ",\n\"answers\": " << answers << "}\n";
  return out.good() ? 0 : 3;
}

TEST(RecordedCensus, DISABLED_Record) {
  NSX_NEEDS_ROOT();
  const char* file = std::getenv("NSX_RECORD");
  ASSERT_NE(file, nullptr);
  Child child([&] {
    if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) return 10;
    const pid_t init = ::fork();
    if (init == 0) ::_exit(record(file));
    int status = 0;
    return ::waitpid(init, &status, 0) == init && WIFEXITED(status) ? WEXITSTATUS(status) : 11;
  });
  EXPECT_EQ(child.wait(), 0);
}

// --- The records ---------------------------------------------------------------------------------

struct Recorded {
  std::string kernel;
  std::vector<std::string> censuses;  // by switched_off()
  KernelAnswers answers;
};

Recorded recorded(const std::string& generation) {
  const auto json = nlohmann::json::parse(test_data("kernel-answers/" + generation + ".json"));
  return {json.at("kernel"), json.at("censuses"), read_answers(json.at("answers").dump())};
}

class EachGeneration : public testing::TestWithParam<const char*> {};

TEST_P(EachGeneration, AnswersAreReadAsThereWithAndWithoutEachFeature) {
  const Recorded record = recorded(GetParam());
  const auto sets = switched_off();
  ASSERT_EQ(record.censuses.size(), sets.size());
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const KernelTap tap(record.answers);
    EXPECT_EQ(census_without(sets[i]), record.censuses[i]) << record.kernel << ", set " << i;
    EXPECT_EQ(tap.unknown(), std::vector<std::string>());
  }
}

/// Without ids, and without lines that reveal the features.
std::string comparable(const std::string& census) {
  std::istringstream lines(census.substr(census.find('\n') + 1));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t id = line.find(" id ");
    if (id != std::string::npos) line.erase(id, line.find(' ', id + 4) - id);
    text += line + '\n';
  }
  return text;
}

TEST_P(EachGeneration, EveryFallbackGivesTheSameAnswer) {
  const Recorded record = recorded(GetParam());
  for (const std::string& census : record.censuses)
    EXPECT_EQ(comparable(census), comparable(record.censuses[0])) << record.kernel;
}

TEST_P(EachGeneration, EveryHolderIsFound) {
  const std::string census = recorded(GetParam()).censuses[0];
  for (int type = 0; type < 7; ++type)
    EXPECT_NE(census.find(" held " + std::to_string(type) + ' '), std::string::npos) << type;
}

TEST_P(EachGeneration, WhatIsNotOnRecordIsToldOf) {
  Recorded record = recorded(GetParam());
  std::erase_if(record.answers,
                [](const auto& answer) { return answer.first.starts_with("stat "); });
  const KernelTap tap(record.answers);
  census_without({});
  EXPECT_FALSE(tap.unknown().empty());
}

INSTANTIATE_TEST_SUITE_P(RecordedCensus, EachGeneration,
                         testing::Values("6.1", "6.12", "6.18", "7"), [](const auto& generation) {
                           std::string text = generation.param;
                           std::replace(text.begin(), text.end(), '.', '_');
                           return "Linux" + text;
                         });

TEST(RecordedFeatures, AreThoseOfTheirGeneration) {
  const auto first_line = [](const char* generation) {
    const std::string census = recorded(generation).censuses[0];
    return census.substr(0, census.find('\n'));
  };
  EXPECT_EQ(first_line("6.1"), "");
  EXPECT_EQ(first_line("6.12"), "pidfd-ns");
  EXPECT_EQ(first_line("6.18"), "pidfd-ns,pidfd-info,ns-id");
  EXPECT_EQ(first_line("7"), "pidfd-ns,pidfd-info,ns-id,ns-handle,listns");
}

}  // namespace
}  // namespace nsx
