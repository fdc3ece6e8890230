// SPDX-License-Identifier: MIT
#include <algorithm>

#include "fake_proc.hh"
#include "made_census.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/facts.hh"
#include "support.hh"

namespace nsx::ls_tool {
namespace {

constexpr uid_t kNoUser = 4000000;

/// Reads the data of a cell, then makes it.
class Cells {
 public:
  Cells(const Kernel& kernel, const Census& census) : census_(census), reader_(kernel, census) {}

  cli::Cell cell(CensusIndex ns, cli::ColumnId id) { return info(id).cell(row(ns, id)); }

  std::string json(CensusIndex ns, cli::ColumnId id) {
    cli::JsonWriter json;
    cli::write_member(info(id), row(ns, id), json.open('{'));
    return json.close().take();
  }

 private:
  NamespaceRow row(CensusIndex ns, cli::ColumnId id) {
    const Subject subject = subject_of(census_, ns);
    reader_.read({&subject, 1}, info(id).needs.facts);
    return {census_, reader_.facts(), subject};
  }

  const Census& census_;
  FactReader reader_;
};

std::string shown(Cells&& cells, CensusIndex ns, cli::ColumnId id) {
  return cli::shown(cells.cell(ns, id));
}
std::string shown(Cells& cells, CensusIndex ns, cli::ColumnId id) {
  return cli::shown(cells.cell(ns, id));
}

TEST(Cells, TellWhatTheCensusHolds) {
  MadeCensus made;
  const CensusIndex user = made.ns(Kind::user, 10);
  const CensusIndex child = made.ns(Kind::user, 20, user, user);
  made.census.namespaces[child].identity.id = 77;
  made.process(5, 1, {child}, kNoUser);
  made.process(6, 5, {child});
  made.census.processes[0].start_time = 200;
  made.census.processes[1].start_time = 100;
  FakeProc proc;
  proc.add({.pid = 5, .parent = 1, .links = {}, .start_time = 200});
  proc.write(5, "cgroup", "0::/system.slice/web.service/lxc.payload.web\n");
  proc.write(5, "cmdline",
             std::string_view("sleep\0"
                              "300\0",
                              10));
  proc.add({6, 5, {}});
  const Kernel kernel = proc.kernel();
  Cells cells(kernel, made.census);

  const struct {
    cli::ColumnId column;
    std::string of_child, of_user;  // no process is in the latter
  } cases[] = {
      {column("NS"), "20", "10"},
      {column("TYPE"), "user", "user"},
      {column("PATH"), proc.path() + "/5/ns/user", ""},
      {column("NPROCS"), "2", "0"},
      {column("PID"), "5", ""},
      {column("PPID"), "1", ""},
      {column("COMMAND"), "sleep 300", ""},
      {column("UID"), std::to_string(kNoUser), ""},
      {column("USER"), std::to_string(kNoUser), ""},
      {column("NETNSID"), "", ""},
      {column("NSFS"), "", ""},
      {column("PNS"), "10", "0"},
      {column("ONS"), "10", "0"},
      {column("ID"), "77", ""},
      {column("HELD-BY"), "2 processes", ""},
      {column("NAME"), "", ""},
      {column("CONTAINER"), "?web", ""},
      {column("UNIT"), "?web.service", ""},
      {column("CGROUP"), "/system.slice/web.service/lxc.payload.web", ""},
      {column("THREADS"), "0", "0"},
      {column("OWNER-USER"), "", ""},
      {column("UIDMAP"), "", ""},
      {column("GIDMAP"), "", ""},
      {column("LEADER"), "6", ""},
  };
  ASSERT_EQ(std::size(cases) + 1, kColumns.size());  // AGE has a test of its own
  for (const auto& c : cases) {
    EXPECT_EQ(shown(cells, child, c.column), c.of_child) << info(c.column).table.name;
    EXPECT_EQ(shown(cells, user, c.column), c.of_user) << info(c.column).table.name;
  }
}

TEST(Cells, HaveValuesOfTheirTypes) {
  MadeCensus made;
  const CensusIndex net = made.ns(Kind::net, 10);
  const CensusIndex empty = made.ns(Kind::net, 20);
  made.process(5, 1, {net});
  made.census.processes[0].start_time = 1;
  const FakeProc proc;
  const Kernel kernel = proc.kernel();
  Cells cells(kernel, made.census);
  using Texts = std::vector<std::string>;
  EXPECT_EQ(cells.cell(net, column("NS")).value, cli::Value(std::uint64_t{10}));
  EXPECT_EQ(cells.cell(net, column("TYPE")).value, cli::Value("net"));
  EXPECT_EQ(cells.cell(net, column("NSFS")).value, cli::Value(Texts{}));
  EXPECT_EQ(cells.cell(net, column("HELD-BY")).value, cli::Value(Texts{"1 process"}));
  EXPECT_EQ(cells.json(net, column("HELD-BY")), R"({"held_by":[{"type":"process","count":1}]})");
  EXPECT_EQ(cells.json(empty, column("HELD-BY")), R"({"held_by":[]})");
  EXPECT_EQ(cells.cell(empty, column("PID")).value, cli::Value());
  const cli::Cell age = cells.cell(net, column("AGE"));
  const auto* seconds = std::get_if<std::uint64_t>(&age.value);
  ASSERT_NE(seconds, nullptr);
  EXPECT_EQ(age.shown, spelled_age(*seconds));
  EXPECT_EQ(cells.cell(empty, column("AGE")).value, cli::Value());
}

TEST(Cells, CountThreadsWhereTheyAre) {
  MadeCensus made;
  const CensusIndex usual = made.ns(Kind::uts, 10);
  const CensusIndex own = made.ns(Kind::uts, 20);
  made.process(5, 1, {usual});
  made.census.processes[0].threads = 3;
  made.census.holders.push_back({own, CensusHolder::Type::thread, 5, 6, kNone});
  const FakeProc proc;
  const Kernel kernel = proc.kernel();
  Cells cells(kernel, made.census);
  EXPECT_EQ(shown(cells, usual, column("THREADS")), "2");
  EXPECT_EQ(shown(cells, own, column("THREADS")), "1");
}

TEST(Cells, TellWhoMadeTheOwner) {
  MadeCensus made;
  const CensusIndex user = made.ns(Kind::user, 10);
  const CensusIndex net = made.ns(Kind::net, 20, kNone, user);
  made.census.namespaces[user].creator = kNoUser;
  const FakeProc proc;
  const Kernel kernel = proc.kernel();
  Cells cells(kernel, made.census);
  EXPECT_EQ(shown(cells, user, column("OWNER-USER")), std::to_string(kNoUser));
  EXPECT_EQ(shown(cells, net, column("OWNER-USER")), std::to_string(kNoUser));
}

TEST(Cells, AreWhatAFilterSees) {
  MadeCensus made;
  const CensusIndex net = made.ns(Kind::net, 10);
  const CensusIndex uts = made.ns(Kind::uts, 20);
  made.process(5, 1, {net});
  made.census.mounts = {{"/run/netns/a", kNone, 5, true}, {"/run/netns/b", kNone, 5, true}};
  for (CensusIndex i = 0; i < 2; ++i)
    made.census.holders.push_back({net, CensusHolder::Type::mount, 0, 0, i});
  const FakeProc proc;
  const Kernel kernel = proc.kernel();
  Cells cells(kernel, made.census);
  const auto takes = [&](const char* text, CensusIndex ns) {
    return must(cli::RowFilter::parse(kColumnNames, text)).matches([&](cli::ColumnId id) {
      return cells.cell(ns, id).value;
    });
  };
  EXPECT_TRUE(takes("TYPE == 'net' and NPROCS >= 1", net));
  EXPECT_FALSE(takes("TYPE == 'net' and NPROCS >= 1", uts));
  EXPECT_TRUE(takes("NAME == 'b'", net));
  EXPECT_FALSE(takes("PID", uts));
  EXPECT_TRUE(takes("NS < 15", net));
}

TEST(Cells, ShowNothingOfAProcessWhoseNumberAnotherHas) {
  MadeCensus made;
  const CensusIndex net = made.ns(Kind::net, 10);
  made.process(5, 1, {net});
  FakeProc proc;
  proc.add({.pid = 5, .parent = 1, .links = {}, .name = "other", .start_time = 200});
  proc.write(5, "cmdline", "other");
  proc.write(5, "cgroup", "0::/system.slice/web.service/lxc.payload.web\n");
  const Kernel kernel = proc.kernel();
  for (const std::uint64_t start : {200U, 100U}) {
    made.census.processes[0].start_time = start;
    const bool is_it = start == 200;
    Cells cells(kernel, made.census);
    EXPECT_EQ(shown(cells, net, column("PID")), "5");
    EXPECT_EQ(shown(cells, net, column("COMMAND")), is_it ? "other" : "");
    EXPECT_EQ(shown(cells, net, column("CONTAINER")), is_it ? "?web" : "");
    EXPECT_EQ(shown(cells, net, column("UNIT")), is_it ? "?web.service" : "");
    EXPECT_EQ(shown(cells, net, column("CGROUP")) == "", !is_it);
  }
}

TEST(Cells, HaveTheMapsOfUserNamespaces) {
  const Kernel kernel = newest_kernel();
  const Census census = must(take_census(kernel, {}));
  Cells cells(kernel, census);
  const auto self = std::ranges::find(census.processes, ::getpid(), &CensusProcess::pid);
  ASSERT_NE(self, census.processes.end());
  const std::string text = must(must(Process::open(kernel, self->pid)).read("uid_map"));
  const auto maps =
      std::get<std::vector<std::string>>(cells.cell(self->in(Kind::user), column("UIDMAP")).value);
  EXPECT_EQ(maps, spelled_lines(must(parse_id_map(text))));
  EXPECT_EQ(cells.cell(self->in(Kind::net), column("UIDMAP")).value, cli::Value());
}

TEST(Cells, NameUsers) {
  MadeCensus made;
  const CensusIndex net = made.ns(Kind::net, 10);
  made.process(1, 0, {net}, 0);
  const Kernel kernel = newest_kernel();
  EXPECT_EQ(shown(Cells(kernel, made.census), net, column("USER")), "root");
}

TEST(Cells, ShowWhereANamespaceIsMounted) {
  MadeCensus made;
  const CensusIndex blue = made.ns(Kind::net, 10);
  const CensusIndex nowhere = made.ns(Kind::net, 30);
  made.census.mounts = {{"/run/netns/blue", kNone, 5, true},
                        {"/run/a b", kNone, 5, true},
                        {"/run/netns/elsewhere", kNone, 6, false}};
  for (CensusIndex i = 0; i < made.census.mounts.size(); ++i)
    made.census.holders.push_back({blue, CensusHolder::Type::mount, 0, 0, i});
  const FakeProc proc;
  const Kernel kernel = proc.kernel();
  Cells cells(kernel, made.census);
  EXPECT_EQ(shown(cells, blue, column("NAME")), "blue");
  EXPECT_EQ(shown(cells, blue, column("NSFS")),
            std::string("/run/netns/blue") + cli::kBreak + "/run/a b");
  EXPECT_EQ(shown(cells, nowhere, column("NSFS")), "");
}

TEST(Cells, AskForNetIdsOfLiveNamespacesOnly) {
  const Kernel kernel = newest_kernel();
  MadeCensus made;
  const CensusIndex other = made.ns(Kind::net, 1);  // not that of the process any more
  made.process(::getpid(), ::getppid(), {other});
  EXPECT_EQ(shown(Cells(kernel, made.census), other, column("NETNSID")), "");

  CensusRequest request;
  request.kinds = {Kind::net};
  const Census real = must(take_census(kernel, request));
  Cells cells(kernel, real);
  for (const CensusProcess& process : real.processes) {
    if (process.pid != ::getpid()) continue;
    const std::string id = shown(cells, process.in(Kind::net), column("NETNSID"));
    EXPECT_TRUE(id == "unassigned" || std::isdigit(id[0])) << id;
  }
}

}  // namespace
}  // namespace nsx::ls_tool
