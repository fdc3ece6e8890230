// SPDX-License-Identifier: MIT
#include <array>

#include "common/report.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/pins.hh"
#include "try.hh"
#include "upkeep/upkeep.hh"

namespace nsx::pin_tool {

namespace {

struct Request {
  bool dry_run = false;
  PlaceOptions place;
};

constexpr std::array kGcOptions{
    cli::flag(cli::kNoLetter, "dry-run", "print what would be removed, and remove nothing",
              cli::set_flag<&Request::dry_run>),
    kDir,
    cli::kHelp,
};

/// Removes garbage, or only finds it with --dry-run. Returns a line for each file.
Result<std::string> carry_out(const Request& request) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(request.place));
  auto workplace = TRY(Workplace::enter(kernel, place, false));
  auto garbage = TRY(collect_pin_garbage(kernel, place.root, request.dry_run));
  TRY(workplace.leave(kernel));
  std::string text;
  for (const PinFile& pin : garbage)
    text += printable(pin.path) + " (" + name(pin.state) + ")\n";
  return text;
}

}  // namespace

constexpr cli::Tool kGc{
    "nsx-pin gc",
    "[options]",
    "Remove stale files and the remains of interrupted commands",
    kGcOptions,
    cli::Operands::none,
    kUsageStatus,
    nullptr,
    {{{"nsx-pin gc --dry-run", "what would be removed"},
      {"nsx-pin gc", "remove it"},
      {"nsx-pin gc --dir /srv/pins", "in another directory"}}},
};

int collect(const cli::CommandLine& line) {
  Request request;
  if (auto read = cli::apply<kGcOptions>(line, request, request.place); !read) {
    return cli::usage_error(kGc, read.error());
  }
  const auto text = carry_out(request);
  if (text) return cli::print(kGc, *text);
  cli::report(kGc, text.error());
  return 1;
}

}  // namespace nsx::pin_tool
