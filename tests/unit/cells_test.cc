#include "nsx-ls/cells.hh"

#include <algorithm>

#include "fake_proc.hh"
#include "made_census.hh"
#include "nsx-ls/id_maps.hh"
#include "support.hh"

namespace nsx::ls_tool {
namespace {

constexpr uid_t kNoUser = 4000000;

std::string shown(Cells&& cells, CensusIndex ns, Column column) {
  return cli::shown(cells.cell(ns, column));
}
std::string shown(Cells& cells, CensusIndex ns, Column column) {
  return cli::shown(cells.cell(ns, column));
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
  proc.write(5, "cgroup", "0::/system.slice/web.service/lxc.payload.web\n");
  proc.write(5, "cmdline",
             std::string_view("sleep\0"
                              "300\0",
                              10));
  proc.add({6, 5, {}});
  const Kernel kernel = proc.kernel();
  Cells cells(kernel, made.census);

  const struct {
    Column column;
    std::string of_child, of_user;  // no process is in the latter
  } cases[] = {
      {Column::ns, "20", "10"},
      {Column::type, "user", "user"},
      {Column::path, proc.path() + "/5/ns/user", ""},
      {Column::nprocs, "2", "0"},
      {Column::pid, "5", ""},
      {Column::ppid, "1", ""},
      {Column::command, "sleep 300", ""},
      {Column::uid, std::to_string(kNoUser), ""},
      {Column::user, std::to_string(kNoUser), ""},
      {Column::netnsid, "", ""},
      {Column::nsfs, "", ""},
      {Column::pns, "10", "0"},
      {Column::ons, "10", "0"},
      {Column::id, "77", ""},
      {Column::held_by, "2 processes", ""},
      {Column::pin_name, "", ""},
      {Column::container, "web", ""},
      {Column::unit, "web.service", ""},
      {Column::cgroup, "/system.slice/web.service/lxc.payload.web", ""},
      {Column::threads, "0", "0"},
      {Column::owner_user, "", ""},
      {Column::uid_map, "", ""},
      {Column::gid_map, "", ""},
      {Column::leader, "6", ""},
  };
  ASSERT_EQ(std::size(cases) + 1, kColumns.size());  // AGE has a test of its own
  for (const auto& c : cases) {
    EXPECT_EQ(shown(cells, child, c.column), c.of_child) << info(c.column).name;
    EXPECT_EQ(shown(cells, user, c.column), c.of_user) << info(c.column).name;
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
  EXPECT_EQ(cells.cell(net, Column::ns).value, cli::Value(std::uint64_t{10}));
  EXPECT_EQ(cells.cell(net, Column::type).value, cli::Value("net"));
  EXPECT_EQ(cells.cell(net, Column::nsfs).value, cli::Value(Texts{}));
  EXPECT_EQ(cells.cell(net, Column::held_by).value, cli::Value(Texts{"1 process"}));
  EXPECT_EQ(cells.cell(net, Column::held_by).json, R"([{"type":"process","count":1}])");
  EXPECT_EQ(cells.cell(empty, Column::held_by).json, "[]");
  EXPECT_EQ(cells.cell(empty, Column::pid).value, cli::Value());
  const cli::Cell age = cells.cell(net, Column::age);
  const auto* seconds = std::get_if<std::uint64_t>(&age.value);
  ASSERT_NE(seconds, nullptr);
  EXPECT_EQ(age.shown, spelled_age(*seconds));
  EXPECT_EQ(cells.cell(empty, Column::age).value, cli::Value());
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
  EXPECT_EQ(shown(cells, usual, Column::threads), "2");
  EXPECT_EQ(shown(cells, own, Column::threads), "1");
}

TEST(Cells, TellWhoMadeTheOwner) {
  MadeCensus made;
  const CensusIndex user = made.ns(Kind::user, 10);
  const CensusIndex net = made.ns(Kind::net, 20, kNone, user);
  made.census.namespaces[user].creator = kNoUser;
  const FakeProc proc;
  const Kernel kernel = proc.kernel();
  Cells cells(kernel, made.census);
  EXPECT_EQ(shown(cells, user, Column::owner_user), std::to_string(kNoUser));
  EXPECT_EQ(shown(cells, net, Column::owner_user), std::to_string(kNoUser));
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
    return cells.match(must(cli::Filter::parse(text, column_names())), ns);
  };
  EXPECT_TRUE(takes("TYPE == 'net' and NPROCS >= 1", net));
  EXPECT_FALSE(takes("TYPE == 'net' and NPROCS >= 1", uts));
  EXPECT_TRUE(takes("NAME == 'b'", net));
  EXPECT_FALSE(takes("PID", uts));
  EXPECT_TRUE(takes("NS < 15", net));
}

TEST(Cells, HaveTheMapsOfUserNamespaces) {
  const Kernel kernel = newest_kernel();
  const Census census = must(take_census(kernel, {}));
  Cells cells(kernel, census);
  const auto self = std::ranges::find(census.processes, ::getpid(), &CensusProcess::pid);
  ASSERT_NE(self, census.processes.end());
  const std::string text = must(must(Process::open(kernel, self->pid)).read("uid_map"));
  const auto maps =
      std::get<std::vector<std::string>>(cells.cell(self->in(Kind::user), Column::uid_map).value);
  EXPECT_EQ(maps, spelled_lines(must(parse_id_map(text))));
  EXPECT_EQ(cells.cell(self->in(Kind::net), Column::uid_map).value, cli::Value());
}

TEST(Cells, NameUsers) {
  MadeCensus made;
  const CensusIndex net = made.ns(Kind::net, 10);
  made.process(1, 0, {net}, 0);
  const Kernel kernel = newest_kernel();
  EXPECT_EQ(shown(Cells(kernel, made.census), net, Column::user), "root");
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
  EXPECT_EQ(shown(cells, blue, Column::pin_name), "blue");
  EXPECT_EQ(shown(cells, blue, Column::nsfs), "/run/netns/blue\n/run/a b");
  EXPECT_EQ(shown(cells, nowhere, Column::nsfs), "");
}

TEST(Cells, AskForNetIdsOfLiveNamespacesOnly) {
  const Kernel kernel = newest_kernel();
  MadeCensus made;
  const CensusIndex other = made.ns(Kind::net, 1);  // not that of the process any more
  made.process(::getpid(), ::getppid(), {other});
  EXPECT_EQ(shown(Cells(kernel, made.census), other, Column::netnsid), "");

  CensusRequest request;
  request.kinds = {Kind::net};
  const Census real = must(take_census(kernel, request));
  Cells cells(kernel, real);
  for (const CensusProcess& process : real.processes) {
    if (process.pid != ::getpid()) continue;
    const std::string id = shown(cells, process.in(Kind::net), Column::netnsid);
    EXPECT_TRUE(id == "unassigned" || std::isdigit(id[0])) << id;
  }
}

}  // namespace
}  // namespace nsx::ls_tool
