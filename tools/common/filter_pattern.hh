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

/// Compiles a POSIX extended regular expression for regexec(3). Returns the reason as text if it is
/// invalid, or if regcomp(3) would need excessive memory for it.
tl::expected<Pattern, std::string> compile_pattern(const std::string& text);

}  // namespace nsx::cli::filter
