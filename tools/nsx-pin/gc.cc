#include "common/report.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

/// What was removed, or would be: a line each.
Result<std::string> carry_out(const cli::CommandLine& line) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto workplace = Workplace::enter(*kernel, *place, false);
  if (!workplace) return error_of(workplace);
  auto garbage = collect_pin_garbage(*kernel, place->root, line.has(kDryRun));
  if (!garbage) return error_of(garbage);
  if (auto left = workplace->leave(*kernel); !left) return error_of(left);
  std::string text;
  for (const PinFile& pin : *garbage)
    text += printable(pin.path) + " (" + name(pin.state) + ")\n";
  return text;
}

}  // namespace

int collect(const cli::CommandLine& line) {
  const auto text = carry_out(line);
  if (text) return cli::print(kGc, *text);
  cli::report(kGc, text.error());
  return 1;
}

}  // namespace nsx::pin_tool
