// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <nsx/enter.hh>

#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "plan/facts.hh"
#include "support.hh"

namespace nsx {
namespace {

const UserDatabase kDatabase{
    "# a comment\n"
    "+nis:x:7:7:::\n"
    "root:x:0:0:root:/root:/bin/ash\n"
    "bob:x:1000:100::/home/bob:/bin/sh\n"
    "bad:x:-1:0::/:/bin/sh\n"
    "worse:x:4294967295:0::/:/bin/sh\n"
    ":x:8:8::/:/bin/sh\n"
    "bare:x:1001:100\n"
    "4040:x:0:0::/root:/bin/sh\n"
    "twin:x:1000:7::/home/twin:/bin/sh",
    "root:x:0:\nusers:x:100:\nsudo:x:27:alice,bob\ndialout:x:20:bob\nsame:x:27:bob\n"
    "near:x:9:bobby,xbob\nbad:x:x:bob",
    "container web"};

/// "uid:gid groups name home shell"
std::string found(const std::string& text) {
  const auto words = parse_user_words(text);
  if (!words) return failure(words);
  const auto user = find_user(kDatabase, *words);
  if (!user) return failure(user);
  std::string line = std::to_string(user->uid) + ':' + std::to_string(user->gid);
  for (const gid_t group : user->groups)
    line += ' ' + std::to_string(group);
  return line + ' ' + user->name + ' ' + user->home + ' ' + user->shell;
}

TEST(UserDatabase, FindsUsersAsDockerDoes) {
  EXPECT_EQ(found("root"), "0:0 0 root /root /bin/ash");
  EXPECT_EQ(found("bob"), "1000:100 100 27 20 bob /home/bob /bin/sh");
  EXPECT_EQ(found("1000"), "1000:100 100 27 20 bob /home/bob /bin/sh");
  EXPECT_EQ(found("bob:dialout"), "1000:20 20 bob /home/bob /bin/sh");
  EXPECT_EQ(found("bob:4321"), "1000:4321 4321 bob /home/bob /bin/sh");
  EXPECT_EQ(found("4321"), "4321:0 0  / /bin/sh");
  EXPECT_EQ(found("4321:sudo"), "4321:27 27  / /bin/sh");
  // A number is not a name, even if an entry has it as its name.
  EXPECT_EQ(found("4040"), "4040:0 0  / /bin/sh");
  // A truncated line has a login without a home directory and shell.
  EXPECT_EQ(found("bare"), "1001:100 100 bare / /bin/sh");
}

TEST(UserDatabase, SaysWhatItLacks) {
  EXPECT_EQ(found("bobb"),
            "no user named 'bobb' in /etc/passwd of container web (did you mean 'bob'?)");
  EXPECT_EQ(found("nobody"),
            "no user named 'nobody' in /etc/passwd of container web\n"
            "hint: give a number, which needs no entry");
  EXPECT_EQ(found("bob:wheel"),
            "no group named 'wheel' in /etc/group of container web\n"
            "hint: give a number, which needs no entry");
  for (const char* bad : {"bad", "worse", "#"})
    EXPECT_TRUE(found(bad).starts_with("no user named ")) << bad;
  for (const char* text :
       {"", ":", "bob:", ":bob", "a:b:c", "-1", "4294967295", "1x", "+nis", "a/b", "a\nb"})
    EXPECT_EQ(found(text).find("invalid user '"), 0U) << text;
}

TEST(UserDatabase, TellsTheEnvironmentOfALogin) {
  using Entries = std::vector<std::string>;
  const User bob{1000, 100, {}, "bob", "/home/bob", "/bin/ash"};
  EXPECT_EQ(bob.variables(),
            (Entries{"HOME=/home/bob", "SHELL=/bin/ash", "USER=bob", "LOGNAME=bob"}));
  EXPECT_EQ(User{.uid = 4321}.variables(), (Entries{"HOME=/", "SHELL=/bin/sh", "USER", "LOGNAME"}));
}

class Files {
 public:
  Files() {
    ::mkdir((root_ / "etc").c_str(), 0755);
    facts_.root = FoundPath{open_.get(), "ROOT"};
    facts_.files = open_.get();
  }

