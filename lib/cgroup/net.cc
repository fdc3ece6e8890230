#include <algorithm>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <nsx/cgroup_net.hh>

#include "cgroup/net_layout.h"
#include "cgroup/net_load.hh"
#include "cgroup/net_pins.hh"
#include "kernel/bpf.hh"
#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

constexpr const char* kSet = "limit and count the network of the cgroup";
constexpr const char* kRights =
    "needs CAP_BPF and CAP_NET_ADMIN in the initial user namespace: run as root";

/// Before anything is made: a bpffs may let anybody make directories.
Status check_rights() {
  const auto own = own_capabilities();
  if (!own) return tl::unexpected(own.error());
  const auto has = [&](unsigned capability) { return (own->effective >> capability & 1) != 0; };
  if ((has(CAP_BPF) || has(CAP_SYS_ADMIN)) && has(CAP_NET_ADMIN)) return {};
  return fail(kSet, {}, EPERM, kRights);
}

/// Fills the bucket, too.
Status write_rate(int buckets, std::uint32_t direction, std::uint64_t rate) {
  nsx_net_bucket bucket{};
  bucket.rate = rate;
  return write_bpf_map(buckets, direction, &bucket, BPF_F_LOCK);
}

Status write_rates(int buckets, const CgroupNetRates& rates) {
  if (rates.in) {
    if (auto done = write_rate(buckets, NSX_NET_IN, *rates.in); !done) return done;
  }
  if (rates.out) return write_rate(buckets, NSX_NET_OUT, *rates.out);
  return {};
}

Status pin(int fd, const std::string& path, mode_t mode) {
  if (auto done = pin_bpf_object(fd, path); !done) return done;
  if (::chmod(path.c_str(), mode) != 0) return fail("change the mode of", path);
  return {};
}

Status attach(int program, int cgroup, unsigned type, const std::string& path) {
  auto link = link_bpf_to_cgroup(program, cgroup, type);
  if (!link) {
    const int code = link.error().code;
    return fail("attach a BPF program to the cgroup", {}, code,
                code == EPERM    ? "a cgroup above has one that allows no others, or there is no "
                                   "right to: CAP_NET_ADMIN"
                : code == EINVAL ? "this kernel may have no BPF programs on cgroups"
                                 : "");
  }
  return pin(link->get(), path, 0600);
}

/// Loads, attaches and pins all of it in a directory that is there and empty.
Status install(int cgroup, const CgroupNetRates& rates, const std::string& directory) {
  auto programs = load_net_programs();
  if (!programs) return error_of(programs);
  const CgroupNetRates first{rates.in.value_or(kNoNetLimit), rates.out.value_or(kNoNetLimit)};
  const int buckets = programs->buckets.get();
  if (auto done = write_rates(buckets, first); !done) return done;
  // Everybody may read what is counted, as with the files of cgroups.
  const std::string path = directory + '/';
  if (auto done = pin(buckets, path + kNetBuckets, 0644); !done) return done;
  if (auto done = pin(programs->counters.get(), path + kNetCounters, 0644); !done) return done;
  if (auto done = attach(programs->in.get(), cgroup, BPF_CGROUP_INET_INGRESS, path + kNetLinkIn);
      !done) {
    return done;
  }
  return attach(programs->out.get(), cgroup, BPF_CGROUP_INET_EGRESS, path + kNetLinkOut);
}

bool is_of_this_version(int buckets, int counters) {
  return is_bpf_map(buckets, BPF_MAP_TYPE_ARRAY, sizeof(nsx_net_bucket), NSX_NET_DIRECTIONS) &&
         is_bpf_map(counters, BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(nsx_net_counters),
                    NSX_NET_DIRECTIONS);
}

/// Changes rates of what is attached; false: that is of another version.
Result<bool> change(const std::string& directory, const CgroupNetRates& rates) {
  auto buckets = open_bpf_object(directory + '/' + kNetBuckets, false);
  if (!buckets) return error_of(buckets);
  auto counters = open_bpf_object(directory + '/' + kNetCounters, true);
  if (!counters) return error_of(counters);
  if (!is_of_this_version(buckets->get(), counters->get())) return false;
  if (auto done = write_rates(buckets->get(), rates); !done) return error_of(done);
  return true;
}

