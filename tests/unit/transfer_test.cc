// SPDX-License-Identifier: MIT
#include "transfer/transfer.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "kernel/files.hh"
#include "support.hh"
#include "transfer/destination.hh"
#include "transfer/entry.hh"
#include "transfer/sides.hh"

namespace nsx {
namespace {

using namespace transfer_part;
using Direction = Copy::Direction;

// --- Requests -----------------------------------------------------------------------------------

TEST(TransferRequest, SplitsAtTheColon) {
  EXPECT_EQ(must(parse_get("/a")), (Copy{Direction::get, "/a", "."}));
  EXPECT_EQ(must(parse_get("/a:b/")), (Copy{Direction::get, "/a", "b/"}));
  EXPECT_EQ(must(parse_get("/a:-")), (Copy{Direction::get, "/a", "-"}));
  EXPECT_EQ(must(parse_put("a:/b")), (Copy{Direction::put, "a", "/b"}));
  EXPECT_EQ(must(parse_put("-:/b")), (Copy{Direction::put, "-", "/b"}));
}

TEST(TransferRequest, BackslashesEscapeColonsAndThemselvesOnly) {
  EXPECT_EQ(must(parse_put(R"(a\:b:/c\:d)")), (Copy{Direction::put, "a:b", "/c:d"}));
  EXPECT_EQ(must(parse_put(R"(a\\:/c)")), (Copy{Direction::put, R"(a\)", "/c"}));
  EXPECT_EQ(must(parse_get(R"(/dev-disk\x2d1)")), (Copy{Direction::get, R"(/dev-disk\x2d1)", "."}));
  EXPECT_EQ(must(parse_get(R"(/end\)")), (Copy{Direction::get, R"(/end\)", "."}));
}

TEST(TransferRequest, RejectsWhatItCannotMean) {
  EXPECT_EQ(failure(parse_get("a:b:c")),
            "invalid argument 'a:b:c' for --get: more than one colon\n"
            "hint: write \\: for a colon in a path");
  EXPECT_EQ(failure(parse_get("")), "invalid argument '' for --get: a path is empty");
  EXPECT_EQ(failure(parse_put("a:")), "invalid argument 'a:' for --put: a path is empty");
  EXPECT_EQ(failure(parse_put("a")),
            "invalid argument 'a' for --put: expected SRC:DEST\n"
            "hint: add the destination: --put=a:/tmp");
  EXPECT_FALSE(parse_get("-"));
  EXPECT_FALSE(parse_put("a:-"));
}

TEST(TransferRequest, DescribesBothDirections) {
  EXPECT_EQ(describe({Direction::get, "/a", "."}, "pin blue"), "copy /a of pin blue to .");
  EXPECT_EQ(describe({Direction::get, "/a", "-"}, "pin blue"),
            "copy /a of pin blue to standard output");
  EXPECT_EQ(describe({Direction::put, "-", "/a"}, "pin blue"),
            "copy standard input to /a of pin blue");
}

// --- Owners -------------------------------------------------------------------------------------

TEST(TransferOwners, AreNumbersInside) {
  const OwnerMaps maps{true, IdMap{{0, 100000, 10}}, IdMap{{0, 200000, 10}}};
  EXPECT_EQ(owner_of_copy(maps, Direction::get, {100003, 200004}), (Owner{3, 4}));
  EXPECT_EQ(owner_of_copy(maps, Direction::get, {0, 12}), (Owner{0, 12}));
  EXPECT_EQ(owner_of_copy(maps, Direction::put, {3, 4}), (Owner{100003, 200004}));
  EXPECT_EQ(owner_of_copy(maps, Direction::put, {10, 4000}), (Owner{100000, 200000}));
}

TEST(TransferOwners, StayWithoutAUserNamespaceOrRootThere) {
  EXPECT_EQ(owner_of_copy({true, {}, {}}, Direction::put, {3, 4}), (Owner{3, 4}));
  const OwnerMaps no_root{true, IdMap{{5, 1005, 1}}, IdMap{}};
  EXPECT_EQ(owner_of_copy(no_root, Direction::put, {5, 4}), (Owner{1005, 4}));
  EXPECT_EQ(owner_of_copy(no_root, Direction::put, {6, 4}), (Owner{6, 4}));
  EXPECT_EQ(owner_of_copy({false, {}, {}}, Direction::get, {3, 4}), std::nullopt);
}

// --- Names and messages -------------------------------------------------------------------------

TEST(TransferNames, AreSingleComponents) {
  for (const char* good : {"a", "...", ".a", "a b", "-", "\\"})
    EXPECT_TRUE(is_entry_name(good)) << good;
  for (const char* bad : {"", ".", "..", "/", "a/b", "../a", "a/"})
    EXPECT_FALSE(is_entry_name(bad)) << bad;
  EXPECT_TRUE(is_entry_name(std::string(255, 'x')));
  EXPECT_FALSE(is_entry_name(std::string(256, 'x')));
}

TEST(TransferNames, LastComponent) {
  EXPECT_EQ(last_component("/a/b"), "b");
  EXPECT_EQ(last_component("b//"), "b");
  EXPECT_EQ(last_component("/"), "");
  EXPECT_EQ(last_component("a/.."), "..");
}

class TransferMessages : public testing::Test {
 protected:
  Received passed_on(const std::vector<std::string>& words, const std::vector<int>& fds = {}) {
    must(ends_.first.send_words(words, fds));
    return must(receive(ends_.second));
  }

