#include "common/report.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

Status carry_out(const cli::CommandLine& line) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto workplace = Workplace::enter(*kernel, *place, false);
  if (!workplace) return error_of(workplace);
  return rename_pins(*kernel, place->root, line.operands[0], line.operands[1]);
}

}  // namespace

int rename(const cli::CommandLine& line) {
  const auto done = carry_out(line);
  if (done) return 0;
  cli::report(kMv, done.error());
  return 1;
}

}  // namespace nsx::pin_tool
