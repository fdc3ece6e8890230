#include <csignal>

#include <nsx/plan.hh>

#include "support.hh"

namespace nsx {
namespace {

using OnSignal = step::Fork::OnSignal;
using Mode = step::SetPropagation::Mode;

TEST(Describe, SaysEachStepInWords) {
  const struct {
    Step step;
    const char* words;
  } cases[] = {
      {step::JoinNamespace{Kind::net, 3, "PID 42"}, "join the net namespace of PID 42"},
      {step::Unshare{{Kind::net, Kind::uts}}, "make new namespaces: net, uts"},
      {step::WriteIdMaps{{{0, 1000, 1}}, {{0, 100, 1}}, true},
       "map ids: UID 0 inside is 1000 outside; GID 0 inside is 100 outside; deny setgroups"},
      {step::WriteIdMaps{{{0, 1000, 1}, {1, 100000, 65536}}, {{0, 100, 1}}, false},
       "map ids: UID 0 inside is 1000 outside, UID 1 inside is 100000 outside (65536 ids); "
       "GID 0 inside is 100 outside"},
      {step::Fork{}, "fork; the parent waits and passes signals on"},
      {step::Fork{0, OnSignal::ignore_terminal}, "fork; the parent waits"},
      {step::Fork{SIGTERM, OnSignal::ignore_terminal},
       "fork; the parent waits; the child gets SIGTERM when the parent dies"},
      {step::Fork{40, OnSignal::ignore_terminal},
       "fork; the parent waits; the child gets signal 40 when the parent dies"},
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
