// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <string_view>

#include "cgroup/net.hh"
#include "cgroup/net_layout.h"
#include "kernel/bpf.hh"
#include "kernel/capabilities.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kLoad = "load";
constexpr const char* kNetwork = "the BPF programs that limit the network";

#ifdef NSX_HAS_BPF

namespace in {
#include "cgroup/incoming.inc"
}
namespace out {
#include "cgroup/outgoing.inc"
}

tl::unexpected<Error> failed_to_load(int code) {
  switch (code) {
    case EPERM:
    case EACCES:
      return fail(
          kLoad, kNetwork, code,
          hint_for_capability(CAP_BPF, "CAP_BPF and CAP_NET_ADMIN in the initial user namespace",
                              Over::another));
    case ENOSYS:
      return fail(kLoad, kNetwork, code, "the kernel needs CONFIG_BPF_SYSCALL");
    default:
      return fail(kLoad, kNetwork, code);
  }
}

/// Returns the type of the values of a map, which both programs have.
std::uint32_t value_type(std::string_view map) {
  for (const BpfProgram::Map& its : in::program.maps) {
    if (its.name == map) return its.value;
  }
  return 0;
}

Result<OwnedFd> load(const BpfProgram& program, const char* name, unsigned hook,
                     const NetPrograms& with) {
  std::vector<int> maps;
  for (const BpfProgram::Map& map : program.maps) {
    maps.push_back(std::string_view(map.name) == kNetBuckets ? with.buckets.get()
                                                             : with.counters.get());
  }
  return load_bpf_program(program, {name, BPF_PROG_TYPE_CGROUP_SKB, hook}, {}, maps);
}

Result<NetPrograms> load_all() {
  NetPrograms programs;
  const OwnedFd types = TRY(load_bpf_types(in::program));
  programs.buckets = TRY(create_bpf_map(kNetBuckets, BPF_MAP_TYPE_ARRAY, sizeof(nsx_net_bucket),
                                        NSX_NET_DIRECTIONS, types.get(), value_type(kNetBuckets)));
  programs.counters =
      TRY(create_bpf_map(kNetCounters, BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(nsx_net_counters),
                         NSX_NET_DIRECTIONS, types.get(), 0));
  programs.in = TRY(load(in::program, "count_in", BPF_CGROUP_INET_INGRESS, programs));
  programs.out = TRY(load(out::program, "count_out", BPF_CGROUP_INET_EGRESS, programs));
  return programs;
}

#endif

}  // namespace

#ifdef NSX_HAS_BPF

Result<NetPrograms> load_net_programs() {
  auto programs = load_all();
  if (!programs) return failed_to_load(programs.error().code);
  return programs;
}

#else

Result<NetPrograms> load_net_programs() {
  return refuse(kLoad, kNetwork, "this nsx was built without them",
                "rebuild with clang installed: meson setup -Dbpf=enabled build");
}

#endif

}  // namespace nsx
