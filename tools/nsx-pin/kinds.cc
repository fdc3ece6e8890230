#include "nsx-pin/kinds.hh"

#include "common/report.hh"
#include "nsx-pin/commands.hh"

namespace nsx::pin_tool {

Result<KindSet> wanted_kinds(const cli::CommandLine& line) {
  KindSet kinds;
  for (const cli::Given& given : line.options) {
    if (given.option->id != kType.id) continue;
    const auto kind = kind_by_name(given.argument);
    if (!kind) {
      return refuse("use as a kind of pins", cli::quoted(given.argument), "unknown kind",
                    kKindWords);
    }
    kinds.insert(*kind);
  }
  return kinds.empty() ? KindSet::all() : kinds;
}

}  // namespace nsx::pin_tool
