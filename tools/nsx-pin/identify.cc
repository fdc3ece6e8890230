#include <unistd.h>

#include <nsx/target.hh>

#include "common/report.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

/// The inode numbers of the namespaces of a target, by kind; 0: it has none.
Result<std::array<ino_t, kKindCount>> namespaces_of(const Kernel& kernel, const std::string& text) {
  auto target = resolve_target(kernel, text, cli::target_options());
  if (!target) return error_of(target);
  std::array<ino_t, kKindCount> inodes{};
  for (const TargetNamespace& each : target->namespaces)
    inodes[static_cast<std::size_t>(each.ns.kind())] = each.ns.identity().inode;
  if (!target->process) return inodes;
  Error denied;
  for (const Kind kind : KindSet::all()) {
    auto ns = target->process->open_namespace(kernel, kind);
    if (ns) inodes[static_cast<std::size_t>(kind)] = ns->identity().inode;
    if (!ns && (ns.error().code == EACCES || ns.error().code == EPERM)) denied = ns.error();
  }
  if (denied.code != 0) return tl::unexpected(std::move(denied));
  return inodes;
}

Result<std::string> names(const cli::CommandLine& line) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto place = find_place(line);
  if (!place) return error_of(place);
  const std::string target =
      line.operands.empty() ? std::to_string(::getpid()) : line.operands.front();
  auto inodes = namespaces_of(*kernel, target);
  if (!inodes) return error_of(inodes);
  auto store = open_store(*kernel, *place);
  if (!store) return error_of(store);
  auto pins = store->list(*kernel);
  if (!pins) return error_of(pins);
  std::string text;
  std::string last;
  for (const PinFile& pin : *pins) {
    const bool is_its =
        pin.state == PinState::live && pin.inode == (*inodes)[static_cast<std::size_t>(pin.kind)];
    if (!is_its || pin.name == last) continue;
    text += printable(pin.name) + '\n';
    last = pin.name;
  }
  return text;
}

}  // namespace

int identify(const cli::CommandLine& line) {
  const auto text = names(line);
  if (text) return cli::print(kIdentify, *text);
  cli::report(kIdentify, text.error());
  return 1;
}

}  // namespace nsx::pin_tool
