// SPDX-License-Identifier: MIT
#include <csignal>

#include <nsx/plan.hh>

#include "support.hh"

namespace nsx {
namespace {

using Writer = step::WriteIdMaps::Writer;
using Mode = step::SetPropagation::Mode;

TEST(Describe, SaysEachStepInWords) {
  const struct {
    Step step;
    const char* words;
  } cases[] = {
      {step::JoinNamespace{Kind::net, 3, "PID 42"}, "join the net namespace of PID 42"},
      {step::Unshare{{Kind::net, Kind::uts}}, "make new namespaces: net, uts"},
      {step::WriteIdMaps{{{{0, 1000, 1}}}, {{{0, 100, 1}}}, false},
       "map ids: UID 0 inside is 1000 outside; GID 0 inside is 100 outside; deny setgroups"},
      {step::WriteIdMaps{{{{0, 1000, 1}, {1, 100000, 65536}}, Writer::newidmap},
                         {{{0, 100, 1}}, Writer::self},
                         {}},
       "map ids: UID 0 inside is 1000 outside, UID 1 inside is 100000 outside (65536 ids), by "
       "newuidmap; GID 0 inside is 100 outside"},
      {step::SetTimeOffsets{5, -7},
       "offset the monotonic clock by 5 s, the boot-time clock by -7 s"},
      {step::Fork{}, "fork; the parent waits"},
      {step::Fork{0, {SIGTERM, 40}}, "fork; the parent waits and passes on SIGTERM signal 40"},
      {step::Fork{SIGTERM, {}},
       "fork; the parent waits; the child gets SIGTERM when the parent dies"},
      {step::StartWatcher{SIGTERM},
       "start a watcher that sends the program SIGTERM when this process dies"},
      {step::OpenTerminal{}, "open a new pseudo-terminal for the program"},
      {step::OpenTerminal{.only_for_terminals = true},
       "open a new pseudo-terminal for the program, in place of yours"},
      {step::CloseDescriptors{}, "close descriptors above 2 when the program starts"},
      {step::CloseDescriptors{{3, 63}},
       "close descriptors above 2 except 3, 63 when the program starts"},
      {step::SetEnvironment{{"A=B"}, true},
       "set the environment: 1 variables, except those that lead to files"},
      {step::DropGroups{}, "drop supplementary groups"},
      {step::DropGroups{true}, "drop supplementary groups, if that is allowed"},
      {step::SetIds{6, 5}, "become GID 6, UID 5"},
      {step::SetIds{6, {}}, "become GID 6"},
      {step::SetIds{{}, 5}, "become UID 5"},
      {step::SetPropagation{Mode::private_}, "make all mounts private"},
      {step::SetPropagation{Mode::shared}, "make all mounts shared"},
      {step::SetPropagation{Mode::slave}, "make all mounts slaves"},
      {step::ChangeRoot{-1, "/srv"}, "change the root directory to /srv"},
      {step::ChangeDirectory{3, "/tmp"}, "change the working directory to /tmp"},
      {step::MountProc{"/proc", true}, "mount proc on /proc"},
      {step::Execute{"id", {"id", "-u"}}, "run id -u"},
      {step::Execute{"sh", {"sh", "-c", "a b", ""}}, "run sh -c 'a b' ''"},
      {step::Execute{"/bin/bash", {"-bash"}}, "run /bin/bash as a login shell"},
      {step::Execute{"id", {}}, "run id"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(describe(c.step), c.words);
}

TEST(Describe, KeepsHostileTextFromTheTerminal) {
  const std::string hostile = "\x1b[2J";
  const Step steps[] = {
      step::JoinNamespace{Kind::net, 3, hostile}, step::ChangeRoot{-1, hostile},
      step::ChangeDirectory{-1, hostile},         step::MountProc{hostile, false},
      step::Execute{hostile, {hostile, hostile}},
  };
  for (const Step& step : steps) {
    EXPECT_EQ(describe(step).find('\x1b'), std::string::npos) << describe(step);
    EXPECT_NE(describe(step).find("\\x1b[2J"), std::string::npos) << describe(step);
  }
}

}  // namespace
}  // namespace nsx
