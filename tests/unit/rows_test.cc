// SPDX-License-Identifier: MIT
#include "nsx-ls/rows.hh"

#include "made_census.hh"
#include "support.hh"

namespace nsx::ls_tool {
namespace {

/// One row a line, "4 (user)", indented below its parent.
std::string shown(const Census& census, const Selection& selection) {
  const std::vector<Row> rows = make_rows(census, selection);
  std::string text;
  std::vector<std::size_t> depth(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].parent) {
      EXPECT_LT(*rows[i].parent, i) << "a child before its parent";
      depth[i] = depth[*rows[i].parent] + 1;
    }
    const CensusNamespace& ns = census.namespaces[rows[i].ns];
    text +=
        std::string(depth[i], ' ') + std::to_string(ns.identity.inode) + ' ' + name(ns.kind) + '\n';
  }
  return text;
}

/// init with two services; the second made a container, whose user namespace owns its net.
class Rows : public testing::Test {
 protected:
  Rows() {
    const CensusIndex user = made_.ns(Kind::user, 10);
    const CensusIndex net = made_.ns(Kind::net, 20, kNone, user);
    const CensusIndex uts = made_.ns(Kind::uts, 30, kNone, user);
    const CensusIndex between = made_.ns(Kind::user, 40, user, user);  // no process is in it
    const CensusIndex inner_user = made_.ns(Kind::user, 50, between, between);
    const CensusIndex inner_net = made_.ns(Kind::net, 60, kNone, inner_user);
    made_.process(1, 0, {user, net});
    made_.process(5, 1, {user, net, uts});
    made_.process(9, 5, {inner_user, inner_net, uts});
  }

  std::string shown(Tree tree, KindSet kinds = KindSet::all(),
                    std::optional<pid_t> process = {}) const {
    Selection selection;
    selection.kinds = kinds;
    if (process) selection.processes = {*process};
    selection.tree = tree;
    return ls_tool::shown(made_.census, selection);
  }

  MadeCensus made_;
};

TEST_F(Rows, AsAListAreByInode) {
  EXPECT_EQ(shown(Tree::none), "10 user\n20 net\n30 uts\n40 user\n50 user\n60 net\n");
}

TEST_F(Rows, WithoutAProcess) {
  Selection selection;
  selection.tree = Tree::none;
  selection.only_persistent = true;
  EXPECT_EQ(ls_tool::shown(made_.census, selection), "40 user\n");
}

TEST_F(Rows, ThatAFilterTakes) {
  Selection selection;
  selection.tree = Tree::none;
  selection.accepts = [&](CensusIndex ns) {
    return made_.census.namespaces[ns].identity.inode > 30;
  };
  EXPECT_EQ(ls_tool::shown(made_.census, selection), "40 user\n50 user\n60 net\n");
  // Their ancestors are not in a tree either.
  selection.tree = Tree::owner;
  EXPECT_EQ(ls_tool::shown(made_.census, selection), "40 user\n 50 user\n  60 net\n");
}

TEST_F(Rows, OfAUserArePickedByTheFirstProcess) {
  made_.census.processes[1].uid = 1000;  // the first one in uts
  Selection selection;
  selection.tree = Tree::none;
  selection.users = {1000};
  EXPECT_EQ(ls_tool::shown(made_.census, selection), "30 uts\n");
}

TEST_F(Rows, ThatAreMounted) {
  made_.census.holders = {{1, CensusHolder::Type::fd, 1, 3, kNone},
                          {2, CensusHolder::Type::mount, 0, 0, 0}};
  Selection selection;
  selection.tree = Tree::none;
  selection.only_pinned = true;
  EXPECT_EQ(ls_tool::shown(made_.census, selection), "30 uts\n");
}

TEST_F(Rows, InAnotherOrderStayBelowTheirParents) {
  Selection selection;
  selection.is_before = [](CensusIndex a, CensusIndex b) { return a > b; };
  selection.tree = Tree::none;
  EXPECT_EQ(ls_tool::shown(made_.census, selection),
            "60 net\n50 user\n40 user\n30 uts\n20 net\n10 user\n");
  selection.tree = Tree::owner;
  EXPECT_EQ(ls_tool::shown(made_.census, selection),
            "10 user\n"
            " 40 user\n"
            "  50 user\n"
            "   60 net\n"
            " 30 uts\n"
            " 20 net\n");
}

TEST_F(Rows, OfAKind) {
  EXPECT_EQ(shown(Tree::none, {Kind::net}), "20 net\n60 net\n");
}

