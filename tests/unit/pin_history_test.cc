// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "upkeep/upkeep.hh"

namespace nsx {
namespace {

using std::chrono::milliseconds;

PinFile pin(const char* name, PinState state, ino_t inode = 0, Kind kind = Kind::net) {
  return {.kind = kind, .name = name, .path = {}, .state = state, .inode = inode};
}

PinFile live(const char* name, ino_t inode = 1) {
  return pin(name, PinState::live, inode);
}

PinFile stale(const char* name) {
  return pin(name, PinState::stale);
}

/// "add blue 1; del red 2"
std::string spelled(const std::vector<PinEvent>& events) {
  std::string text;
  for (const PinEvent& event : events) {
    text += std::string(text.empty() ? "" : "; ") + name(event.what) + ' ' + event.pin.name + ' ' +
            std::to_string(event.pin.inode);
  }
  return text;
}

class History : public testing::Test {
 protected:
  void start(const std::vector<PinFile>& pins) { history_.emplace(pins); }

  /// The events if these pins exist, `after` the previous call.
  std::string then(const std::vector<PinFile>& pins, std::vector<const char*> removed = {},
                   milliseconds after = milliseconds(1)) {
    std::set<PinHistory::Key> keys;
    for (const char* name : removed)
      keys.emplace(name, Kind::net);
    now_ += after;
    return spelled(history_->update(pins, keys, now_));
  }

  std::optional<PinHistory> history_;
  PinHistory::Time now_{};
};

TEST_F(History, TellsNothingOfWhatIsThereAtFirst) {
  start({live("blue"), stale("old")});
  EXPECT_EQ(then({live("blue"), stale("old")}), "");
  EXPECT_EQ(then({live("blue"), stale("old")}, {}, PinHistory::kGrace * 2), "");
  EXPECT_EQ(history_->next_due(), std::nullopt);
}

TEST_F(History, TellsOfPinsThatComeAndGo) {
  start({});
  EXPECT_EQ(then({live("blue", 1)}), "add blue 1");
  EXPECT_EQ(then({live("blue", 1), live("red", 2)}), "add red 2");
  EXPECT_EQ(then({live("red", 2)}, {"blue"}), "del blue 1");
  EXPECT_EQ(then({}, {"red"}), "del red 2");
  EXPECT_EQ(then({}), "");
}

TEST_F(History, TellsOfAPinWhenItsNamespaceIsThere) {
  start({});
  EXPECT_EQ(then({stale("blue")}), "");
  EXPECT_EQ(then({live("blue", 1)}), "add blue 1");
  EXPECT_EQ(history_->next_due(), std::nullopt);
}

TEST_F(History, TellsNothingOfAFileThatCameToNothing) {
  start({});
  EXPECT_EQ(then({stale("blue")}), "");
  EXPECT_EQ(then({}, {"blue"}), "");
}

TEST_F(History, TellsOfAFileThatStaysWithoutANamespace) {
  start({});
  EXPECT_EQ(then({stale("blue")}), "");
  EXPECT_EQ(history_->next_due(), now_ + PinHistory::kGrace);
  EXPECT_EQ(then({stale("blue")}, {}, PinHistory::kGrace - milliseconds(1)), "");
  EXPECT_EQ(then({stale("blue")}), "stale blue 0");
  EXPECT_EQ(then({stale("blue")}, {}, PinHistory::kGrace * 2), "");
  EXPECT_EQ(history_->next_due(), std::nullopt);
  EXPECT_EQ(then({live("blue", 3)}), "add blue 3");
}

TEST_F(History, TellsOfANamespaceThatIsUnmounted) {
  start({live("blue", 1)});
  EXPECT_EQ(then({stale("blue")}), "");
  EXPECT_EQ(then({stale("blue")}, {}, PinHistory::kGrace), "stale blue 1");
  EXPECT_EQ(then({}, {"blue"}), "del blue 1");
}

TEST_F(History, TellsOfARemovalAloneThoughItUnmountsFirst) {
  start({live("blue", 1)});
  EXPECT_EQ(then({stale("blue")}), "");
  EXPECT_EQ(then({}, {"blue"}), "del blue 1");
}

TEST_F(History, TellsOfAShadowAsOfAStaleFile) {
  start({live("blue", 1)});
  EXPECT_EQ(then({pin("blue", PinState::shadowed)}), "");
  EXPECT_EQ(then({pin("blue", PinState::shadowed)}, {}, PinHistory::kGrace), "stale blue 1");
  EXPECT_EQ(then({live("blue", 1)}), "add blue 1");
}

TEST_F(History, TellsOfANameThatChangedHands) {
  start({live("blue", 1)});
  // Another namespace, with or without a look in between.
  EXPECT_EQ(then({live("blue", 2)}, {"blue"}), "del blue 1; add blue 2");
  EXPECT_EQ(then({live("blue", 3)}), "del blue 2; add blue 3");
  // The kernel reuses the number.
  EXPECT_EQ(then({live("blue", 3)}, {"blue"}), "del blue 3; add blue 3");
  // The new one is being created.
  EXPECT_EQ(then({stale("blue")}, {"blue"}), "del blue 3");
  EXPECT_EQ(then({live("blue", 4)}), "add blue 4");
}

TEST_F(History, TellsOfNoneThatIsHalfMade) {
  start({pin("web", PinState::half, 1)});
  EXPECT_EQ(then({pin("web", PinState::half, 1)}, {}, PinHistory::kGrace * 2), "");
  EXPECT_EQ(then({live("web", 1)}), "add web 1");
  EXPECT_EQ(then({pin("web", PinState::half, 1)}), "");
  EXPECT_EQ(then({}, {"web"}), "del web 1");
}

TEST_F(History, TellsKindsApart) {
  start({});
  const PinFile uts = pin("blue", PinState::live, 2, Kind::uts);
  EXPECT_EQ(then({live("blue", 1), uts}), "add blue 1; add blue 2");
  EXPECT_EQ(then({uts}, {"blue"}), "del blue 1");
}

}  // namespace
}  // namespace nsx
