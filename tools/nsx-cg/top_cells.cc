// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <cwchar>
#include <optional>

#include <nsx/text.hh>

#include "common/table_text.hh"
#include "nsx-cg/top_live.hh"
#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

namespace {

constexpr std::string_view kCutMark = "..";

void add_hex(std::vector<TopGlyph>& glyphs, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  for (const char shown : {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xfU]})
    glyphs.push_back({std::string(1, shown), 1});
}

int width_of(const std::vector<TopGlyph>& glyphs) {
  int width = 0;
  for (const TopGlyph& glyph : glyphs)
    width += glyph.width;
  return width;
}

/// Removes glyphs from the end until they fit in `width` columns.
void cut_end(std::vector<TopGlyph>& glyphs, int width) {
  for (int now = width_of(glyphs); now > width && !glyphs.empty(); glyphs.pop_back())
    now -= glyphs.back().width;
}

/// The glyphs of a line end before `end`; the next line starts at `next`.
struct Line {
  std::size_t end;
  std::size_t next;
};

/// Takes as many glyphs as fit, broken at a space if there is one in the second half.
Line line_from(const std::vector<TopGlyph>& glyphs, std::size_t begin, int width) {
  std::size_t end = begin;
  for (int left = width; end < glyphs.size() && glyphs[end].width <= left; ++end)
    left -= glyphs[end].width;
  if (end == glyphs.size()) return {end, end};
  for (std::size_t at = end; at > begin + (end - begin) / 2; --at) {
    if (glyphs[at].text == " ") return {at, at + 1};
  }
  return {end, end};
}

