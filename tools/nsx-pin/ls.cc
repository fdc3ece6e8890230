#include <algorithm>

#include <nsx/pin.hh>

#include "common/report.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"

namespace nsx::pin_tool {

namespace {

/// "net blue" for each pin, by kinds and names.
Result<std::string> lines_of_pins(const std::vector<char*>& wanted) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  std::string text;
  for (const Kind kind : KindSet::all()) {
    auto pins = list_pins(*kernel, kind);
    if (!pins) return error_of(pins);
    for (const PinFile& pin : *pins) {
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), pin.name) == wanted.end()) {
        continue;
      }
      text += std::string(name(kind)) + ' ' + printable(pin.name) + '\n';
    }
  }
  return text;
}

}  // namespace

int list(const cli::CommandLine& line) {
  auto text = lines_of_pins(line.operands);
  if (text) return cli::print(kLs, *text);
  cli::report(kLs, text.error());
  return 1;
}

}  // namespace nsx::pin_tool
