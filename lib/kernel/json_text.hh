#pragma once
// What is asked of JSON before a parser sees it.

#include <string_view>

namespace nsx {

/// Whether the objects and lists of a text nest deeper than this. Parsers recurse: what others have
/// written must not be deeper than the stack.
bool nests_deeper(std::string_view json, int depth);

}  // namespace nsx
