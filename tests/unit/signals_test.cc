// SPDX-License-Identifier: MIT
#include <csignal>

#include "common/arguments.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

TEST(ParseSignal, TakesNamesAndNumbers) {
  const struct {
    const char* text;
    int signal;
  } cases[] = {
      {"TERM", SIGTERM},
      {"SIGTERM", SIGTERM},
      {"sigterm", SIGTERM},
      {"Kill", SIGKILL},
      {"15", 15},
      {"1", 1},
      {"HUP", SIGHUP},
      {"USR1", SIGUSR1},
      {"SIGSYS", SIGSYS},
      {"RTMIN", SIGRTMIN},
      {"SIGRTMIN", SIGRTMIN},
      {"rtmin+3", SIGRTMIN + 3},
      {"RTMIN+0", SIGRTMIN},
      {"RTMAX", SIGRTMAX},
      {"RTMAX-1", SIGRTMAX - 1},
      {"SIGRTMAX-0", SIGRTMAX},
      {"64", SIGRTMAX},
  };
  for (const auto& c : cases)
    EXPECT_EQ(must(parse_signal(c.text)), c.signal) << c.text;
}

TEST(ParseSignal, RefusesAllElse) {
  for (const char* text : {"",       "0",          "-1",      "65",       "999999999999",
                           "SIG",    "SIGSIGTERM", "TERMX",   "TER",      "15x",
                           " 15",    "RTMIN-1",    "RTMAX+1", "RTMIN+99", "RTMAX-99",
                           "RTMIN+", "RTMIN+x",    "RTMINX",  "RTMIN+-1", "RTMIN+2147483647"}) {
    EXPECT_EQ(failure(parse_signal(text)),
              std::string("invalid signal '") + text + "': expected a name like TERM or a number");
  }
}

}  // namespace
}  // namespace nsx::cli
