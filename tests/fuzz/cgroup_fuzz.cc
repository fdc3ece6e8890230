// SPDX-License-Identifier: MIT
// Limits and snapshots of cgroups, from arbitrary bytes:
//   CXX=clang++ meson setup build-fuzz -Dfuzz=true && ninja -C build-fuzz tests/fuzz/cgroup-fuzz
//   mkdir -p found && build-fuzz/tests/fuzz/cgroup-fuzz -max_total_time=60 found
//   tests/fuzz/cgroup-seeds

#include <cstdint>
#include <cstdlib>
#include <string>

#include <nsx/cgroup_change.hh>

#include "account/account.hh"
#include "cgroup/files.hh"
#include "nsx-cg/commands.hh"

namespace {

using namespace nsx;

void demand(bool is_so) {
  if (!is_so) std::abort();
}

/// Each value written is one line to one file that has no command of its own.
void check_limit(std::string_view text) {
  const auto limit = parse_cgroup_limit(text);
  if (!limit) {
    demand(!limit.error().message().empty());
    return;
  }
  demand(limit->file.find('/') == std::string::npos && limit->file.find('.') != std::string::npos);
  demand(limit->value.find('\n') == std::string::npos);
  demand(command_for(limit->file) == nullptr);
  demand(!limit->share || (*limit->share >= 0 && *limit->share <= 1));
  if (limit->share) return;
  // The value that the kernel then prints is accepted again, and means the same.
  const std::string disk = limit->disk.empty() ? "" : "8:0 ";
  const auto again = parse_cgroup_limit(limit->file + '=' + disk + limit->value);
  demand(again && again->file == limit->file && again->value == limit->value);
}

void check_snapshot(std::string_view text) {
  const auto snapshot = parse_snapshot(text);
  if (!snapshot) {
    demand(!snapshot.error().message().empty());
    return;
  }
  for (const CgroupRecord& record : snapshot->cgroups) {
    demand(!record.path.starts_with('/') &&
           ('/' + record.path + '/').find("/../") == std::string::npos);
    for (const CgroupSetting& setting : record.settings)
      demand(is_setting(setting.file) && setting.value.find('\n') == std::string::npos);
  }
  const auto written = cg_tool::format_snapshot(*snapshot);
  demand(written.has_value());
  const auto again = parse_snapshot(*written);
  demand(again && *again == *snapshot);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with('{')) {
    check_snapshot(text);
  } else {
    check_limit(text);
    [[maybe_unused]] const auto limits = parse_cgroup_limits(text);
    [[maybe_unused]] const auto bytes = parse_size(text);
  }
  return 0;
}