/// Returns the end of a container ID in the last component of a path.
std::optional<std::size_t> end_of_id(const std::string& path) {
  constexpr std::size_t kFull = 64;
  for (std::size_t at = path.rfind('/') + 1; at < path.size();) {
    const std::size_t end = std::min(path.find_first_not_of("0123456789abcdef", at), path.size());
    if (end - at == kFull) return end;
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::vector<TopGlyph> glyphs_of(std::string_view text) {
  std::vector<TopGlyph> glyphs;
  glyphs.reserve(text.size());
  while (!text.empty()) {
    const auto [length, wide] = cli::first_locale_character(text);
    const auto code = first_character(text).code;
    const std::string_view bytes = text.substr(0, length);
    // wcwidth(3) is -1 for control characters. Other hidden characters take no columns, but affect
    // their neighbors.
    const int width = wide && code && !is_hidden(*code) ? ::wcwidth(*wide) : -1;
    if (width >= 0) {
      glyphs.push_back({std::string(bytes), width});
    } else {
      for (const char byte : bytes)
        add_hex(glyphs, byte);
    }
    text.remove_prefix(length);
  }
  return glyphs;
}

int width_of(std::string_view text) {
  return width_of(glyphs_of(text));
}

std::vector<TopGlyph> fitted(std::string_view text, int width, TopAlign align, TopCut cut) {
  std::vector<TopGlyph> glyphs = glyphs_of(text);
  const auto mark = glyphs_of(kCutMark);
  const int room = std::max(0, width - width_of(mark));
  if (width_of(glyphs) > width && cut == TopCut::end) {
    cut_end(glyphs, room);
    glyphs.insert(glyphs.end(), mark.begin(), mark.end());
  } else if (width_of(glyphs) > width) {
    std::reverse(glyphs.begin(), glyphs.end());
    cut_end(glyphs, room);
    glyphs.insert(glyphs.end(), mark.begin(), mark.end());
    std::reverse(glyphs.begin(), glyphs.end());
  }
  cut_end(glyphs, std::max(0, width));
  const int missing = std::max(0, width - width_of(glyphs));
  const std::vector<TopGlyph> blanks(static_cast<std::size_t>(missing), TopGlyph{" ", 1});
  glyphs.insert(align == TopAlign::left ? glyphs.end() : glyphs.begin(), blanks.begin(),
                blanks.end());
  return glyphs;
}

std::string path_within(const std::string& path, int width, TopCut cut) {
  if (width_of(path) <= width) return path;
  std::string text = cli::with_short_ids(path);
  // "/system.slice/docker-ID.scope": the part after the ID is cut before the ID.
  if (const auto end = end_of_id(path); end && cut == TopCut::start) {
    const std::string to_id = cli::with_short_ids(path.substr(0, *end));
    constexpr int kIdAndMark = 14;
    if (width_of(text) > width && width < kIdAndMark + width_of(path.substr(*end))) text = to_id;
  }
  const int fit = std::min(width, width_of(text));
  return joined(fitted(text, fit, TopAlign::left, cut));
}

std::string name_within(const std::string& container, const std::string& path, int width) {
  if (container.empty()) return path_within(path, width, TopCut::start);
  constexpr int kFewest = 14;  // ".." and the digits of an ID
  const int room = width - width_of(container) - width_of(" ()");
  if (room >= std::min(kFewest, width_of(path))) {
    return container + " (" + path_within(path, room, TopCut::start) + ')';
  }
  return joined(
      fitted(container, std::min(width, width_of(container)), TopAlign::left, TopCut::end));
}

std::vector<std::string> wrapped(std::string_view text, int width, std::size_t most) {
  const std::vector<TopGlyph> glyphs = glyphs_of(text);
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < glyphs.size() && lines.size() < most;) {
    const Line line = line_from(glyphs, begin, width);
    if (line.next == begin) break;  // a single one is wider than that
    const bool is_cut = lines.size() + 1 == most && line.next < glyphs.size();
    lines.push_back(joined(std::vector<TopGlyph>(
        glyphs.begin() + static_cast<std::ptrdiff_t>(begin),
        is_cut ? glyphs.end() : glyphs.begin() + static_cast<std::ptrdiff_t>(line.end))));
    if (is_cut) lines.back() = joined(fitted(lines.back(), width, TopAlign::left, TopCut::end));
    begin = line.next;
  }
  return lines;
}

std::string joined(const std::vector<TopGlyph>& glyphs) {
  std::string text;
  for (const TopGlyph& glyph : glyphs)
    text += glyph.text;
  return text;
}

namespace {

constexpr auto kTopAliases = [] {
  std::array<cli::ColumnAlias, kColumnAliases.size() + 1> aliases{
      cli::ColumnAlias{"EVENTS", kEventsColumn}};
  std::ranges::copy(kColumnAliases, aliases.begin() + 1);
  return aliases;
}();

std::optional<double> share(double part, double whole) {
  if (whole <= 0) return part > 0 ? 1 : 0;
  return std::clamp(part / whole, 0.0, 1.0);
}

std::optional<double> share_of_limit(const std::optional<std::uint64_t>& used,
                                     std::uint64_t limit) {
  if (!used || limit == kNoCgroupLimit) return std::nullopt;
  return share(static_cast<double>(*used), static_cast<double>(limit));
}

std::optional<double> share_of_cpu(const CgroupSample& sample, const CgroupRates& rates) {
  if (!rates.cpu || !sample.cpu_max || sample.cpu_max->quota == kNoCgroupLimit) {
    return std::nullopt;
  }
  return share(*rates.cpu * static_cast<double>(sample.cpu_max->period),
               static_cast<double>(sample.cpu_max->quota));
}

std::optional<double> share_of_time(const std::optional<CgroupPressure>& pressure) {
  constexpr double kPercent = 100;
  if (!pressure) return std::nullopt;
  return share(pressure->some.avg10, kPercent);
}

TopTone worst_of(const TopEvents& events) {
  if (events.kills > 0 || events.at_limit > 0 || events.failed_forks > 0) return TopTone::alarm;
  if (events.reclaims > 0 || events.throttled > 0) return TopTone::warning;
  return events.frozen ? TopTone::frozen : TopTone::plain;
}

/// Returns the tone of a bar. Pressure is a problem long before it reaches 100%.
TopTone tone_of_bar(cli::ColumnId id, double share) {
  const bool is_pressure =
      id == column("CPU-PSI") || id == column("MEM-PSI") || id == column("IO-PSI");
  const double warns = is_pressure ? 0.1 : 0.7;
  const double alarms = is_pressure ? 0.4 : 0.9;
  if (share >= alarms) return TopTone::alarm;
  return share >= warns ? TopTone::warning : TopTone::good;
}

}  // namespace

const cli::ColumnNames kTopNames{.words = kColumnWords, .aliases = kTopAliases};

const char* top_name(cli::ColumnId id) {
  return id == kEventsColumn ? "EVENTS" : info(id).table.name;
}

bool is_right(cli::ColumnId id) {
  return id != kEventsColumn && info(id).table.is_right;
}

bool is_falling(cli::ColumnId id) {
  return id == kEventsColumn || info(id).table.is_right;
}

CgroupFileSet files_of(cli::ColumnId id) {
  if (id == kEventsColumn) {
    return {CgroupFile::cpu_stat, CgroupFile::memory_events, CgroupFile::pids_events,
            CgroupFile::events};
  }
  CgroupFileSet files = info(id).needs.files;
  switch (id) {
    case column("CPU%"):
      files.insert(CgroupFile::cpu_max);
      break;
    case column("MEM"):
      files.insert({CgroupFile::memory_max, CgroupFile::memory_high});
      break;
    case column("SWAP"):
      files.insert(CgroupFile::swap_max);
      break;
    default:
      break;
  }
  return files;
}

cli::Cell top_cell(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup, bool exact) {
  if (id != kEventsColumn) {
    return info(id).cell({snapshot.reading.cgroups[cgroup], snapshot.rates[cgroup], exact});
  }
  std::vector<std::string> words = in_words(snapshot.events[cgroup]);
  std::string shown;
  for (const std::string& word : words)
    shown += (shown.empty() ? "" : ", ") + word;
  return {std::move(words), std::move(shown)};
}

TopTone tone_of(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup) {
  const TopEvents& events = snapshot.events[cgroup];
  if (id == kEventsColumn || id == column("NAME")) {
    return worst_of(events);
  }
  switch (id) {
    case column("CPU%"):
      if (events.throttled > 0) return TopTone::warning;
      break;
    case column("MEM"):
      if (events.at_limit > 0) return TopTone::alarm;
      if (events.reclaims > 0) return TopTone::warning;
      break;
    case column("OOM"):
      if (events.kills > 0) return TopTone::alarm;
      break;
    case column("PIDS/MAX"):
      if (events.failed_forks > 0) return TopTone::alarm;
      break;
    default:
      break;
  }
  const auto bar = bar_of(id, snapshot, cgroup);
  return bar ? tone_of_bar(id, *bar) : TopTone::plain;
}

cli::Value sort_key(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup) {
  if (id != kEventsColumn) return top_cell(id, snapshot, cgroup, true).value;
  const TopEvents& events = snapshot.events[cgroup];
  if (events.kills > 0) return 5.0;
  if (events.at_limit > 0) return 4.0;
  if (events.reclaims > 0) return 3.0;
  if (events.failed_forks > 0) return 2.0;
  if (events.throttled > 0) return 1 + events.throttled / 2;
  return events.frozen ? 1.0 : 0.0;
}

std::optional<double> bar_of(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup) {
  if (id == kEventsColumn) return std::nullopt;
  const CgroupSample& sample = snapshot.reading.cgroups[cgroup];
  switch (id) {
    case column("CPU%"):
      return share_of_cpu(sample, snapshot.rates[cgroup]);
    case column("MEM"):
      // Above memory.high, processes are throttled and memory is reclaimed: a limit as well.
      return share_of_limit(sample.memory, std::min(sample.memory_max.value_or(kNoCgroupLimit),
                                                    sample.memory_high.value_or(kNoCgroupLimit)));
    case column("SWAP"):
      return share_of_limit(sample.swap, sample.swap_max.value_or(kNoCgroupLimit));
    case column("PIDS/MAX"):
      return share_of_limit(sample.pids_current, sample.pids_max.value_or(kNoCgroupLimit));
    case column("CPU-PSI"):
      return share_of_time(sample.cpu_pressure);
    case column("MEM-PSI"):
      return share_of_time(sample.memory_pressure);
    case column("IO-PSI"):
      return share_of_time(sample.io_pressure);
    default:
      return std::nullopt;
  }
}

}  // namespace nsx::cg_tool
