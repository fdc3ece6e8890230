#include <array>

#include <nsx/census.hh>

namespace nsx {

namespace {

constexpr std::array<const char*, kSourceCount> kNames{"process", "thread", "children", "fd",
                                                       "socket",  "mount",  "relation", "kernel"};

std::optional<Source> source_by_name(std::string_view word) {
  for (std::size_t i = 0; i < kSourceCount; ++i) {
    if (word == kNames[i]) return static_cast<Source>(i);
  }
  return std::nullopt;
}

std::string all_names() {
  std::string text;
  for (const char* name : kNames)
    text += std::string(name) + ", ";
  return text + "or all";
}

}  // namespace

const char* name(Source source) {
  return kNames[static_cast<std::size_t>(source)];
}

Result<SourceSet> parse_sources(std::string_view list) {
  SourceSet sources;
  for (;;) {
    const std::size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    const auto source = source_by_name(word);
    if (source) {
      sources.insert(*source);
    } else if (word == "all") {
      sources = SourceSet::all();
    } else {
      return refuse("look for namespaces at the source", std::string(word), "unknown name",
                    all_names());
    }
    if (comma == std::string_view::npos) return sources;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace nsx
