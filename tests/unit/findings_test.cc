// SPDX-License-Identifier: MIT
#include "discovery/findings.hh"

#include <algorithm>
#include <unistd.h>

#include "discovery/sources.hh"
#include "discovery/visit.hh"
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

TEST(NamespaceIndex, FindsWhatWasAddedAndNothingElse) {
  NamespaceIndex index;
  EXPECT_EQ(index.find(Kind::net, 1), kNone);
  constexpr CensusIndex kMany = 5000;  // it grows several times
  for (CensusIndex i = 0; i < kMany; ++i)
    index.add(i % 2 == 0 ? Kind::net : Kind::uts, 4026531840 + i / 2, i);
  for (CensusIndex i = 0; i < kMany; ++i)
    EXPECT_EQ(index.find(i % 2 == 0 ? Kind::net : Kind::uts, 4026531840 + i / 2), i);
  EXPECT_EQ(index.find(Kind::ipc, 4026531840), kNone);
  EXPECT_EQ(index.find(Kind::net, 4026531840 + kMany / 2), kNone);
  EXPECT_EQ(index.find(Kind::cgroup, 0), kNone);
}

/// The way that is chosen if processes take these times, one each in turn.
Way chosen(std::chrono::microseconds by_pidfd, std::chrono::microseconds by_links) {
  FasterWay faster;
  for (int i = 0; !faster.is_chosen(); ++i) {
    // Now and then a process takes longer, whichever way.
    const auto interrupted = std::chrono::microseconds(i % 3 == 0 ? 1000 : 0);
    faster.took((faster.next() == Way::pidfd ? by_pidfd : by_links) + interrupted);
  }
  return faster.next();
}

TEST(FasterWay, IsTheOneWhoseBestTimeIsShorter) {
  EXPECT_EQ(chosen(std::chrono::microseconds(30), std::chrono::microseconds(20)), Way::links);
  EXPECT_EQ(chosen(std::chrono::microseconds(20), std::chrono::microseconds(30)), Way::pidfd);
}

TEST(Visit, GivesTheSameAnswerEitherWay) {
  const Kernel& kernel = newest_kernel();
  CensusRequest request;
  NamespaceTable links(kernel, {});
  // Before Linux 6.13 there is only one way.
  if (!can_use_pidfds(kernel, request, links)) return;
  NamespaceTable pidfds(kernel, {});
  Visit by_links(kernel, links, ::getpid(), Way::links);
  Visit by_pidfd(kernel, pidfds, ::getpid(), Way::pidfd);
  for (const Kind kind : KindSet::all()) {
    for (const bool for_children : {false, true}) {
      if (for_children && info(kind).for_children == nullptr) continue;
      const CensusIndex a = by_links.look_at(kind, for_children);
      const CensusIndex b = by_pidfd.look_at(kind, for_children);
      ASSERT_NE(a, kNone) << name(kind);
      ASSERT_EQ(a, b) << name(kind);
      EXPECT_EQ(links[a].identity, pidfds[b].identity) << name(kind);
    }
  }
}

}  // namespace
}  // namespace nsx
