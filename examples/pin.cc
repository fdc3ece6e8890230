// SPDX-License-Identifier: MIT
// Makes a net and a UTS namespace and pins them under a name: pin NAME
// `ip netns exec NAME` and `nsx-enter -t NAME` enter them, `nsx-pin rm NAME` removes them.
#include <cstdio>

#include <nsx/create.hh>
#include <nsx/pin.hh>

namespace {

int fail(const nsx::Error& error) {
  std::fprintf(stderr, "pin: %s\n", error.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: pin NAME\n", stderr), 1;
  const auto kernel = nsx::Kernel::open();
  if (!kernel) return fail(kernel.error());

  nsx::CreateRequest request;
  request.kinds = {nsx::Kind::net, nsx::Kind::uts};
  request.hostname = argv[1];
  request.loopback = true;
  auto made = nsx::make_namespaces(*kernel, request);
  if (!made) return fail(made.error());

  // Pins both or none.
  const auto pinned = nsx::add_pins(*kernel, nsx::kPinRoot, argv[1], made->namespaces());
  if (!pinned) return fail(pinned.error());
  for (const nsx::Namespace& ns : made->namespaces())
    std::printf("%s\n", nsx::pin_path(ns.kind(), argv[1]).c_str());
}
