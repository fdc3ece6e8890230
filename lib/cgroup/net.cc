// SPDX-License-Identifier: MIT
#include "cgroup/net.hh"

#include <algorithm>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "cgroup/net_layout.h"
#include "kernel/bpf.hh"
#include "kernel/capabilities.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kSet = "limit the network of the cgroup";

/// Checked before anything is created, as anyone may be able to create directories in a bpffs.
Status check_rights() {
  const auto own = TRY(own_capabilities());
  const bool has_net_admin = own.has(CAP_NET_ADMIN);
  if ((own.has(CAP_BPF) || own.has(CAP_SYS_ADMIN)) && has_net_admin) return {};
  return fail(kSet, {}, EPERM,
              hint_for_capability(has_net_admin ? CAP_BPF : CAP_NET_ADMIN,
                                  "CAP_BPF and CAP_NET_ADMIN in the initial user namespace",
                                  Over::another));
}

/// Sets a rate, which also fills the bucket.
Status write_rate(int buckets, std::uint32_t direction, std::uint64_t rate) {
  nsx_net_bucket bucket{};
  bucket.rate = rate;
  return write_bpf_map(buckets, direction, &bucket, BPF_F_LOCK);
}

Status write_rates(int buckets, const CgroupNetRates& rates) {
  if (rates.in) {
    TRY(write_rate(buckets, NSX_NET_IN, *rates.in));
  }
  if (rates.out) return write_rate(buckets, NSX_NET_OUT, *rates.out);
  return {};
}

Status pin(int fd, const std::string& path, mode_t mode) {
  TRY(pin_bpf_object(fd, path));
  if (::chmod(path.c_str(), mode) != 0) return fail("change the mode of", path);
  return {};
}

Status attach(int program, int cgroup, unsigned type, const std::string& path) {
  auto link = link_bpf_to_cgroup(program, cgroup, type);
  if (!link) {
    const int code = link.error().code;
    return fail("attach a BPF program to the cgroup", {}, code,
                code == EPERM    ? "run as root; an ancestor may also have a BPF program that "
                                   "allows no others"
                : code == EINVAL ? "the kernel needs CONFIG_CGROUP_BPF"
                                 : "");
  }
  return pin(link->get(), path, 0600);
}

/// Loads, attaches and pins everything in an existing, empty directory.
Status install(int cgroup, const CgroupNetRates& rates, const std::string& directory) {
  auto programs = TRY(load_net_programs());
  const CgroupNetRates first{rates.in.value_or(kNoNetLimit), rates.out.value_or(kNoNetLimit)};
  const int buckets = programs.buckets.get();
  TRY(write_rates(buckets, first));
  // Anyone may read the counters, as with the files of cgroups.
  const std::string path = directory + '/';
  TRY(pin(buckets, path + kNetBuckets, 0644));
  TRY(pin(programs.counters.get(), path + kNetCounters, 0644));
  TRY(attach(programs.in.get(), cgroup, BPF_CGROUP_INET_INGRESS, path + kNetLinkIn));
  return attach(programs.out.get(), cgroup, BPF_CGROUP_INET_EGRESS, path + kNetLinkOut);
}

bool is_of_this_version(int buckets, int counters) {
  return is_bpf_map(buckets, BPF_MAP_TYPE_ARRAY, sizeof(nsx_net_bucket), NSX_NET_DIRECTIONS) &&
         is_bpf_map(counters, BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(nsx_net_counters),
                    NSX_NET_DIRECTIONS);
}

/// Changes the rates of attached programs. Returns false if another version of nsx attached them.
Result<bool> change(const std::string& directory, const CgroupNetRates& rates) {
  auto buckets = TRY(open_bpf_object(directory + '/' + kNetBuckets, false));
  auto counters = TRY(open_bpf_object(directory + '/' + kNetCounters, true));
  if (!is_of_this_version(buckets.get(), counters.get())) return false;
  TRY(write_rates(buckets.get(), rates));
  return true;
}

/// Returns an upper bound of the number of CPUs for which a per-CPU map holds values: all possible
/// CPUs.
Result<std::size_t> possible_cpus() {
  constexpr const char* path = "/sys/devices/system/cpu/possible";  // "0-3", "0,2-5"
  auto text = TRY(read_file_at(AT_FDCWD, path));
  std::string_view rest = text;
  rest = rest.substr(0, rest.find('\n'));
  std::size_t last = 0;
  while (!rest.empty()) {
    std::string_view range = next_field(rest, ',');
    const std::size_t dash = range.find('-');
    if (dash != std::string_view::npos) range.remove_prefix(dash + 1);
    const auto number = parse_number<std::size_t>(range);
    if (!number) return refuse("parse", path, "it is not a list of CPUs");
    last = std::max(last, *number);
  }
  return last + 1;
}

