// SPDX-License-Identifier: MIT
#include "common/kinds.hh"

#include "common/options.hh"
#include "common/report.hh"
#include "try.hh"

namespace nsx::cli {

namespace {

constexpr const char* kKindNames = "cgroup, ipc, mnt, net, pid, time, user or uts";

std::optional<Kind> kind_by_any_name(std::string_view word) {
  if (word == "mount") return Kind::mnt;
  if (word == "network") return Kind::net;
  return kind_by_name(word);
}

}  // namespace

Result<KindSet> parse_kinds(std::string_view list) {
  KindSet kinds;
  for (const std::string_view word : split_list(list)) {
    const auto kind = kind_by_any_name(word);
    if (!kind) {
      return problem("unknown namespace type '{}'", word, std::string("expected ") + kKindNames);
    }
    kinds.insert(*kind);
  }
  return kinds;
}

Status add_kinds(KindSet& kinds, const char* list) {
  kinds.insert(TRY(parse_kinds(list)));
  return {};
}

}  // namespace nsx::cli