  /// The message of the receiver's error.
  std::string refused(const std::vector<std::string>& words, const std::vector<int>& fds = {}) {
    must(ends_.first.send_words(words, fds));
    return failure(receive(ends_.second));
  }

  std::pair<Channel, Channel> ends_ = must(Channel::pair());
};

TEST_F(TransferMessages, AnEntryArrivesWhole) {
  TemporaryDirectory directory;
  write_file(directory / "file", "text");
  Entry entry{.type = Type::file,
              .name = "file",
              .mode = 04640,
              .uid = 1,
              .gid = 2,
              .modified = {-5, 6},
              .same_file = "7:8",
              .attributes = {{"user.a", std::string("\0\xff\n", 3)}, {"user.b", ""}}};
  entry.content = OwnedFd(::open((directory / "file").c_str(), O_RDONLY | O_CLOEXEC));
  must(send(ends_.first, entry));
  const Received received = must(receive(ends_.second));
  ASSERT_EQ(received.what, Received::What::entry);
  EXPECT_EQ(received.entry.name, "file");
  EXPECT_EQ(received.entry.mode, 04640U);
  EXPECT_EQ(received.entry.uid, 1U);
  EXPECT_EQ(received.entry.gid, 2U);
  EXPECT_EQ(received.entry.modified.tv_sec, -5);
  EXPECT_EQ(received.entry.modified.tv_nsec, 6);
  EXPECT_EQ(received.entry.same_file, "7:8");
  EXPECT_EQ(received.entry.attributes, entry.attributes);
  EXPECT_TRUE(received.entry.content);
}

TEST_F(TransferMessages, AnotherProcessCannotNameWhatIsElsewhere) {
  const auto entry = [](const char* type, const char* name, const char* link) {
    return std::vector<std::string>{"entry", type, name, "420", "0", "0", "0", "0", link, ""};
  };
  EXPECT_EQ(passed_on(entry("d", "sub", "")).entry.name, "sub");
  EXPECT_EQ(passed_on(entry("l", "sub", "../x")).entry.link, "../x");
  const std::string malformed = "malformed message from the process that reads the files";
  for (const char* name : {"..", ".", "a/b", "/etc"}) {
    EXPECT_EQ(refused(entry("d", name, "")), malformed) << name;
    EXPECT_EQ(refused(entry("l", name, "x")), malformed) << name;
  }
  EXPECT_EQ(refused(entry("l", "a", "")), malformed);
  EXPECT_EQ(refused(entry("f", "a", "")), malformed);
  EXPECT_EQ(refused(entry("b", "a", "")), malformed);
  EXPECT_EQ(refused({"entry"}), malformed);
  EXPECT_EQ(refused({"attribute", "user.a", "6"}), malformed);
  EXPECT_EQ(refused({"done"}), malformed);
  // A file must be a regular one: others could be read without end, or have effects.
  const OwnedFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(refused(entry("f", "a", ""), {null.get()}), malformed);
  EXPECT_EQ(refused(entry("d", "a", ""), {null.get()}), malformed);
}

TEST_F(TransferMessages, AttributesAreBounded) {
  const std::string value(60000 * 2, '6');
  std::thread sender([&] {
    // Until the receiver gives up.
    const std::vector<std::string> words{"attribute", "user.a", value};
    for (int i = 0; i < 20 && ends_.first.send_words(words); ++i) {
    }
  });
  EXPECT_EQ(failure(receive(ends_.second)),
            "malformed message from the process that reads the files");
  ends_.second.close();
  sender.join();
}

TEST_F(TransferMessages, NotesAndProgressComeBeforeAnAnswer) {
  std::vector<std::string> notes;
  std::uint64_t bytes = 0;
  const TransferEvents events{[&](const std::string& text) { notes.push_back(text); },
                              [&](std::uint64_t count) { bytes = count; }};
  must(send(ends_.first, Note{"skipped a"}));
  must(send(ends_.first, Progress{5}));
  must(ends_.first.send_status(fail("write {}", "x", ENOSPC)));
  EXPECT_EQ(failure(receive_answer(ends_.second, events)),
            "cannot write x: No space left on device");
  EXPECT_EQ(notes, std::vector<std::string>{"skipped a"});
  EXPECT_EQ(bytes, 5U);
}

TEST_F(TransferMessages, ADeadProcessIsAnError) {
  ends_.first.close();
  EXPECT_EQ(failure(receive(ends_.second)), "the process that works in the target has died");
}

// --- Reader and writer on directories -----------------------------------------------------------

class TransferTrees : public testing::Test {
 protected:
  /// Copies between two directories by a reader in a child and a writer here, or the reverse.
  Status copy(const std::string& source, const std::string& destination) {
    Copy request{Direction::put, source, destination};
    const Side side{AT_FDCWD, 0};
    auto child = must(spawn({.has_channel = true}, [&](const Channel& channel) {
      auto ending = read_source(channel, side, request, events_);
      if (!ending.status && !ending.is_others) {
        [[maybe_unused]] const auto sent = channel.send_status(ending.status);
      }
      return 0;
    }));
    return write_copy(child.channel(), child.channel(), side, request, {}, events_).status;
  }