TEST_F(Rows, OfAProcess) {
  EXPECT_EQ(shown(Tree::none, KindSet::all(), 9), "30 uts\n50 user\n60 net\n");
  EXPECT_EQ(shown(Tree::none, {Kind::net}, 9), "60 net\n");
  EXPECT_EQ(shown(Tree::none, KindSet::all(), 77), "");
}

TEST_F(Rows, ByProcessHangBelowTheParentsLastRow) {
  EXPECT_EQ(shown(Tree::process),
            "10 user\n"
            "20 net\n"
            " 30 uts\n"
            "  50 user\n"
            "  60 net\n"
            "40 user\n");
  EXPECT_EQ(shown(Tree::process, {Kind::net}), "20 net\n60 net\n");
}

TEST_F(Rows, ByOwnerHaveTheOwnersOfAllThatIsShown) {
  EXPECT_EQ(shown(Tree::owner),
            "10 user\n"
            " 20 net\n"
            " 30 uts\n"
            " 40 user\n"
            "  50 user\n"
            "   60 net\n");
  // But only of the requested kinds.
  EXPECT_EQ(shown(Tree::owner, {Kind::net}), "20 net\n60 net\n");
  EXPECT_EQ(shown(Tree::owner, {Kind::net}, 1), "20 net\n");
  EXPECT_EQ(shown(Tree::owner, {Kind::net, Kind::user}, 9),
            "10 user\n"
            " 40 user\n"
            "  50 user\n"
            "   60 net\n");
}

TEST_F(Rows, ByParentStandAloneWhereAKindHasNone) {
  EXPECT_EQ(shown(Tree::parent),
            "10 user\n"
            " 40 user\n"
            "  50 user\n"
            "20 net\n"
            "30 uts\n"
            "60 net\n");
  EXPECT_EQ(shown(Tree::parent, {Kind::user}, 9), "10 user\n 40 user\n  50 user\n");
}

TEST(MakeRows, OfNothingAreNone) {
  for (const Tree tree : {Tree::none, Tree::process, Tree::parent, Tree::owner}) {
    EXPECT_EQ(shown({}, {KindSet::all(), {}, tree}), "");
  }
}

TEST(MakeRows, PutParentsFirstThoughTheirInodesAreHigher) {
  // Inode numbers are reused: they are unrelated to age.
  MadeCensus made;
  const CensusIndex child = made.ns(Kind::pid, 10, 1);
  const CensusIndex parent = made.ns(Kind::pid, 20);
  made.process(1, 0, {parent});
  made.process(2, 1, {child});
  EXPECT_EQ(shown(made.census, {KindSet::all(), {}, Tree::parent}), "20 pid\n 10 pid\n");
  // As in lsns(8).
  EXPECT_EQ(shown(made.census, {KindSet::all(), {}, Tree::process}), "10 pid\n20 pid\n");
}

TEST(MakeRows, HangBelowTheLastOneBeforeThemWhereAProcessLeadsSeveral) {
  MadeCensus made;
  const CensusIndex net = made.ns(Kind::net, 10);
  const CensusIndex inner = made.ns(Kind::net, 20);
  const CensusIndex uts = made.ns(Kind::uts, 30);
  made.process(1, 0, {net, uts});
  made.process(2, 1, {inner});
  EXPECT_EQ(shown(made.census, {KindSet::all(), {}, Tree::process}), "10 net\n 20 net\n30 uts\n");
}

TEST(MakeRows, ShowACircleFromOneOfItsMembersOn) {
  // No kernel reports that; but a PID can be reused during the reading.
  for (const bool one : {true, false}) {
    MadeCensus made;
    const CensusIndex a = made.ns(Kind::pid, 10, one ? 0 : 1, one ? 0 : 1);
    const CensusIndex b = made.ns(Kind::pid, 20, one ? kNone : 0, one ? kNone : 0);
    made.process(1, one ? 1 : 2, {a});
    made.process(2, one ? 9 : 1, {b});
    EXPECT_EQ(shown(made.census, {KindSet::all(), {}, Tree::process}),
              one ? "10 pid\n20 pid\n" : "10 pid\n 20 pid\n");
    EXPECT_EQ(shown(made.census, {KindSet::all(), {}, Tree::owner}),
              one ? "20 pid\n10 pid\n" : "20 pid\n 10 pid\n");
    EXPECT_EQ(shown(made.census, {KindSet::all(), {}, Tree::parent}),
              one ? "20 pid\n10 pid\n" : "20 pid\n 10 pid\n");
  }
}

}  // namespace
}  // namespace nsx::ls_tool
