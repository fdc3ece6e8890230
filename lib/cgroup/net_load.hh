// SPDX-License-Identifier: MIT
#pragma once
// The network programs' way into the kernel, through libbpf.

#include <nsx/fd.hh>

namespace nsx {

/// The programs and maps of net.bpf.c, loaded and not attached yet.
struct NetPrograms {
  OwnedFd in;
  OwnedFd out;
  OwnedFd buckets;
  OwnedFd counters;
};

/// Errors: libbpf is not there, this library was built without it, a missing right or kernel part.
Result<NetPrograms> load_net_programs();

}  // namespace nsx