  std::string text_of(const std::string& name) {
    return must(read_file_at(AT_FDCWD, name.c_str()));
  }

  TemporaryDirectory directory_;
  TransferEvents events_{[](const std::string&) {}, {}};
};

TEST_F(TransferTrees, ATreeWithHardLinksAndLinks) {
  const std::string tree = directory_ / "tree";
  ASSERT_EQ(::mkdir(tree.c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((tree + "/sub").c_str(), 0750), 0);
  write_file(tree + "/file", "text");
  ASSERT_EQ(::link((tree + "/file").c_str(), (tree + "/sub/same").c_str()), 0);
  ASSERT_EQ(::symlink("/etc/passwd", (tree + "/link").c_str()), 0);
  must(copy(tree, directory_ / "copy"));
  struct stat a {};
  struct stat b {};
  ASSERT_EQ(::lstat((directory_ / "copy/file").c_str(), &a), 0);
  ASSERT_EQ(::lstat((directory_ / "copy/sub/same").c_str(), &b), 0);
  EXPECT_EQ(a.st_ino, b.st_ino);
  EXPECT_EQ(text_of(directory_ / "copy/file"), "text");
  EXPECT_EQ(must(read_link_at(AT_FDCWD, (directory_ / "copy/link").c_str())), "/etc/passwd");
  // Once more, into the same place.
  must(copy(tree + "/.", directory_ / "copy"));
  EXPECT_EQ(must(list_names_at(AT_FDCWD, (directory_ / "copy").c_str())),
            (std::vector<std::string>{"file", "link", "sub"}));
}

TEST_F(TransferTrees, AFileIsReplacedAtOnceAndNotWritten) {
  write_file(directory_ / "new", "new");
  write_file(directory_ / "old", "old");
  const OwnedFd old(::open((directory_ / "old").c_str(), O_RDONLY | O_CLOEXEC));
  must(copy(directory_ / "new", directory_ / "old"));
  EXPECT_EQ(text_of(directory_ / "old"), "new");
  EXPECT_EQ(must(read_file_at(AT_FDCWD, path_of_fd(old.get()).c_str())), "old");
}

TEST_F(TransferTrees, ALinkIsNoDirectoryToCopyInto) {
  ASSERT_EQ(::mkdir((directory_ / "tree").c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((directory_ / "elsewhere").c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((directory_ / "into").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("../elsewhere", (directory_ / "into/tree").c_str()), 0);
  write_file(directory_ / "tree/file", "text");
  EXPECT_EQ(failure(copy(directory_ / "tree", directory_ / "into")),
            "cannot write " + (directory_ / "into/tree") +
                ": it is a symbolic link, and the source is a directory");
  EXPECT_TRUE(must(list_names_at(AT_FDCWD, (directory_ / "elsewhere").c_str())).empty());
}

TEST_F(TransferTrees, ErrorsNameTheSideThatFailed) {
  EXPECT_EQ(failure(copy(directory_ / "missing", directory_ / "x")),
            "cannot copy " + (directory_ / "missing") + ": No such file or directory");
  write_file(directory_ / "file", "text");
  EXPECT_EQ(failure(copy(directory_ / "file", directory_ / "missing/x")),
            "cannot write " + (directory_ / "missing/x") + ": No such file or directory");
  // Neither is a file its own source.
  ASSERT_EQ(::symlink("file", (directory_ / "link").c_str()), 0);
  EXPECT_EQ(failure(copy(directory_ / "file", directory_ / "link")),
            "cannot write " + (directory_ / "link") + ": it is the source");
  EXPECT_EQ(text_of(directory_ / "file"), "text");
}

TEST_F(TransferTrees, ANewFileHasNoNameUntilItIsPlaced) {
  const OwnedFd here(::open(directory_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto names = [&] { return must(list_names_at(here.get(), ".")); };
  {
    const auto abandoned = must(NewFile::create(here.get()));
    EXPECT_EQ(::write(abandoned.fd(), "x", 1), 1);
  }
  EXPECT_TRUE(names().empty());
  auto file = must(NewFile::create(here.get()));
  EXPECT_EQ(file.place("name"), 0);
  auto other = must(NewFile::create(here.get()));
  EXPECT_EQ(other.place("name"), 0);
  EXPECT_EQ(names(), std::vector<std::string>{"name"});
}

}  // namespace
}  // namespace nsx