  std::string passwd() const { return root_ / "etc/passwd"; }
  std::string outside() const { return outside_.path(); }
  Result<UserDatabase> read() const { return read_user_database(facts_); }

 private:
  TemporaryDirectory root_;
  TemporaryDirectory outside_;
  OwnedFd open_{::open(root_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  EnterFacts facts_;
};

TEST(UserDatabase, IsReadBelowTheRootThatIsEntered) {
  const Files files;
  auto database = must(files.read());
  EXPECT_EQ(database.passwd + database.group, "");
  EXPECT_EQ(database.of, "ROOT");
  write_file(files.passwd(), "bob");
  EXPECT_EQ(must(files.read()).passwd, "bob");
  // A link cannot lead out of it.
  write_file(files.outside() + "/passwd", "outside");
  ::unlink(files.passwd().c_str());
  ASSERT_EQ(::symlink((files.outside() + "/passwd").c_str(), files.passwd().c_str()), 0);
  EXPECT_EQ(must(files.read()).passwd, "");
}

TEST(UserDatabase, RefusesWhatIsNoSmallFile) {
  const Files files;
  write_file(files.passwd(), std::string((1U << 20U) + 1, 'x'));
  EXPECT_EQ(failure(files.read()),
            "cannot read /etc/passwd of ROOT: File too large\n"
            "hint: at most 1 MiB of it is read");
  write_file(files.passwd(), std::string(1U << 20U, 'x'));
  EXPECT_EQ(must(files.read()).passwd.size(), 1U << 20U);
  ::unlink(files.passwd().c_str());
  ASSERT_EQ(::mkfifo(files.passwd().c_str(), 0644), 0);
  EXPECT_EQ(failure(files.read()), "cannot read /etc/passwd of ROOT: not a regular file");
  const std::string failed =
      "cannot look up users in the files of: its root directory cannot be "
      "opened from outside\nhint: ";
  EXPECT_EQ(
      failure(read_user_database({})),
      failed + (::geteuid() == 0 ? "use numbers, which need no lookup: --setuid=UID --setgid=GID"
                                 : "needs CAP_SYS_ADMIN: run as root"));
}

TEST(CapabilitiesInStatus, AreNotReadFromTheNameOfTheProcess) {
  const std::string status =
      "Name:\tCapBnd:\t1\nCapInh:\t0000000000000002\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\n";
  EXPECT_EQ(capabilities_in_status(status, "CapInh"), 2U);
  EXPECT_EQ(capabilities_in_status(status, "CapBnd"), 0x1ffffffffffU);
  EXPECT_EQ(capabilities_in_status(status, "CapAmb"), 0U);
}

TEST(ResourceLimits, AreParsedAsTheKernelWritesThem) {
  const auto limits = parse_resource_limits(
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max cpu time              unlimited            unlimited            seconds   \n"
      "Max new kind of thing     1                    2                    things    \n"
      "Max open files            1024                 4096                 files     \n"
      "Max processes             x                    y                    processes \n");
  ASSERT_EQ(limits.size(), 2U);
  EXPECT_EQ(describe(limits[0]), "cpu unlimited:unlimited");
  EXPECT_EQ(describe(limits[1]), "nofile 1024:4096");
  EXPECT_EQ(limits[1].resource, RLIMIT_NOFILE);
  // The caller's own make no difference.
  const std::string own = must(read_file_at(AT_FDCWD, "/proc/self/limits"));
  EXPECT_EQ(parse_resource_limits(own).size(), 16U);
  EXPECT_TRUE(limits_that_differ(parse_resource_limits(own)).empty());
}

}  // namespace
}  // namespace nsx
