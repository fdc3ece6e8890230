// SPDX-License-Identifier: MIT
#include "nsx-ls/request.hh"

#include "support.hh"

namespace nsx::ls_tool {
namespace {

CensusRequest asked(const Options& options) {
  return census_request(must(make_request(options)));
}

CensusRequest asked_for(const char* columns) {
  Options options;
  options.columns = columns;
  return asked(options);
}

TEST(CensusRequestOf, TheUsualColumnsLeavesOutWhatTheKernelLists) {
  const CensusRequest request = asked({});
  EXPECT_EQ(request.sources, SourceSet::all());
  EXPECT_TRUE(request.skip_what_the_kernel_lists);
  EXPECT_FALSE(request.start_times);
  EXPECT_EQ(request.kinds, KindSet::all());
}

TEST(CensusRequestOf, ColumnsThatShowWhatASourceFindsKeepsIt) {
  for (const char* column : {"HELD-BY", "NSFS", "NAME", "THREADS", "PNS", "ONS", "OWNER-USER"}) {
    EXPECT_FALSE(asked_for(column).skip_what_the_kernel_lists) << column;
  }
  for (const char* column : {"NS", "CONTAINER", "CGROUP", "UIDMAP", "AGE"}) {
    EXPECT_TRUE(asked_for(column).skip_what_the_kernel_lists) << column;
  }
}

TEST(CensusRequestOf, AProcessLooksAtThatAlone) {
  Options options;
  options.processes = {42};
  options.columns = "NS,TYPE,ID,ONS";
  CensusRequest request = asked(options);
  EXPECT_EQ(request.only, 42);
  EXPECT_EQ(request.sources, (SourceSet{Source::process, Source::relation}));
  // The number of processes has to be counted among all of them.
  options.columns = "NS,NPROCS";
  request = asked(options);
  EXPECT_EQ(request.only, 0);
  EXPECT_EQ(request.sources, SourceSet{Source::process});
}

TEST(CensusRequestOf, AProcessAndWhatOthersDecideLooksAtAll) {
  Options options;
  options.processes = {42};
  options.columns = "NS";
  options.pinned = true;
  EXPECT_EQ(asked(options).only, 0);
  EXPECT_TRUE(asked(options).sources.contains(Source::mount));
  options.pinned = false;
  options.users = {0};
  EXPECT_EQ(asked(options).only, 0);
  options.users = {};
  options.sort = "NPROCS";
  EXPECT_EQ(asked(options).only, 0);
}

TEST(CensusRequestOf, AgesNeedsStartTimes) {
  EXPECT_TRUE(asked_for("AGE").start_times);
  EXPECT_TRUE(asked_for("LEADER").start_times);
  Options options;
  options.sort = "AGE";
  EXPECT_TRUE(asked(options).start_times);
  options.sort = nullptr;
  options.filter = "AGE > 60";
  EXPECT_TRUE(asked(options).start_times);
}

TEST(CensusRequestOf, OneKindReadsThatKind) {
  Options options;
  options.kinds.insert(Kind::net);
  options.columns = "NS";
  EXPECT_EQ(asked(options).kinds, KindSet{Kind::net});
  // The tree has the owners.
  options.tree = Tree::owner;
  EXPECT_EQ(asked(options).kinds, (KindSet{Kind::net, Kind::user}));
}

TEST(CensusRequestOf, SourcesChosenByHandAreThese) {
  Options options;
  options.sources = SourceSet{Source::process};
  options.columns = "HELD-BY";
  EXPECT_EQ(asked(options).sources, SourceSet{Source::process});
}

TEST(MakeRequest, RefusesWhatMakesNoSense) {
  const struct {
    void (*set)(Options&);
    const char* message;
  } cases[] = {
      {[](Options& o) { o.json = o.raw = true; }, "--json and --raw are mutually exclusive"},
      {[](Options& o) {
         o.list = true;
         o.tree = Tree::owner;
       },
       "--list and --tree are mutually exclusive"},
      {[](Options& o) {
         o.persistent = true;
         o.processes = {1};
       },
       "--persistent and --task are mutually exclusive"},
      {[](Options& o) {
         o.persistent = true;
         o.users = {0};
       },
       "--persistent and --user are mutually exclusive"},
      {[](Options& o) {
         o.persistent = true;
         o.containers = {"web"};
       },
       "--persistent and --container are mutually exclusive"},
      {[](Options& o) {
         o.processes = {1};
         o.containers = {"web"};
       },
       "--task and --container are mutually exclusive"},
      {[](Options& o) {
         o.all_columns = true;
         o.columns = "NS";
       },
       "--output and --output-all are mutually exclusive"},
  };
  for (const auto& c : cases) {
    Options options;
    c.set(options);
    EXPECT_EQ(failure(make_request(options)), c.message);
  }
}

TEST(MakeRequest, TakesAllColumns) {
  Options options;
  options.all_columns = true;
  EXPECT_EQ(must(make_request(options)).columns.size(), kColumns.size());
}

}  // namespace
}  // namespace nsx::ls_tool
