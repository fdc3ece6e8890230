// SPDX-License-Identifier: MIT
#include "nsx-enter/list_targets.hh"

#include <algorithm>

#include <nsx/target.hh>

#include "common/report.hh"
#include "nsx-enter/options.hh"

namespace nsx::enter_tool {

namespace {

/// Returns whether a name is safe for a terminal and for programs that read lines. Backslashes are
/// allowed, because systemd uses them in names.
bool is_plain(std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  return printable(name) == name;
}

}  // namespace

int print_targets() {
  const auto kernel = cli::open_kernel();
  if (!kernel) {
    cli::report(kTool, kernel.error());
    return cli::kFailed;
  }
  std::string text;
  for (const TargetName& target : list_targets(*kernel, cli::target_options())) {
    if (!is_plain(target.name)) continue;
    text += target.prefix + ':' + target.name;
    if (!target.description.empty()) text += '\t' + printable(target.description);
    text += '\n';
  }
  return cli::print(kTool, text);
}

}  // namespace nsx::enter_tool
