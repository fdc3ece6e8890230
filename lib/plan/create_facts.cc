// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <nsx/create.hh>

#include "kernel/files.hh"
#include "kernel/text.hh"
#include "plan/facts.hh"
#include "try.hh"

namespace nsx {

namespace {

using Source = IdMapRequest::Block::Source;

bool wants(const IdMapRequest& request, Source source) {
  return std::any_of(request.blocks.begin(), request.blocks.end(),
                     [&](const auto& block) { return block.source == source; });
}

KindSet kinds_of(const Kernel& kernel) {
  KindSet kinds;
  for (const KindInfo& kind : kKinds) {
    const std::string file = std::string("self/ns/") + kind.name;
    if (::faccessat(kernel.proc(), file.c_str(), F_OK, 0) == 0) kinds.insert(kind.kind);
  }
  return kinds;
}

/// Returns the absolute path of a program, or an empty string.
std::string look_up(const char* program, std::string_view search_path) {
  while (!search_path.empty()) {
    const std::string_view directory = next_field(search_path, ':');
    if (!directory.starts_with('/')) continue;
    std::string path = std::string(directory) + '/' + program;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

/// The differences between the facts about users and groups.
struct Sources {
  const char* sub_ids;
  const char* map;
  const char* tool;
};

Result<CreateFacts::Ids> read_ids(const Kernel& kernel, const IdMapRequest& request, uid_t uid,
                                  bool all, const std::string& search_path,
                                  const Sources& sources) {
  CreateFacts::Ids ids;
  if (wants(request, Source::auto_) || wants(request, Source::subids)) {
    const auto text = read_file_at(AT_FDCWD, sources.sub_ids);
    if (!text && text.error().code != ENOENT) return tl::unexpected(text.error());
    const passwd* user = ::getpwuid(uid);
    const std::string name = user != nullptr ? user->pw_name : "";
    if (text) ids.subordinate = find_sub_ids(*text, name, uid);
  }
  if (all || wants(request, Source::all)) {
    const auto text = read_file_at(kernel.proc(), sources.map);
    ids.available = TRY(text ? parse_id_map(*text) : tl::unexpected(text.error()));
  }
  if (!request.blocks.empty()) ids.tool = look_up(sources.tool, search_path);
  return ids;
}

}  // namespace

Result<CreateFacts> read_create_facts(const Kernel& kernel, const CreateRequest& request) {
  CreateFacts facts;
  facts.uid = ::geteuid();
  facts.gid = ::getegid();
  if (request.all) facts.kinds = kinds_of(kernel);

  const uid_t uid = request.owner ? request.owner->uid : facts.uid;
  auto users = TRY(read_ids(kernel, request.users, uid, request.all, request.search_path,
                            {"/etc/subuid", "self/uid_map", "newuidmap"}));
  auto groups = TRY(read_ids(kernel, request.groups, uid, request.all, request.search_path,
                             {"/etc/subgid", "self/gid_map", "newgidmap"}));
  facts.cgroup = TRY(read_cgroup_facts(kernel, request.cgroup));
  facts.users = std::move(users);
  facts.groups = std::move(groups);
  return facts;
}

std::optional<IdMapLine> find_sub_ids(std::string_view text, std::string_view name, uid_t uid) {
  const std::string number = std::to_string(uid);
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    const std::string_view owner = next_field(line, ':');
    if (owner.empty() || (owner != name && owner != number)) continue;
    const auto first = parse_number<std::uint32_t>(next_field(line, ':'));
    const auto count = parse_number<std::uint32_t>(line);
    // newuidmap(1) also skips malformed lines.
    if (first && count && *count > 0) return IdMapLine{0, *first, *count};
  }
  return std::nullopt;
}

}  // namespace nsx
