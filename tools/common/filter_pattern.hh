// SPDX-License-Identifier: MIT
#pragma once
// The regular expressions of a filter.

#include <memory>
#include <regex.h>
#include <string>

#include <nsx/result.hh>

namespace nsx::cli::filter {

struct FreePattern {
  void operator()(regex_t* pattern) const {
    ::regfree(pattern);
    delete pattern;
  }
};
using Pattern = std::unique_ptr<regex_t, FreePattern>;

/// A POSIX extended regular expression, ready for regexec(3), or why it is none. One that would
/// take regcomp(3) memory without end is refused.
tl::expected<Pattern, std::string> compile_pattern(const std::string& text);

}  // namespace nsx::cli::filter
