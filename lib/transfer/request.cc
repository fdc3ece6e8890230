// SPDX-License-Identifier: MIT
#include <vector>

#include "transfer/transfer.hh"
#include "try.hh"

namespace nsx {

std::vector<std::string> split_paths(std::string_view text) {
  std::vector<std::string> paths(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escapes = text[i] == '\\' && i + 1 < text.size();
    if (escapes && (text[i + 1] == ':' || text[i + 1] == '\\')) {
      paths.back() += text[++i];
    } else if (text[i] == ':') {
      paths.emplace_back();
    } else {
      paths.back() += text[i];
    }
  }
  return paths;
}

namespace {

constexpr const char* kColonHint = "write \\: for a colon in a path";

Result<std::vector<std::string>> parse_paths(const char* option, std::string_view text) {
  const std::string what = std::string("invalid argument '{}' for ") + option;
  auto paths = split_paths(text);
  if (paths.size() > 2) return problem(what, text, "more than one colon", kColonHint);
  for (const std::string& path : paths) {
    if (path.empty()) return problem(what, text, "a path is empty");
  }
  return paths;
}

tl::unexpected<Error> wrong_stream(const char* option, std::string_view text, const char* role) {
  return problem(std::string("invalid argument '{}' for ") + option, text,
                 std::string("'-' cannot be the ") + role, "write ./- for a file of this name");
}

}  // namespace

Result<Copy> parse_get(std::string_view text) {
  constexpr const char* kOption = "--get";
  auto paths = TRY(parse_paths(kOption, text));
  if (paths[0] == kStandardStream) return wrong_stream(kOption, text, "source");
  return Copy{Copy::Direction::get, paths[0], paths.size() > 1 ? paths[1] : "."};
}

Result<Copy> parse_put(std::string_view text) {
  constexpr const char* kOption = "--put";
  auto paths = TRY(parse_paths(kOption, text));
  if (paths.size() < 2) {
    return problem("invalid argument '{}' for --put", text, "expected SRC:DEST",
                   "add the destination: --put=" + std::string(text) + ":/tmp");
  }
  if (paths[1] == kStandardStream) return wrong_stream(kOption, text, "destination");
  return Copy{Copy::Direction::put, paths[0], paths[1]};
}

std::string describe(const Copy& copy, const std::string& target) {
  if (copy.direction == Copy::Direction::get) {
    const bool to_stdout = copy.destination == kStandardStream;
    return "copy " + printable(copy.source) + " of " + printable(target) + " to " +
           (to_stdout ? "standard output" : printable(copy.destination));
  }
  const bool from_stdin = copy.source == kStandardStream;
  return "copy " + (from_stdin ? std::string("standard input") : printable(copy.source)) + " to " +
         printable(copy.destination) + " of " + printable(target);
}

}  // namespace nsx
