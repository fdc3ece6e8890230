// SPDX-License-Identifier: MIT
#pragma once
// Loading the network programs into the kernel through libbpf.

#include <nsx/fd.hh>

namespace nsx {

/// The programs and maps of net.bpf.c, loaded but not attached.
struct NetPrograms {
  OwnedFd in;
  OwnedFd out;
  OwnedFd buckets;
  OwnedFd counters;
};

/// Loads them. Errors: libbpf is missing, this library was built without it, a privilege or a
/// kernel feature is missing.
Result<NetPrograms> load_net_programs();

}  // namespace nsx
