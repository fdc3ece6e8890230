#include "cgroup/net_files.hh"

#include <nsx/cgroup_net.hh>

#include "kernel/text.hh"

namespace nsx {

namespace {

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

bool is_net_file(std::string_view name) {
  return name == kIn || name == kOut || name == kStat;
}

Result<std::string> read_net_file(int cgroup, std::string_view name) {
  const auto id = cgroup_id(cgroup);
  if (!id) return tl::unexpected(id.error());
  const auto net = read_cgroup_net(*id);
  if (!net) return tl::unexpected(net.error());
  if (!*net) return std::string();
  if (name == kStat) {
    return stat_lines("rx", (*net)->in.counters) + stat_lines("tx", (*net)->out.counters);
  }
  const std::uint64_t rate = name == kIn ? (*net)->in.rate : (*net)->out.rate;
  return (rate == kNoNetLimit ? "max" : std::to_string(rate)) + '\n';
}

Status write_net_file(int cgroup, std::string_view name, std::string_view value) {
  if (value == "\n") {
    const auto id = cgroup_id(cgroup);
    if (!id) return tl::unexpected(id.error());
    auto removed = remove_cgroup_net(*id);
    if (!removed) return error_of(removed);
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
  // What remains is stale, and goes with the next change by somebody who may.
  [[maybe_unused]] const auto removed = remove_cgroup_net(cgroup_id);
}

}  // namespace nsx
