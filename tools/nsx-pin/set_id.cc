// SPDX-License-Identifier: MIT
#include <array>
#include <cstring>

#include "common/number.hh"
#include "common/report.hh"
#include "net/links.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/find_net.hh"
#include "nsx-pin/place.hh"
#include "try.hh"

namespace nsx::pin_tool {

namespace {

constexpr std::array kSetIdOptions{
    kDir,
    cli::kHelp,
};

Status carry_out(const cli::CommandLine& line, const PlaceOptions& options, std::optional<int> id) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(options));
  auto store = TRY(open_store(kernel, place));
  auto where = TRY(target_options(options));
  auto net = TRY(find_net(kernel, store, line.operands[0], where));
  auto socket = TRY(RouteSocket::open());
  auto done = set_net_id(socket, net, id);
  if (!done) done.error().set_subject(line.operands[0]);
  return done;
}

}  // namespace

constexpr cli::Tool kSetId{
    "nsx-pin set-id",
    "[options] name number",
    "Assign a netnsid to a pinned network namespace",
    kSetIdOptions,
    {.least = 2,
     .most = 2,
     .first = cli::Completes::pin,
     .rest = cli::Completes::words,
     .words = "auto"},
    kUsageStatus,
    nullptr,
    {{{"nsx-pin set-id blue auto", "the next free netnsid"},
      {"nsx-pin set-id blue 7", "netnsid 7"},
      {"nsx-pin ids", "show what is assigned"}}},
};

int set_id(const cli::CommandLine& line) {
  PlaceOptions options;
  if (auto read = cli::apply<kSetIdOptions>(line, options); !read) {
    return cli::usage_error(kSetId, read.error());
  }
  const char* text = line.operands[1];
  std::optional<int> id;
  if (std::strcmp(text, "auto") != 0) {
    id = cli::parse_number<int>(text);
    if (!id || *id < 0) {
      return cli::usage_error(
          kSetId,
          {"invalid netnsid '{}'", text, 0, "expected a number of 0 or more, or 'auto'", {}});
    }
  }
  const auto done = carry_out(line, options, id);
  if (done) return 0;
  cli::report(kSetId, done.error());
  return 1;
}

}  // namespace nsx::pin_tool
