// SPDX-License-Identifier: MIT
#include "nsx-pin/find_net.hh"

#include <nsx/target.hh>

#include "common/report.hh"
#include "try.hh"

namespace nsx::pin_tool {

namespace {

Result<Namespace> net_of(std::vector<Namespace> namespaces, const std::string& of) {
  for (Namespace& ns : namespaces) {
    if (ns.kind() == Kind::net) return std::move(ns);
  }
  return problem("{} has no net namespace", of);
}

}  // namespace

Result<Namespace> find_net(const Kernel& kernel, const PinStore& store, const std::string& word,
                           const TargetOptions& where) {
  // A word that can be neither a PID nor a prefixed target is looked up as a pin only, so that the
  // error is about pins.
  const bool is_target =
      word.find(':') != std::string::npos ||
      (!word.empty() && word.find_first_not_of("0123456789") == std::string::npos);
  if (!is_target || store.has(word)) {
    auto namespaces = TRY(store.find(kernel, word));
    return net_of(std::move(namespaces), "pin " + word);
  }
  auto target = TRY(resolve_target(kernel, word, where));
  if (target.process) return target.process->open_namespace(kernel, Kind::net);
  std::vector<Namespace> namespaces;
  for (TargetNamespace& each : target.namespaces)
    namespaces.push_back(std::move(each.ns));
  return net_of(std::move(namespaces), target.name);
}

Result<Namespace> own_net(const Kernel& kernel) {
  return Namespace::open_file_at(kernel, kernel.proc(), "self/ns/net");
}

}  // namespace nsx::pin_tool
