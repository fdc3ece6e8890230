#include "nsx-ls/id_maps.hh"

#include <nsx/inside.hh>
#include <nsx/process.hh>

namespace nsx::ls_tool {

namespace {

bool is_in(const Kernel& kernel, const Process& process, ino_t user) {
  const auto now = process.open_namespace(kernel, Kind::user);
  return now && now->identity().inode == user;
}

Result<std::string> read_map_file(const Kernel& kernel, const Census& census, CensusIndex index,
                                  const char* file) {
  const CensusNamespace& ns = census.namespaces[index];
  if (ns.first_process != kNone) {
    const auto process = Process::open(kernel, census.processes[ns.first_process].pid);
    // It may have moved on, or be another by now.
    if (process && is_in(kernel, *process, ns.identity.inode)) {
      if (auto text = process->read(file)) return text;
    }
  }
  auto opened = open_namespace(kernel, census, index);
  if (!opened) return error_of(opened);
  return read_file_inside(kernel, *opened, file);
}

}  // namespace

std::optional<IdMap> read_id_map(const Kernel& kernel, const Census& census, CensusIndex index,
                                 const char* file) {
  if (census.namespaces[index].kind != Kind::user) return std::nullopt;
  const auto text = read_map_file(kernel, census, index, file);
  if (!text) return std::nullopt;
  auto map = parse_id_map(*text);
  if (!map) return std::nullopt;
  return std::move(*map);
}

std::vector<std::string> spelled_lines(const IdMap& map) {
  std::vector<std::string> lines;
  lines.reserve(map.size());
  for (const IdMapLine& line : map) {
    lines.push_back(std::to_string(line.inside) + ':' + std::to_string(line.outside) + ':' +
                    std::to_string(line.count));
  }
  return lines;
}

void write_json(const IdMap& map, cli::JsonWriter& json) {
  json.open('[');
  for (const IdMapLine& line : map) {
    json.open('{').key("inside").number(line.inside);
    json.key("outside").number(line.outside).key("count").number(line.count).close();
  }
  json.close();
}

}  // namespace nsx::ls_tool
