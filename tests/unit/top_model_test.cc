// SPDX-License-Identifier: MIT
#include "nsx-cg/top_model.hh"

#include <algorithm>
#include <initializer_list>

#include "made_snapshot.hh"
#include "support.hh"

namespace nsx::cg_tool {
namespace {

using Name = TopKey::Name;
using Kind = TopAction::Kind;

TopModel make(TopSettings settings = {}) {
  if (settings.columns.empty()) {
    settings.columns = {column("CPU%"), column("MEM")};
  }
  auto model = TopModel::make(std::move(settings));
  EXPECT_TRUE(model);
  return std::move(*model);
}

std::vector<std::string> paths(const TopModel& model) {
  std::vector<std::string> all;
  for (const Row& row : model.rows())
    all.push_back(model.snapshot().reading.cgroups[row.cgroup].path);
  return all;
}

using Paths = std::vector<std::string>;

TopAction type(TopModel& model, std::string_view text) {
  TopAction action;
  for (const char letter : text)
    action = model.press({Name::character, std::string(1, letter)});
  return action;
}

TopAction press(TopModel& model, Name name) {
  return model.press({name});
}

std::string selected(const TopModel& model) {
  return model.selected_row() ? paths(model)[*model.selected_row()] : "none";
}

/// The root, a (1 CPU), a/x (0.75), a/y (0.25), b (2).
TopSnapshot scene() {
  return MadeSnapshot()
      .add("/", {.cpu = 3, .memory = 100})
      .add("/a", {.cpu = 1, .memory = 30})
      .add("/a/x", {.cpu = 0.75, .memory = 10})
      .add("/a/y", {.cpu = 0.25, .memory = 20})
      .add("/b", {.cpu = 2, .memory = 70})
      .done();
}

TopModel model_of_scene(TopSettings settings = {}) {
  TopModel model = make(std::move(settings));
  model.set_room(10);
  model.take(scene());
  return model;
}

TEST(TopModel, BeginsWithWhatUsesMostOfTheCpu) {
  const TopModel model = model_of_scene();
  EXPECT_EQ(paths(model), (Paths{"/", "/b", "/a", "/a/x", "/a/y"}));
  EXPECT_EQ(selected(model), "none");
}

TEST(TopModel, SortsByKeyAndTheOtherWayRound) {
  TopModel model = model_of_scene();
  type(model, "m");
  EXPECT_EQ(paths(model), (Paths{"/", "/b", "/a", "/a/y", "/a/x"}));
  type(model, "r");
  EXPECT_EQ(paths(model), (Paths{"/a/x", "/a/y", "/a", "/b", "/"}));
  type(model, "a");
  EXPECT_EQ(paths(model), (Paths{"/", "/a", "/a/x", "/a/y", "/b"}));
}

TEST(TopModel, SortsByTheColumnBeside) {
  TopModel model = model_of_scene();
  const auto sorted_by = [&](std::string_view keys) {
    type(model, keys);
    return model.settings().sort;
  };
  EXPECT_EQ(sorted_by(">"), column("MEM"));
  EXPECT_EQ(sorted_by(">"), kEventsColumn);
  EXPECT_EQ(sorted_by(">"), kEventsColumn);
  EXPECT_EQ(sorted_by("<<<"), column("NAME"));
  EXPECT_FALSE(model.settings().falling);
  EXPECT_EQ(sorted_by("<"), column("NAME"));
  // From a column that is not shown.
  EXPECT_EQ(sorted_by("o>"), column("NAME"));
}

TEST(TopModel, SortsByHowBadEventsAre) {
  TopModel model = make();
  model.take(MadeSnapshot()
                 .add("/", {})
                 .add("/frozen", {.events = {.frozen = true}})
                 .add("/killed", {.events = {.kills = 1}})
                 .add("/quiet", {})
                 .add("/throttled", {.events = {.throttled = 0.5}})
                 .done());
  type(model, "E");
  EXPECT_EQ(paths(model), (Paths{"/killed", "/throttled", "/frozen", "/", "/quiet"}));
}

TEST(TopModel, SortsSiblingsInTheTree) {
  TopModel model = model_of_scene();
  type(model, "v");
  EXPECT_EQ(paths(model), (Paths{"/", "/b", "/a", "/a/x", "/a/y"}));
  type(model, "m");
  EXPECT_EQ(paths(model), (Paths{"/", "/b", "/a", "/a/y", "/a/x"}));
  type(model, "v");
  EXPECT_FALSE(model.settings().is_tree);
}

TEST(TopModel, ChoosesByArrowsAndStaysInside) {
  TopModel model = model_of_scene();
  press(model, Name::down);
  EXPECT_EQ(selected(model), "/");
  press(model, Name::up);
  EXPECT_EQ(selected(model), "/");
  press(model, Name::down);
  EXPECT_EQ(selected(model), "/b");
  press(model, Name::end);
  EXPECT_EQ(selected(model), "/a/y");
  press(model, Name::down);
  EXPECT_EQ(selected(model), "/a/y");
  press(model, Name::home);
  EXPECT_EQ(selected(model), "/");
  press(model, Name::page_down);
  EXPECT_EQ(selected(model), "/a/y");
  press(model, Name::page_up);
  EXPECT_EQ(selected(model), "/");
  type(model, "jj");
  EXPECT_EQ(selected(model), "/a");
  type(model, "k");
  EXPECT_EQ(selected(model), "/b");
  press(model, Name::escape);
  EXPECT_EQ(selected(model), "none");
}

TEST(TopModel, FollowsTheChosenCgroup) {
  TopModel model = model_of_scene();
  type(model, "jj");
  ASSERT_EQ(selected(model), "/b");
  type(model, "r");
  EXPECT_EQ(selected(model), "/b");
  model.take(MadeSnapshot()
                 .add("/", {.cpu = 3})
                 .add("/a", {.cpu = 2})
                 .add("/a/x", {.cpu = 2})
                 .add("/b", {.cpu = 0})
                 .done());
  EXPECT_EQ(selected(model), "/b");
  EXPECT_EQ(model.selected_row(), 0U);
}

TEST(TopModel, DoesNotTakeANewCgroupOfTheSameNameForTheOld) {
  TopModel model = model_of_scene();
  type(model, "Gk");
  ASSERT_EQ(selected(model), "/a/x");
  MadeSnapshot other;
  other.add("/", {.cpu = 3}).add("/a", {.cpu = 1}).add("/a/x", {.id = 4711, .cpu = 2.5});
  other.add("/a/y", {.cpu = 0.25});
  model.take(other.done());
  // /, /a/x, /a, /a/y: rows keep their places.
  EXPECT_EQ(selected(model), "/a/y");
}

TEST(TopModel, ChoosesTheNextWhereTheChosenVanishes) {
  TopModel model = model_of_scene();
  press(model, Name::end);
  model.take(MadeSnapshot().add("/", {.cpu = 3}).add("/a", {.cpu = 1}).done());
  EXPECT_EQ(selected(model), "/a");
  type(model, "f");
  type(model, "NAME == 'none of these'");
  press(model, Name::enter);
  EXPECT_EQ(selected(model), "none");
}

TEST(TopModel, ScrollsToWhatIsChosen) {
  TopModel model = make();
  model.set_room(3);
  MadeSnapshot many;
  many.add("/", {.cpu = 100});
  for (int i = 10; i < 30; ++i)
    many.add("/" + std::to_string(i), {.cpu = 50.0 - i});
  model.take(many.done());
  type(model, "jjj");
  EXPECT_EQ(model.first_row(), 0U);
  type(model, "j");
  EXPECT_EQ(model.first_row(), 1U);
  press(model, Name::page_down);
  EXPECT_EQ(selected(model), "/15");
  EXPECT_EQ(model.first_row(), 4U);
  press(model, Name::end);
  EXPECT_EQ(model.first_row(), 18U);
  // A larger screen shows as much as possible.
  model.set_room(5);
  EXPECT_EQ(model.first_row(), 16U);
  model.set_room(100);
  EXPECT_EQ(model.first_row(), 0U);
  // And a smaller one still shows the selection.
  model.set_room(2);
  EXPECT_EQ(model.first_row(), 19U);
}

TEST(TopModel, NarrowsAndGoesUpAgain) {
  TopModel model = model_of_scene();
  press(model, Name::enter);
  EXPECT_NE(model.message(), "");
  type(model, "jjj");
  press(model, Name::enter);
  EXPECT_EQ(model.base(), "/a");
  EXPECT_EQ(paths(model), (Paths{"/a", "/a/x", "/a/y"}));
  model.take(scene());
  EXPECT_EQ(paths(model), (Paths{"/a", "/a/x", "/a/y"}));
  type(model, "u");
  EXPECT_EQ(model.base(), "/");
  EXPECT_EQ(paths(model).size(), 5U);
  type(model, "u");
  EXPECT_EQ(model.base(), "/");
}

TEST(TopModel, GoesUpNoFurtherThanItBegan) {
  TopModel model = make();
  model.take(MadeSnapshot().add("/a", {.cpu = 1}).add("/a/x", {.cpu = 1}).done());
  EXPECT_EQ(model.base(), "/a");
  press(model, Name::end);
  press(model, Name::enter);
  EXPECT_EQ(paths(model), (Paths{"/a/x"}));
  press(model, Name::backspace);
  press(model, Name::backspace);
  EXPECT_EQ(model.base(), "/a");
}

TEST(TopModel, LeavesASubtreeThatIsRemoved) {
  TopModel model = model_of_scene();
  press(model, Name::end);
  press(model, Name::enter);
  ASSERT_EQ(model.base(), "/a/y");
  model.take(MadeSnapshot().add("/", {}).add("/a", {}).add("/a/x", {}).done());
  EXPECT_EQ(model.base(), "/a");
  EXPECT_EQ(model.message(), "/a/y has been removed");
}

TEST(TopModel, Searches) {
  TopModel model = model_of_scene();
  type(model, "n");
  EXPECT_NE(model.message(), "");
  type(model, "/A");
  EXPECT_EQ(model.mode(), TopMode::search);
  press(model, Name::enter);
  EXPECT_EQ(model.mode(), TopMode::browse);
  EXPECT_EQ(selected(model), "/a");
  type(model, "n");
  EXPECT_EQ(selected(model), "/a/x");
  type(model, "nn");
  EXPECT_EQ(selected(model), "/a");
  type(model, "N");
  EXPECT_EQ(selected(model), "/a/y");
  type(model, "/nowhere");
  press(model, Name::enter);
  EXPECT_EQ(selected(model), "/a/y");
  EXPECT_EQ(model.message(), "no match for 'nowhere'");
}

TEST(TopModel, SearchesFromTheFirstRowWithoutASelection) {
  TopModel model = model_of_scene();
  type(model, "//");
  press(model, Name::enter);
  EXPECT_EQ(selected(model), "/");
  press(model, Name::escape);
  type(model, "N");
  EXPECT_EQ(selected(model), "/");
}

TEST(TopModel, Filters) {
  TopModel model = model_of_scene();
  type(model, "fCPU% >= 100 and NAME != '/'");
  EXPECT_EQ(model.mode(), TopMode::filter);
  EXPECT_EQ(paths(model).size(), 5U);
  press(model, Name::enter);
  EXPECT_EQ(paths(model), (Paths{"/b", "/a"}));
  // It is offered again, for editing.
  type(model, "f");
  EXPECT_EQ(model.input(), "CPU% >= 100 and NAME != '/'");
  type(model, "\x15");
  EXPECT_EQ(model.input(), "");
  press(model, Name::enter);
  EXPECT_EQ(paths(model).size(), 5U);
}

TEST(TopModel, FiltersByEvents) {
  TopModel model = make({.filter = "EVENTS =~ \"killed\""});
  model.take(MadeSnapshot().add("/", {}).add("/a", {.events = {.kills = 2}}).done());
  EXPECT_EQ(paths(model), (Paths{"/a"}));
}

TEST(TopModel, KeepsAFilterThatItCannotReadForMending) {
  TopModel model = model_of_scene();
  type(model, "fCPU% >>");
  press(model, Name::enter);
  EXPECT_EQ(model.mode(), TopMode::filter);
  EXPECT_EQ(model.input(), "CPU% >>");
  EXPECT_NE(model.message(), "");
  EXPECT_EQ(paths(model).size(), 5U);
  press(model, Name::backspace);
  type(model, " 150");
  press(model, Name::enter);
  EXPECT_EQ(paths(model), (Paths{"/", "/b"}));
  // Esc leaves the filter as it was.
  type(model, "fxyz");
  press(model, Name::escape);
  EXPECT_EQ(paths(model), (Paths{"/", "/b"}));
  EXPECT_EQ(model.settings().filter, "CPU% > 150");
}

TEST(TopModel, ShowsTheWayToWhatTheFilterAcceptsInTheTree) {
  TopModel model = model_of_scene({.is_tree = true, .filter = "NAME =~ 'x$'"});
  EXPECT_EQ(paths(model), (Paths{"/", "/a", "/a/x"}));
}

TEST(TopModel, TakesCharactersWholeFromTheInput) {
  TopModel model = model_of_scene();
  type(model, "/");
  model.press({Name::character, "a"});
  model.press({Name::character, "\u20ac"});
  press(model, Name::backspace);
  EXPECT_EQ(model.input(), "a");
  press(model, Name::backspace);
  press(model, Name::backspace);
  EXPECT_EQ(model.input(), "");
}

TEST(TopModel, AsksBeforeItKills) {
  TopModel model = model_of_scene();
  EXPECT_EQ(type(model, "K").kind, Kind::nothing);
  EXPECT_EQ(model.mode(), TopMode::browse);  // nothing is chosen
  type(model, "jj");
  EXPECT_EQ(type(model, "K").kind, Kind::nothing);
  EXPECT_EQ(model.mode(), TopMode::confirm);
  EXPECT_EQ(model.asked().path, "/b");
  // The question stays the same, whatever happens meanwhile.
  model.take(MadeSnapshot().add("/", {.cpu = 3}).add("/a", {.cpu = 1}).done());
  const TopAction action = type(model, "y");
  EXPECT_EQ(action.kind, Kind::kill);
  EXPECT_EQ(action.path, "/b");
  EXPECT_EQ(action.id, id_of("/b"));
}

TEST(TopModel, TakesAnyOtherKeyForNo) {
  for (const TopKey& key : {TopKey{Name::enter}, TopKey{Name::escape}, TopKey{Name::character, "n"},
                            TopKey{Name::character, "K"}, TopKey{Name::character, "q"}}) {
    TopModel model = model_of_scene();
    type(model, "jjK");
    EXPECT_EQ(model.press(key).kind, Kind::nothing);
    EXPECT_EQ(model.mode(), TopMode::browse);
    EXPECT_EQ(model.message(), "canceled");
  }
}

TEST(TopModel, FreezesAndThaws) {
  TopModel model = make();
  model.take(
      MadeSnapshot().add("/", {}).add("/a", {.events = {.frozen = true}}).add("/b", {}).done());
  type(model, "aGF");
  EXPECT_EQ(type(model, "y").kind, Kind::freeze);
  type(model, "kF");
  EXPECT_EQ(type(model, "Y").kind, Kind::thaw);
  // The root has no such files.
  type(model, "gF");
  EXPECT_EQ(model.mode(), TopMode::browse);
  EXPECT_NE(model.message(), "");
}

/// A root with a container, "web", and something else.
TopSnapshot scene_with_container() {
  const auto contain = [](CgroupSample& sample) {
    sample.place.container = PlaceName{"web", sample.path, true};
  };
  return MadeSnapshot().add("/", {}).add("/docker-1", {.change = contain}).add("/z", {}).done();
}

TEST(TopModel, FindsContainersByTheirNames) {
  TopModel model = make();
  model.set_room(10);
  model.take(scene_with_container());
  type(model, "/WEB");
  press(model, Name::enter);
  EXPECT_EQ(selected(model), "/docker-1");
  type(model, "fCONTAINER == 'web'");
  press(model, Name::enter);
  EXPECT_EQ(paths(model), Paths{"/docker-1"});
}

TEST(TopModel, HidesTheColumnOfContainersWhereThereIsNone) {
  const std::vector columns{column("CONTAINER"), column("MEM")};
  TopModel model = make({.columns = columns, .container_if_any = true});
  model.take(scene());
  EXPECT_EQ(model.columns(), std::vector{column("MEM")});
  model.take(scene_with_container());
  EXPECT_EQ(model.columns(), columns);
  TopModel asked = make({.columns = columns});
  asked.take(scene());
  EXPECT_EQ(asked.columns(), columns);
}

TEST(TopModel, RefusesToSortOrFilterByWhatTheTreeDoesNotHave) {
  TopSettings settings;
  settings.missing.resize(kColumns.size());
  settings.missing[static_cast<std::size_t>(column("MEM"))] =
      "the memory controller is bound to cgroup v1";
  TopModel model = model_of_scene(settings);
  type(model, "m");
  EXPECT_EQ(model.settings().sort, column("CPU%"));
  EXPECT_EQ(model.message(), "cannot sort by MEM: the memory controller is bound to cgroup v1");
  type(model, "fmem > 1");
  press(model, Name::enter);
  EXPECT_EQ(model.mode(), TopMode::filter);
  EXPECT_EQ(model.message(), "cannot filter by MEM: the memory controller is bound to cgroup v1");
  type(model,
       "\x15"
       "cpu > 90");
  press(model, Name::enter);
  EXPECT_EQ(paths(model), (Paths{"/", "/b", "/a"}));
}

TEST(TopModel, OpensPagesAboutWhatIsChosen) {
  TopModel model = model_of_scene();
  EXPECT_EQ(type(model, "e").kind, Kind::nothing);
  EXPECT_NE(model.message(), "");
  press(model, Name::home);
  const TopAction explain = type(model, "e");
  EXPECT_EQ(explain, (TopAction{Kind::explain, "/", id_of("/")}));
  EXPECT_EQ(model.page(), nullptr);
  model.show_page(explain, {"one", "two", "three"});
  ASSERT_NE(model.page(), nullptr);
  press(model, Name::down);
  EXPECT_EQ(model.page()->first, 1U);
  // Updated, it keeps its position, whatever the list does meanwhile.
  EXPECT_EQ(type(model, " "), explain);
  model.take(scene());
  model.show_page(explain, {"one", "two", "four"});
  EXPECT_EQ(model.page()->first, 1U);
  press(model, Name::end);
  type(model, "jjjj");
  EXPECT_EQ(model.page()->first, 2U);
  const TopAction processes = type(model, "p");
  EXPECT_EQ(processes, (TopAction{Kind::processes, "/", id_of("/")}));
  model.show_page(processes, {"1 init"});
  EXPECT_EQ(model.page()->first, 0U);
  // Keys that kill, sort or quit do not work here.
  EXPECT_EQ(type(model, "K").kind, Kind::nothing);
  EXPECT_EQ(model.page()->action, processes);
  EXPECT_EQ(type(model, "q").kind, Kind::nothing);
  EXPECT_EQ(model.page(), nullptr);
  EXPECT_EQ(selected(model), "/");
  model.show_page(explain, {});
  press(model, Name::escape);
  EXPECT_EQ(model.mode(), TopMode::browse);
  EXPECT_EQ(selected(model), "/");
}

TEST(TopModel, TellsWhatItHasToBeReadFrom) {
  TopModel model = make({.columns = {column("MEM")}, .sort = column("MEM")});
  EXPECT_TRUE(model.wanted_files().contains(CgroupFile::memory_current));
  EXPECT_TRUE(model.wanted_files().contains(CgroupFile::memory_max));  // its bar
  EXPECT_TRUE(model.wanted_files().contains(CgroupFile::events));
  EXPECT_FALSE(model.wanted_files().contains(CgroupFile::io_stat));
  EXPECT_FALSE(model.wanted_files().contains(CgroupFile::threads));
  type(model, "i");
  EXPECT_TRUE(model.wanted_files().contains(CgroupFile::io_stat));
  type(model, "fTHREADS > 1");
  press(model, Name::enter);
  EXPECT_TRUE(model.wanted_files().contains(CgroupFile::threads));
}

TEST(TopModel, KeepsTheIntervalWithinReason) {
  TopModel model = model_of_scene();
  type(model, "+");
  EXPECT_EQ(model.settings().interval, std::chrono::seconds(2));
  type(model, "++++++++++");
  EXPECT_EQ(model.settings().interval, std::chrono::seconds(60));
  type(model, "--------------------");
  EXPECT_EQ(model.settings().interval, std::chrono::milliseconds(100));
}

TEST(TopModel, TellsTheLoopWhatToDo) {
  TopModel model = model_of_scene();
  EXPECT_EQ(type(model, " ").kind, Kind::refresh);
  EXPECT_EQ(type(model, "\f").kind, Kind::repaint);
  EXPECT_EQ(type(model, "q").kind, Kind::quit);
  type(model, "h");
  EXPECT_EQ(model.mode(), TopMode::help);
  EXPECT_EQ(type(model, "q").kind, Kind::nothing);
  EXPECT_EQ(model.mode(), TopMode::browse);
  type(model, "%");
  EXPECT_NE(model.message(), "");
}

TEST(TopModel, RefusesAFilterFromTheStart) {
  EXPECT_FALSE(TopModel::make({.filter = "NOPE == 1"}));
}

TEST(TopModel, LivesWithNothingToShow) {
  TopModel model = make();
  for (const char key : std::string_view("jkgGrvunNKFae<>+-"))
    type(model, std::string_view(&key, 1));
  for (const Name name : {Name::up, Name::down, Name::page_up, Name::page_down, Name::home,
                          Name::end, Name::left, Name::right, Name::enter, Name::backspace})
    press(model, name);
  type(model, "/x");
  press(model, Name::enter);
  EXPECT_EQ(selected(model), "none");
}

}  // namespace
}  // namespace nsx::cg_tool
