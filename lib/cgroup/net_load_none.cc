// SPDX-License-Identifier: MIT
// Replaces net_load.cc if nsx is built without clang or libbpf's headers.

#include "cgroup/net_load.hh"

namespace nsx {

Result<NetPrograms> load_net_programs() {
  return refuse("load", "the BPF programs that limit the network",
                "this nsx was built without them",
                "rebuild with clang and libbpf-dev installed: meson setup -Dbpf=enabled build");
}

}  // namespace nsx