/// At least as many CPUs as a map of the kind that is kept for each has values for a key: all that
/// could ever be.
Result<std::size_t> possible_cpus() {
  constexpr const char* path = "/sys/devices/system/cpu/possible";  // "0-3", "0,2-5"
  auto text = read_file_at(AT_FDCWD, path);
  if (!text) return error_of(text);
  std::string_view rest = *text;
  rest = rest.substr(0, rest.find('\n'));
  std::size_t last = 0;
  while (!rest.empty()) {
    std::string_view range = next_field(rest, ',');
    const std::size_t dash = range.find('-');
    if (dash != std::string_view::npos) range.remove_prefix(dash + 1);
    const auto number = parse_number<std::size_t>(range);
    if (!number) return refuse("understand", path, "it does not list CPUs");
    last = std::max(last, *number);
  }
  return last + 1;
}

Result<CgroupNetDirection> read_direction(int buckets, int counters, std::uint32_t direction,
                                          std::size_t cpus) {
  nsx_net_bucket bucket{};
  if (auto done = read_bpf_map(buckets, direction, &bucket); !done) return error_of(done);
  std::vector<nsx_net_counters> each(cpus);
  if (auto done = read_bpf_map(counters, direction, each.data()); !done) return error_of(done);
  CgroupNetDirection sum;
  sum.rate = bucket.rate;
  for (const nsx_net_counters& cpu : each) {
    sum.counters.bytes += cpu.bytes;
    sum.counters.packets += cpu.packets;
    sum.counters.dropped_bytes += cpu.dropped_bytes;
    sum.counters.dropped_packets += cpu.dropped_packets;
  }
  return sum;
}

}  // namespace

Result<std::uint64_t> cgroup_id(int cgroup) {
  struct stat status {};
  if (::fstat(cgroup, &status) != 0) return fail("look at", "the cgroup");
  return std::uint64_t{status.st_ino};
}

Status set_cgroup_net(int cgroup, const CgroupNetRates& rates) {
  const auto id = cgroup_id(cgroup);
  if (!id) return tl::unexpected(id.error());
  if (auto ok = check_rights(); !ok) return ok;
  auto pins = NetPins::prepare();
  if (!pins) return error_of(pins);
  // What is half-made or of another cgroup goes as well.
  pins->remove_stale();
  if (are_net_pins_whole(*id)) {
    auto changed = change(net_pins_path(*id), rates);
    if (!changed) return error_of(changed);
    if (*changed) return {};
    if (auto removed = pins->remove(*id); !removed) return error_of(removed);
  }
  const auto directory = pins->make(*id);
  if (!directory) return tl::unexpected(directory.error());
  auto done = install(cgroup, rates, *directory);
  if (!done) (void)pins->remove(*id);
  return done;
}

Result<std::optional<CgroupNet>> read_cgroup_net(std::uint64_t id) {
  const auto there = check_net_pins();
  if (!there) return tl::unexpected(there.error());
  if (!*there) return std::nullopt;
  const std::string directory = net_pins_path(id);
  auto buckets = open_bpf_object(directory + '/' + kNetBuckets, true);
  if (!buckets && buckets.error().code == ENOENT) return std::nullopt;
  if (!buckets) return error_of(buckets);
  auto counters = open_bpf_object(directory + '/' + kNetCounters, true);
  if (!counters && counters.error().code == ENOENT) return std::nullopt;
  if (!counters) return error_of(counters);
  if (!is_of_this_version(buckets->get(), counters->get())) {
    return refuse("read", directory, "another version of nsx made it", "set its rates again");
  }
  const auto cpus = possible_cpus();
  if (!cpus) return tl::unexpected(cpus.error());
  auto in = read_direction(buckets->get(), counters->get(), NSX_NET_IN, *cpus);
  if (!in) return error_of(in);
  auto out = read_direction(buckets->get(), counters->get(), NSX_NET_OUT, *cpus);
  if (!out) return error_of(out);
  return CgroupNet{*in, *out};
}

Result<std::vector<std::uint64_t>> cgroups_with_net() {
  return list_net_pins();
}

Result<bool> remove_cgroup_net(std::uint64_t id) {
  const auto there = check_net_pins();
  if (!there) return tl::unexpected(there.error());
  // Most cgroups have none: those are not worth waiting for the lock.
  if (!*there || ::access(net_pins_path(id).c_str(), F_OK) != 0) return false;
  auto pins = NetPins::lock();
  if (!pins) return error_of(pins);
  if (!*pins) return false;
  auto removed = (*pins)->remove(id);
  (*pins)->remove_stale();
  return removed;
}

}  // namespace nsx
