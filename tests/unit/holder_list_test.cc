// SPDX-License-Identifier: MIT
#include "fake_proc.hh"
#include "made_census.hh"
#include "nsx-ls/facts.hh"
#include "support.hh"

namespace nsx::ls_tool {
namespace {

using Type = CensusHolder::Type;

std::vector<Holder> read_from(const Kernel& kernel, const Census& census, CensusIndex ns) {
  ProgramNames programs(kernel);
  return read_holders(kernel, census, ns, programs);
}

/// A namespace with holders of each type.
class Held : public MadeCensus {
 public:
  Held() {
    other = ns(Kind::mnt, 10);
    held = ns(Kind::net, 20);
    process(5, 1, {held});
    process(6, 1, {held});
    census.mounts.push_back({"/run/netns/blue", other, 7, true});
    census.mounts.push_back({"/pin", kNone, 0, false});
    census.holders = {
        {other, Type::fd, 99, 1, kNone},  // of another
        {held, Type::thread, 7, 71, kNone}, {held, Type::children, 8, 0, kNone},
        {held, Type::fd, 7, 3, kNone},      {held, Type::fd, 7, 4, kNone},
        {held, Type::fd, 8, 3, kNone},      {held, Type::fd, 9, 3, kNone},
        {held, Type::socket, 9, 5, kNone},  {held, Type::mount, 0, 0, 0},
        {held, Type::mount, 0, 0, 1},       {held, Type::child, 0, 0, other},
        {held, Type::owned, 0, 0, other},   {held, Type::owned, 0, 0, other},
    };
    for (const auto& [pid, name] : {std::pair{7, "web"}, std::pair{8, "db"}})
      proc.add({pid, 1, {}, name});
  }

  std::vector<Holder> read(CensusIndex ns) const { return read_from(proc.kernel(), census, ns); }

  CensusIndex other, held;
  FakeProc proc;
};

TEST(HoldersInWords, CountsAndNames) {
  const Held scene;
  EXPECT_EQ(in_words(scene.read(scene.held)),
            "2 processes, 1 thread (web 7), 1 process for its children (db 8), "
            "4 fds (web 7, db 8 and 1 more), 1 socket (9), 2 mounts /run/netns/blue, /pin, "
            "1 child namespace, 2 owned namespaces");
  EXPECT_EQ(in_words(scene.read(scene.other)), "1 fd (99)");
}

TEST(HoldersInWords, SaysInWhoseMountNamespaceAMountIs) {
  Held scene;
  scene.census.mounts[1] = {"/pin", scene.other, 8, false};
  scene.census.holders = {{scene.held, Type::mount, 0, 0, 1}};
  EXPECT_EQ(in_words(scene.read(scene.held)), "2 processes, 1 mount /pin in mnt 10 (db 8)");
  cli::JsonWriter json;
  write_json(scene.read(scene.held), json);
  EXPECT_EQ(json.take(), R"([{"type":"process","count":2},)"
                         R"({"type":"mount","path":"/pin","ns":10,"pid":8,"command":"db"}])");
}

TEST(HoldersInWords, IsEmptyForNothing) {
  MadeCensus made;
  const CensusIndex ns = made.ns(Kind::net, 20);
  EXPECT_EQ(in_words(read_from(FakeProc().kernel(), made.census, ns)), "");
}

TEST(HoldersInWords, LeavesTheLookerOut) {
  MadeCensus made;
  const CensusIndex ns = made.ns(Kind::net, 20);
  made.census.holders = {{ns, Type::fd, ::getpid(), 3, kNone}};
  EXPECT_TRUE(read_from(newest_kernel(), made.census, ns).empty());
}

TEST(HolderJson, IsAListOfWhatThereIs) {
  const Held scene;
  cli::JsonWriter json;
  write_json(scene.read(scene.held), json);
  EXPECT_EQ(json.take(), R"([{"type":"process","count":2},)"
                         R"({"type":"thread","pid":7,"number":71,"command":"web"},)"
                         R"({"type":"children","pid":8,"command":"db"},)"
                         R"({"type":"fd","pid":7,"number":3,"command":"web"},)"
                         R"({"type":"fd","pid":7,"number":4,"command":"web"},)"
                         R"({"type":"fd","pid":8,"number":3,"command":"db"},)"
                         R"({"type":"fd","pid":9,"number":3},)"
                         R"({"type":"socket","pid":9,"number":5},)"
                         R"({"type":"mount","path":"/run/netns/blue","ns":10,"pid":7},)"
                         R"({"type":"mount","path":"/pin"},)"
                         R"({"type":"child","ns":10},)"
                         R"({"type":"owned","ns":10},{"type":"owned","ns":10}])");
}

}  // namespace
}  // namespace nsx::ls_tool
