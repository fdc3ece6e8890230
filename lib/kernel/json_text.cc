// SPDX-License-Identifier: MIT
#include "kernel/json_text.hh"

namespace nsx {

bool nests_deeper(std::string_view json, int depth) {
  int at = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++at > depth) return true;
    } else if (c == '}' || c == ']') {
      --at;
    }
  }
  return false;
}

}  // namespace nsx
