// SPDX-License-Identifier: MIT
// Names, journals and lists of pins, on plain files: tests/cli tests the mounts.
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>

#include <nsx/pin.hh>

#include "pin/store.hh"
#include "support.hh"

namespace nsx {
namespace {

TEST(PinName, IsAFileName) {
  for (const char* name : {"blue", "-", "...", "a b", "\xff"})
    EXPECT_TRUE(check_pin_name(name)) << name;
  EXPECT_TRUE(check_pin_name(std::string(255, 'x')));
  const struct {
    std::string name;
    const char* why;
  } cases[] = {
      {"", "it is empty"},
      {".", "it is a directory"},
      {"..", "it is a directory"},
      {"a/b", "it contains a slash"},
      {std::string("a\0b", 3), "it contains a NUL"},
      {std::string(256, 'x'), "it is longer than 255 bytes"},
  };
  for (const auto& c : cases) {
    EXPECT_TRUE(failure(check_pin_name(c.name)).ends_with(c.why)) << c.why;
  }
  EXPECT_EQ(pin_path(Kind::net, "blue"), "/run/netns/blue");
  EXPECT_EQ(pin_path(Kind::uts, "blue", "/x"), "/x/utsns/blue");
}

class PinFiles : public testing::Test {
 protected:
  void make(const std::string& path) { std::ofstream(root_ / path).put('\n'); }
  void make_directory(const std::string& path) {
    ASSERT_EQ(::mkdir((root_ / path).c_str(), 0755), 0);
  }
  OwnedFd open_root() const { return OwnedFd(::open(root_.path().c_str(), O_PATH | O_CLOEXEC)); }
  PinStore store() const { return must(PinStore::open(newest_kernel(), root_.path())); }

  TemporaryDirectory root_;
};

TEST_F(PinFiles, AJournalIsThereUntilItEnds) {
  const OwnedFd root = open_root();
  EXPECT_EQ(Journal::look(root.get(), "blue"), Journal::State::none);
  {
    auto journal = must(Journal::begin({root.get(), root_.path()}, "blue"));
    EXPECT_FALSE(journal.was_abandoned);
    EXPECT_EQ(Journal::look(root.get(), "blue"), Journal::State::busy);
    EXPECT_EQ(Journal::names(root.get()), std::vector<std::string>{"blue"});
    must(journal.end());
  }
  EXPECT_EQ(Journal::look(root.get(), "blue"), Journal::State::none);
  // The directory was removed with the last of them.
  EXPECT_FALSE(Journal::open_directory(root.get()));
}

TEST_F(PinFiles, AJournalThatNobodyHasLockedWasAbandonedAndIsTakenOver) {
  const OwnedFd root = open_root();
  { must(Journal::begin({root.get(), root_.path()}, "blue")); }
  EXPECT_EQ(Journal::look(root.get(), "blue"), Journal::State::abandoned);
  auto journal = must(Journal::begin({root.get(), root_.path()}, "blue"));
  EXPECT_TRUE(journal.was_abandoned);
  must(journal.end());
  EXPECT_TRUE(Journal::names(root.get()).empty());
}

TEST_F(PinFiles, ARootThatIsNotThereHasNoPins) {
  const auto store = must(PinStore::open(newest_kernel(), root_ / "nowhere"));
  EXPECT_TRUE(must(store.list(newest_kernel())).empty());
  EXPECT_FALSE(store.has("blue"));
}

TEST_F(PinFiles, AreListedByNameThenKindAndStaleWithoutANamespace) {
  for (const char* directory : {"netns", "utsns", "other"})
    make_directory(directory);
  for (const char* file : {"netns/red", "utsns/blue", "netns/blue", "other/green"})
    make(file);
  std::string found;
  for (const PinFile& pin : must(store().list(newest_kernel()))) {
    found += std::string(name(pin.kind)) + ' ' + pin.name + ' ' + name(pin.state) + '\n';
    EXPECT_EQ(pin.inode, 0U);
  }
  EXPECT_EQ(found, "net blue stale\nuts blue stale\nnet red stale\n");
  EXPECT_EQ(must(store().list(newest_kernel(), {Kind::uts})).size(), 1U);
  EXPECT_TRUE(store().has("red"));
  EXPECT_FALSE(store().has("green"));
}

TEST_F(PinFiles, AreHalfMadeAsLongAsTheirNameHasAJournal) {
  make_directory("netns");
  make("netns/blue");
  make("netns/red");
  const OwnedFd root = open_root();
  const auto journal = must(Journal::begin({root.get(), root_.path()}, "blue"));
  const auto pins = must(store().list(newest_kernel()));
  ASSERT_EQ(pins.size(), 2U);
  EXPECT_EQ(pins[0].state, PinState::half);
  EXPECT_EQ(pins[1].state, PinState::stale);
  EXPECT_TRUE(store().has("blue"));
}

TEST_F(PinFiles, WithoutANamespaceAreNotEntered) {
  EXPECT_EQ(failure(store().find(newest_kernel(), "blue")), "no pin named 'blue'");
  make_directory("netns");
  make("netns/blue");
  EXPECT_NE(failure(store().find(newest_kernel(), "blue")).find("no namespace is mounted on it"),
            std::string::npos);
  // Nor a link to a namespace file of another kind.
  ASSERT_EQ(::symlink("/proc/self/ns/uts", (root_ / "netns/link").c_str()), 0);
  EXPECT_NE(failure(store().find(newest_kernel(), "link")), "no failure");
}

}  // namespace
}  // namespace nsx
