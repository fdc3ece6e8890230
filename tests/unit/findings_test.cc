// SPDX-License-Identifier: MIT
#include "discovery/findings.hh"

#include <algorithm>
#include <unistd.h>

#include "discovery/sources.hh"
#include "support.hh"

namespace nsx {
namespace {

bool has_no_namespace(const CensusProcess& process) {
  return std::ranges::all_of(process.namespaces, [](CensusIndex ns) { return ns == kNone; });
}

TEST(Findings, AProcessThatWasOnlyListedIsInNoNamespace) {
  EXPECT_TRUE(has_no_namespace(CensusProcess{}));

  const Kernel& kernel = newest_kernel();
  Findings findings(NamespaceTable(kernel, {}));
  CensusRequest request;
  request.sources = {Source::thread};
  request.only = ::getpid();
  must(read_processes(kernel, request, findings));
  ASSERT_EQ(findings.processes.size(), 1U);
  EXPECT_TRUE(has_no_namespace(findings.processes.front()));
  // The mounts of its mount namespace are not read.
  read_mounts(kernel, KindSet::all(), findings);
  EXPECT_TRUE(findings.mounts.empty());
}

}  // namespace
}  // namespace nsx
