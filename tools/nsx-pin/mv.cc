// SPDX-License-Identifier: MIT
#include <array>

#include <nsx/pin.hh>

#include "common/report.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/place.hh"
#include "try.hh"

namespace nsx::pin_tool {

namespace {

constexpr std::array kMvOptions{
    kDir,
    cli::kHelp,
};

Status carry_out(const cli::CommandLine& line, const PlaceOptions& options) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(options));
  const std::span<char* const> old(line.operands.data(), 1);
  TRY(check_not_roots(kernel, place, "rename the pin", old));
  auto workplace = TRY(Workplace::enter(kernel, place, false));
  return rename_pins(kernel, place.root, line.operands[0], line.operands[1]);
}

}  // namespace

constexpr cli::Tool kMv{
    "nsx-pin mv",
    "[options] old new",
    "Rename a pin",
    kMvOptions,
    {.least = 2, .most = 2, .first = cli::Completes::pin},
    kUsageStatus,
    nullptr,
    {{{"nsx-pin mv blue green", "rename blue to green"},
      {"nsx-pin rename blue green", "the same"},
      {"nsx-pin mv --dir /srv/pins a b", "in another directory"}}},
};

int rename(const cli::CommandLine& line) {
  PlaceOptions options;
  if (auto read = cli::apply<kMvOptions>(line, options); !read) {
    return cli::usage_error(kMv, read.error());
  }
  const auto done = carry_out(line, options);
  if (done) return 0;
  cli::report(kMv, done.error());
  return 1;
}

}  // namespace nsx::pin_tool
