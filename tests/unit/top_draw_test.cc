// SPDX-License-Identifier: MIT
#include "made_snapshot.hh"
#include "nsx-cg/top_live.hh"
#include "support.hh"

namespace nsx::cg_tool {
namespace {

std::string text_of(const TopLine& line) {
  std::string text;
  for (const TopSpan& span : line)
    text += span.text;
  return text;
}

/// The reversed parts of a line: bars, headings, and the selection.
std::string reversed(const TopLine& line) {
  std::string text;
  for (const TopSpan& span : line) {
    if (span.style.is_reversed) text += span.text;
  }
  return text;
}

TopTone worst(const TopLine& line) {
  TopTone tone = TopTone::plain;
  for (const TopSpan& span : line)
    tone = std::max(tone, span.style.tone);
  return tone;
}

TopModel make(const TopSnapshot& snapshot, TopSettings settings, TopSize size = {}) {
  auto model = TopModel::make(std::move(settings));
  EXPECT_TRUE(model);
  model->set_room(room_for_rows(size, ""));
  model->take(snapshot);
  return std::move(*model);
}

TopSettings memory_column() {
  return {.columns = {column("MEM")}, .sort = column("MEM")};
}

void type(TopModel& model, std::string_view text) {
  for (const char letter : text)
    model.press({TopKey::Name::character, std::string(1, letter)});
}

TEST(TopDraw, FillsTheScreenExactly) {
  const auto snapshot = MadeSnapshot().add("/", {.memory = 5}).add("/a", {.memory = 3}).done();
  TopModel model = make(snapshot, memory_column());
  for (const TopSize size : {TopSize{24, 80}, TopSize{6, 30}, TopSize{50, 300}, TopSize{2, 10}}) {
    for (const char* keys : {"", "h", "hjK", "n/", "f"}) {
      type(model, keys);
      for (const std::string& note : {std::string(), std::string("no memory: of a reason")}) {
        const TopScreen screen = draw(model, size, note);
        EXPECT_EQ(screen.lines.size(), static_cast<std::size_t>(size.lines)) << keys;
        for (const TopLine& line : screen.lines)
          EXPECT_LE(width_of(text_of(line)), size.columns) << text_of(line);
      }
    }
  }
}

TEST(TopDraw, ShowsRowsBelowTheirHeadings) {
  const auto snapshot = MadeSnapshot().add("/", {.memory = 5000}).add("/a", {.memory = 300}).done();
  const TopScreen screen = draw(make(snapshot, memory_column()), {.lines = 8, .columns = 40}, "");
  EXPECT_EQ(text_of(screen.lines[0]).substr(0, 36), "nsx-cg top /  2 cgroups, by MEM (des");
  EXPECT_EQ(text_of(screen.lines[1]).substr(0, 27), "NAME             MEM EVENTS");
  EXPECT_EQ(reversed(screen.lines[1]), text_of(screen.lines[1]));
  EXPECT_EQ(text_of(screen.lines[2]).substr(0, 20), "/               4.9K");
  EXPECT_EQ(text_of(screen.lines[3]).substr(0, 20), "/a               300");
}

TEST(TopDraw, ShowsAPageInPlaceOfTheList) {
  const auto snapshot = MadeSnapshot().add("/", {.memory = 5000}).add("/a", {.memory = 300}).done();
  TopModel model = make(snapshot, memory_column());
  const TopAction action{TopAction::Kind::explain, "/a\x1b", 7};
  model.show_page(action, {"one", "a line that is too long for such a small terminal", "last"});
  const TopSize size{.lines = 8, .columns = 30};
  TopScreen screen = draw(model, size, "a note");
  ASSERT_EQ(screen.lines.size(), 8U);
  EXPECT_TRUE(text_of(screen.lines[0]).starts_with("Limits of /a\\x1b "));
  EXPECT_TRUE(text_of(screen.lines[1]).starts_with("one "));
  EXPECT_TRUE(text_of(screen.lines[2]).starts_with("a line that is too long "));
  EXPECT_TRUE(text_of(screen.lines[3]).starts_with("    for such a small terminal "));
  EXPECT_TRUE(text_of(screen.lines[4]).starts_with("last "));
  EXPECT_TRUE(text_of(screen.lines[7]).starts_with("Esc q back "));
  model.press({TopKey::Name::end});
  model.press({TopKey::Name::down});
  screen = draw(model, size, "");
  EXPECT_TRUE(text_of(screen.lines[1]).starts_with("a line that is too long "));
  for (const TopLine& line : screen.lines)
    EXPECT_EQ(width_of(text_of(line)), size.columns);
}

TEST(TopDraw, SaysWhyColumnsAreEmpty) {
  const auto snapshot = MadeSnapshot().add("/", {}).done();
  const TopScreen screen =
      draw(make(snapshot, memory_column()), {}, "no memory: it is bound to cgroup v1");
  EXPECT_TRUE(text_of(screen.lines[1]).starts_with("no memory: it is bound to cgroup v1 "));
  EXPECT_TRUE(text_of(screen.lines[2]).starts_with("NAME "));
  EXPECT_EQ(text_of(screen.lines[3]).find_first_not_of("/ "), std::string::npos);
}

TEST(TopDraw, FillsBarsByWhatIsUsedOfTheLimit) {
  const auto limited = [](std::uint64_t used) {
    return Made{.memory = used, .change = [](CgroupSample& sample) { sample.memory_max = 1000; }};
  };
  const auto snapshot = MadeSnapshot()
                            .add("/", {.memory = 5000})
                            .add("/e", limited(950))
                            .add("/d", limited(800))
                            .add("/c", limited(400))
                            .done();
  const TopScreen screen = draw(make(snapshot, memory_column()), {}, "");
  // Of five columns; without a limit it is empty.
  EXPECT_EQ(reversed(screen.lines[2]), "");
  EXPECT_EQ(reversed(screen.lines[3]), "  950");
  EXPECT_EQ(worst(screen.lines[3]), TopTone::alarm);
  EXPECT_EQ(reversed(screen.lines[4]), "  80");
  EXPECT_EQ(worst(screen.lines[4]), TopTone::warning);
  EXPECT_EQ(reversed(screen.lines[5]), "  ");
  EXPECT_EQ(worst(screen.lines[5]), TopTone::good);
  EXPECT_EQ(text_of(screen.lines[5]).substr(14, 6), "   400");
}

TEST(TopDraw, MeasuresMemoryByTheLowerLimit) {
  const auto snapshot = MadeSnapshot()
                            .add("/", {.memory = 500,
                                       .change =
                                           [](CgroupSample& sample) {
                                             sample.memory_max = kNoCgroupLimit;
                                             sample.memory_high = 1000;
                                           }})
                            .done();
  EXPECT_EQ(bar_of(column("MEM"), snapshot, 0), 0.5);
}

TEST(TopDraw, MeasuresCpuPidsAndPressure) {
  const auto snapshot =
      MadeSnapshot()
          .add("/", {.cpu = 0.3,
                     .change =
                         [](CgroupSample& sample) {
                           sample.cpu_max = CgroupSample::CpuMax{.quota = 50000, .period = 100000};
                           sample.pids_current = 30;
                           sample.pids_max = 40;
                           sample.io_pressure = CgroupPressure{.some = {.avg10 = 25}};
                         }})
          .done();
  EXPECT_DOUBLE_EQ(*bar_of(column("CPU%"), snapshot, 0), 0.6);
  EXPECT_DOUBLE_EQ(*bar_of(column("PIDS/MAX"), snapshot, 0), 0.75);
  EXPECT_DOUBLE_EQ(*bar_of(column("IO-PSI"), snapshot, 0), 0.25);
  EXPECT_EQ(tone_of(column("IO-PSI"), snapshot, 0), TopTone::warning);
  EXPECT_FALSE(bar_of(column("CPU-PSI"), snapshot, 0));
  EXPECT_FALSE(bar_of(column("PROCS"), snapshot, 0));
}

TEST(TopDraw, ColoursWhatHappens) {
  const auto snapshot = MadeSnapshot()
                            .add("/", {.memory = 9})
                            .add("/k", {.memory = 8, .events = {.kills = 2}})
                            .add("/t", {.memory = 7, .events = {.throttled = 0.4}})
                            .add("/r", {.memory = 6, .events = {.reclaims = 3}})
                            .add("/z", {.memory = 5, .events = {.frozen = true}})
                            .done();
  const TopScreen screen = draw(make(snapshot, memory_column()), {}, "");
  EXPECT_EQ(worst(screen.lines[2]), TopTone::plain);
  EXPECT_EQ(screen.lines[3].front().style.tone, TopTone::alarm);
  EXPECT_NE(text_of(screen.lines[3]).find("killed 2"), std::string::npos);
  EXPECT_EQ(screen.lines[4].front().style.tone, TopTone::warning);
  EXPECT_NE(text_of(screen.lines[4]).find("throttled 40%"), std::string::npos);
  EXPECT_EQ(screen.lines[5].front().style.tone, TopTone::warning);
  EXPECT_NE(text_of(screen.lines[5]).find("reclaimed 3"), std::string::npos);
  EXPECT_EQ(screen.lines[6].front().style.tone, TopTone::frozen);
}

TEST(TopDraw, MarksWhatIsChosenAndHowItIsSorted) {
  const auto snapshot = MadeSnapshot().add("/", {.memory = 2}).add("/a", {.memory = 1}).done();
  TopModel model = make(snapshot, memory_column());
  type(model, "jj");
  const TopScreen screen = draw(model, {}, "");
  EXPECT_EQ(reversed(screen.lines[2]), "");
  EXPECT_EQ(reversed(screen.lines[3]), "/a            ");
  std::string sorted_by;
  for (const TopSpan& span : screen.lines[1]) {
    if (span.style.is_underlined) sorted_by += span.text;
  }
  EXPECT_EQ(sorted_by, "  MEM");
}

TEST(TopDraw, IndentsTheTree) {
  const auto snapshot =
      MadeSnapshot().add("/", {}).add("/a", {}).add("/a/x", {}).add("/b", {}).done();
  TopSettings settings = memory_column();
  settings.is_tree = true;
  settings.sort = column("NAME");
  settings.falling = false;
  const TopScreen screen = draw(make(snapshot, settings), {}, "");
  EXPECT_TRUE(text_of(screen.lines[2]).starts_with("/ "));
  EXPECT_TRUE(text_of(screen.lines[3]).starts_with("  a "));
  EXPECT_TRUE(text_of(screen.lines[4]).starts_with("    x "));
  EXPECT_TRUE(text_of(screen.lines[5]).starts_with("  b "));
}

TEST(TopDraw, NeverLetsANameReachTheTerminal) {
  const std::string hostile = "/a\x1b[2J\x07\xff\\b\u202e\u200b";
  const auto snapshot = MadeSnapshot().add("/", {}).add(hostile, {}).done();
  for (const bool is_tree : {false, true}) {
    TopSettings settings = memory_column();
    settings.is_tree = is_tree;
    TopModel model = make(snapshot, settings);
    type(model, "G");
    model.press({TopKey::Name::enter});
    for (const char* keys : {"", "jK"}) {
      type(model, keys);
      const TopScreen screen = draw(model, {.lines = 24, .columns = 120}, "");
      std::string all;
      for (const TopLine& line : screen.lines)
        all += text_of(line);
      EXPECT_NE(all.find(R"(/a\x1b[2J\x07\xff\x5cb\xe2\x80\xae\xe2\x80\x8b)"), std::string::npos)
          << all;
      for (const char c : all)
        EXPECT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c);
    }
  }
}

TEST(TopDraw, CutsLongNamesAndKeepsTheirEnds) {
  const std::string path = "/" + std::string(100, 'x') + "/end";
  const auto snapshot = MadeSnapshot().add("/", {}).add(path, {}).done();
  TopModel model = make(snapshot, memory_column());
  type(model, "aGK");
  const TopScreen screen = draw(model, {}, "");
  EXPECT_TRUE(text_of(screen.lines[3]).starts_with("..x"));
  EXPECT_NE(text_of(screen.lines[3]).find("x/end "), std::string::npos);
  EXPECT_TRUE(text_of(screen.lines[23]).starts_with("kill all processes in and below ..x"));
  EXPECT_NE(text_of(screen.lines[23]).find("x/end? [y/N]"), std::string::npos);
}

/// The start of an ID and the whole of it.
constexpr std::string_view kShortId = "2db9657a83b2";
std::string whole_id() {
  return std::string(kShortId) + std::string(52, 'e');
}

/// A cgroup of a container of this name.
Made made_of(const std::string& container) {
  return {.memory = 300, .change = [container](CgroupSample& sample) {
            sample.place.container = PlaceName{container, sample.path, true};
          }};
}

TEST(TopDraw, KeepsTheFirstDigitsOfAnId) {
  const auto snapshot = MadeSnapshot()
                            .add("/", {.memory = 5000})
                            .add("/docker/" + whole_id(), {.memory = 300})
                            .add("/s.slice/docker-" + whole_id() + ".scope", {.memory = 200})
                            .done();
  TopModel model = make(snapshot, memory_column());
  TopScreen screen = draw(model, {.lines = 8, .columns = 80}, "");
  EXPECT_TRUE(text_of(screen.lines[3]).starts_with("/docker/2db9657a83b2 "));
  EXPECT_TRUE(text_of(screen.lines[4]).starts_with("/s.slice/docker-2db9657a83b2.scope "));
  screen = draw(model, {.lines = 8, .columns = 30}, "");
  EXPECT_TRUE(text_of(screen.lines[3]).starts_with("..er/2db9657a83b2 "));
  EXPECT_TRUE(text_of(screen.lines[4]).starts_with("..er-2db9657a83b2 "));
  // There is room for all of it.
  screen = draw(model, {.lines = 8, .columns = 160}, "");
  EXPECT_TRUE(text_of(screen.lines[3]).starts_with("/docker/" + whole_id() + ' '));
}

TEST(TopDraw, LeavesRoomForNumbersBesideALongContainer) {
  const auto snapshot = MadeSnapshot()
                            .add("/", {.memory = 5000})
                            .add("/a", made_of("a-rather-long-name-of-a-container"))
                            .done();
  TopSettings settings = memory_column();
  settings.columns = {column("CONTAINER"), column("CPU%"), column("MEM")};
  const TopModel model = make(snapshot, settings);
  EXPECT_EQ(text_of(draw(model, {.lines = 10, .columns = 40}, "").lines[1]),
            "NAME           CONTAINER      CPU%   MEM");
  EXPECT_EQ(text_of(draw(model, {.lines = 10, .columns = 40}, "").lines[3]),
            "/a             a-rather-lo..         300");
  EXPECT_EQ(text_of(draw(model, {.lines = 10, .columns = 30}, "").lines[1]),
            "NAME           CONTAINER  CPU%");
  EXPECT_NE(text_of(draw(model, {.lines = 10, .columns = 80}, "").lines[3])
                .find(" a-rather-long-name-of-a-container "),
            std::string::npos);
}

TEST(TopDraw, NamesTheContainerThatIsAskedAbout) {
  const std::string path = "/docker/" + whole_id();
  const auto snapshot = MadeSnapshot().add("/", {.memory = 5000}).add(path, made_of("web")).done();
  TopModel model = make(snapshot, memory_column());
  const auto asked = [&](int columns) {
    const std::string text = text_of(draw(model, {.lines = 8, .columns = columns}, "").lines[7]);
    return text.substr(0, text.find_last_not_of(' ') + 1);
  };
  type(model, "GK");
  EXPECT_EQ(asked(80), "kill all processes in and below web (/docker/2db9657a83b2)? [y/N]");
  EXPECT_EQ(asked(60), "kill all processes in and below web (../2db9657a83b2)? [y/N]");
  EXPECT_EQ(asked(39), "kill all in web (..2db9657a83b2)? [y/N]");
  EXPECT_EQ(asked(38), "kill all in web? [y/N]");
  EXPECT_EQ(asked(30), "kill all in web? [y/N]");
  type(model, "nF");
  EXPECT_EQ(asked(80), "freeze web (/docker/2db9657a83b2)? [y/N]");
  type(model, "n");
  for (const std::string& heading : {std::string("Limits of "), std::string("Processes of ")}) {
    const TopAction action =
        model.press({TopKey::Name::character, heading == "Limits of " ? "e" : "p"});
    model.show_page(action, {"one"});
    EXPECT_TRUE(
        text_of(draw(model, {}, "").lines[0]).starts_with(heading + "web (/docker/2db9657a83b2) "));
    model.press({TopKey::Name::escape});
  }
}

TEST(TopDraw, LeavesOutColumnsThatHaveNoRoomUntilItIsScrolled) {
  const auto snapshot = MadeSnapshot().add("/", {.memory = 5}).done();
  TopSettings settings = memory_column();
  settings.columns = {column("MEM"), column("PROCS"), column("CONTROLLERS")};
  TopModel model = make(snapshot, settings);
  const TopSize narrow{.lines = 8, .columns = 30};
  EXPECT_EQ(text_of(draw(model, narrow, "").lines[1]), "NAME             MEM PROCS    ");
  model.press({TopKey::Name::right});
  model.press({TopKey::Name::right});
  EXPECT_EQ(text_of(draw(model, narrow, "").lines[1]), "NAME           CONTROLLERS    ");
  model.press({TopKey::Name::right});
  model.press({TopKey::Name::right});
  EXPECT_EQ(text_of(draw(model, narrow, "").lines[1]), "NAME           EVENTS         ");
  model.press({TopKey::Name::left});
  EXPECT_EQ(text_of(draw(model, narrow, "").lines[1]), "NAME           CONTROLLERS    ");
}

TEST(TopDraw, ShowsWhatIsTypedAndWhere) {
  TopModel model = make(MadeSnapshot().add("/", {}).done(), memory_column());
  type(model, "fMEM >");
  TopScreen screen = draw(model, {}, "");
  EXPECT_TRUE(text_of(screen.lines.back()).starts_with("filter: MEM > "));
  EXPECT_EQ(screen.cursor, 13);
  model.press({TopKey::Name::enter});
  EXPECT_NE(text_of(draw(model, {}, "").lines.back()).find("invalid filter"), std::string::npos);
  type(model, std::string(200, 'x') + "end");
  screen = draw(model, {}, "");
  EXPECT_TRUE(text_of(screen.lines.back()).ends_with("xend "));
  EXPECT_EQ(screen.cursor, 79);
  model.press({TopKey::Name::escape});
  EXPECT_FALSE(draw(model, {}, "").cursor);
}

TEST(TopDraw, SaysThatATerminalIsTooSmall) {
  const TopModel model = make(MadeSnapshot().add("/", {}).done(), memory_column());
  EXPECT_TRUE(text_of(draw(model, {.lines = 3, .columns = 80}, "").lines[0])
                  .starts_with("terminal too small"));
  EXPECT_EQ(draw(model, {.lines = 0, .columns = 0}, "").lines.size(), 0U);
}

TEST(TopText, FitsExactly) {
  const auto fit = [](std::string_view text, int width, TopAlign align, TopCut cut) {
    return joined(fitted(text, width, align, cut));
  };
  EXPECT_EQ(fit("abc", 5, TopAlign::left, TopCut::end), "abc  ");
  EXPECT_EQ(fit("abc", 5, TopAlign::right, TopCut::end), "  abc");
  EXPECT_EQ(fit("abcdef", 5, TopAlign::left, TopCut::end), "abc..");
  EXPECT_EQ(fit("abcdef", 5, TopAlign::left, TopCut::start), "..def");
  EXPECT_EQ(fit("abcdef", 1, TopAlign::left, TopCut::end), ".");
  EXPECT_EQ(fit("abcdef", 0, TopAlign::left, TopCut::end), "");
  EXPECT_EQ(wrapped("abcdefg", 3, 5), (std::vector<std::string>{"abc", "def", "g"}));
  EXPECT_EQ(wrapped("abcdefg", 3, 2), (std::vector<std::string>{"abc", "d.."}));
  EXPECT_EQ(wrapped("abcdef", 3, 2), (std::vector<std::string>{"abc", "def"}));
  EXPECT_EQ(wrapped("abc", 0, 2), std::vector<std::string>{});
  EXPECT_EQ(wrapped("", 3, 2), std::vector<std::string>{});
  EXPECT_EQ(wrapped("one two three", 8, 5), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrapped("one twothree", 8, 5), (std::vector<std::string>{"one twot", "hree"}));
  EXPECT_EQ(wrapped("one two three four", 8, 2), (std::vector<std::string>{"one two", "three .."}));
  EXPECT_EQ(fit("a\tb", 8, TopAlign::left, TopCut::end), R"(a\x09b  )");
}

TEST(TopSnapshot, TellsWhatHappenedBetweenTwoReadings) {
  CgroupSample sample{.path = "/", .id = 1, .moment = 0};
  sample.oom_kills = 3;
  sample.memory_high_events = 10;
  sample.memory_max_events = 1;
  sample.pids_max_events = 5;
  sample.cpu_periods = 100;
  sample.cpu_throttled = 10;
  CgroupReading before;
  before.cgroups = {sample};
  sample.moment = 1'000'000'000;
  sample.oom_kills = 5;
  sample.memory_high_events = 11;
  sample.pids_max_events = 6;
  sample.cpu_periods = 120;
  sample.cpu_throttled = 20;
  sample.frozen = true;
  CgroupReading after;
  after.cgroups = {sample, {.path = "/new", .parent = 0, .id = 2, .oom_kills = 7}};
  const TopSnapshot snapshot = make_snapshot(before, after);
  EXPECT_EQ(snapshot.events[0], (TopEvents{.throttled = 0.5,
                                           .reclaims = 1,
                                           .at_limit = 0,
                                           .kills = 2,
                                           .failed_forks = 1,
                                           .frozen = true}));
  EXPECT_EQ(in_words(snapshot.events[0]),
            (std::vector<std::string>{"killed 2", "reclaimed 1", "forks failed 1", "throttled 50%",
                                      "frozen"}));
  EXPECT_EQ(snapshot.events[1], TopEvents{});
}

TEST(TopSnapshot, TakesASubtreeWithItsParents) {
  const auto whole = MadeSnapshot()
                         .add("/", {.cpu = 1})
                         .add("/a", {.cpu = 2})
                         .add("/a/x", {.cpu = 3})
                         .add("/a/x/y", {.cpu = 4})
                         .add("/ab", {.cpu = 5})
                         .done();
  const TopSnapshot part = subtree(whole, "/a");
  ASSERT_EQ(part.reading.cgroups.size(), 3U);
  EXPECT_FALSE(part.reading.cgroups[0].parent);
  EXPECT_EQ(part.reading.cgroups[1].parent, 0U);
  EXPECT_EQ(part.reading.cgroups[2].parent, 1U);
  EXPECT_EQ(part.rates[2].cpu, 4);
  EXPECT_EQ(part.events.size(), 3U);
  EXPECT_TRUE(subtree(whole, "/none").reading.cgroups.empty());
  EXPECT_EQ(subtree(whole, "/").reading.cgroups.size(), 5U);
}

}  // namespace
}  // namespace nsx::cg_tool