Result<CgroupNetDirection> read_direction(int buckets, int counters, std::uint32_t direction,
                                          std::size_t cpus) {
  nsx_net_bucket bucket{};
  TRY(read_bpf_map(buckets, direction, &bucket));
  std::vector<nsx_net_counters> each(cpus);
  TRY(read_bpf_map(counters, direction, each.data()));
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

constexpr std::string_view kIn = "net.in";
constexpr std::string_view kOut = "net.out";
constexpr std::string_view kStat = "net.stat";

std::string stat_lines(const std::string& name, const CgroupNetCounters& counters) {
  const auto line = [&](const char* what, std::uint64_t number) {
    return name + what + std::to_string(number) + '\n';
  };
  return line("_bytes ", counters.bytes) + line("_packets ", counters.packets) +
         line("_dropped_bytes ", counters.dropped_bytes) +
         line("_dropped_packets ", counters.dropped_packets);
}

}  // namespace

Result<std::uint64_t> cgroup_id(int cgroup) {
  struct stat status {};
  if (::fstat(cgroup, &status) != 0) return fail("stat", "the cgroup");
  return std::uint64_t{status.st_ino};
}

Status set_cgroup_net(int cgroup, const CgroupNetRates& rates) {
  const auto id = TRY(cgroup_id(cgroup));
  TRY(check_rights());
  auto pins = TRY(NetPins::prepare());
  // Incomplete pins and those of another cgroup are removed as well.
  pins.remove_stale();
  if (are_net_pins_whole(id)) {
    auto changed = TRY(change(net_pins_path(id), rates));
    if (changed) return {};
    TRY(pins.remove(id));
  }
  const auto directory = TRY(pins.make(id));
  auto done = attempt([&] { return install(cgroup, rates, directory); });
  if (!done) [[maybe_unused]]
    const auto removed = attempt([&] { return pins.remove(id); });
  return done;
}

Result<std::optional<CgroupNet>> read_cgroup_net(std::uint64_t id) {
  const auto there = TRY(check_net_pins());
  if (!there) return std::nullopt;
  const std::string directory = net_pins_path(id);
  auto buckets = open_bpf_object(directory + '/' + kNetBuckets, true);
  if (!buckets && buckets.error().code == ENOENT) return std::nullopt;
  if (!buckets) return error_of(buckets);
  auto counters = open_bpf_object(directory + '/' + kNetCounters, true);
  if (!counters && counters.error().code == ENOENT) return std::nullopt;
  if (!counters) return error_of(counters);
  if (!is_of_this_version(buckets->get(), counters->get())) {
    return refuse("read", directory, "another version of nsx wrote it",
                  "set the limits again: nsx-cg set CGROUP net.in=RATE net.out=RATE");
  }
  const auto cpus = TRY(possible_cpus());
  auto in = TRY(read_direction(buckets->get(), counters->get(), NSX_NET_IN, cpus));
  auto out = TRY(read_direction(buckets->get(), counters->get(), NSX_NET_OUT, cpus));
  return CgroupNet{in, out};
}

Result<std::vector<std::uint64_t>> cgroups_with_net() {
  return list_net_pins();
}

Result<bool> remove_cgroup_net(std::uint64_t id) {
  const auto there = TRY(check_net_pins());
  // Most cgroups have none. Do not wait for the lock in that case.
  if (!there || ::access(net_pins_path(id).c_str(), F_OK) != 0) return false;
  auto pins = TRY(NetPins::lock());
  if (!pins) return false;
  auto removed = pins->remove(id);
  pins->remove_stale();
  return removed;
}

bool is_net_file(std::string_view name) {
  return name == kIn || name == kOut || name == kStat;
}

Result<std::string> read_net_file(int cgroup, std::string_view name) {
  const auto id = TRY(cgroup_id(cgroup));
  const auto net = TRY(read_cgroup_net(id));
  if (!net) return std::string();
  if (name == kStat) {
    return stat_lines("rx", net->in.counters) + stat_lines("tx", net->out.counters);
  }
  const std::uint64_t rate = name == kIn ? net->in.rate : net->out.rate;
  return (rate == kNoNetLimit ? "max" : std::to_string(rate)) + '\n';
}

Status write_net_file(int cgroup, std::string_view name, std::string_view value) {
  if (value == "\n") {
    const auto id = TRY(cgroup_id(cgroup));
    TRY(remove_cgroup_net(id));
    return {};
  }
  const auto rate =
      value == "max" ? std::optional(kNoNetLimit) : parse_number<std::uint64_t>(value);
  if (!rate || name == kStat) return fail("write", std::string(name), EINVAL);
  CgroupNetRates rates;
  (name == kIn ? rates.in : rates.out) = rate;
  return set_cgroup_net(cgroup, rates);
}

void forget_net(std::uint64_t cgroup_id) {
  // Leftovers are stale, and removed with the next change by a privileged user.
  [[maybe_unused]] const auto removed = remove_cgroup_net(cgroup_id);
}

}  // namespace nsx
