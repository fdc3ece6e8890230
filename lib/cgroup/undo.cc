#include "cgroup/undo.hh"

#include "kernel/text.hh"

namespace nsx {

namespace {

/// What takes the line of one disk away; empty where a file has no such lines.
std::string_view reset_value(std::string_view file) {
  if (file == "io.max") return "rbps=max wbps=max riops=max wiops=max";
  if (file == "io.weight" || file == "io.bfq.weight") return "default";
  if (file == "io.latency") return "target=0";
  return {};
}

}  // namespace

std::vector<std::string> writes_to_restore(std::string_view file, std::string_view written,
                                           std::string_view old) {
  const std::string_view reset = reset_value(file);
  if (!reset.empty()) {
    // One disk's line, or the default.
    std::string_view rest = written;
    const std::string_view key = next_field(rest, ' ');
    std::string_view lines = old;
    while (!lines.empty()) {
      const std::string_view line = next_field(lines, '\n');
      std::string_view value = line;
      if (next_field(value, ' ') == key) return {std::string(line)};
    }
    return {std::string(key) + ' ' + std::string(reset)};
  }
  std::vector<std::string> writes;
  while (!old.empty()) {
    const std::string_view line = next_field(old, '\n');
    if (!line.empty()) writes.emplace_back(line);
  }
  // An empty list of CPUs, say: the kernel takes no write of nothing.
  if (writes.empty()) writes.emplace_back("\n");
  return writes;
}

}  // namespace nsx
