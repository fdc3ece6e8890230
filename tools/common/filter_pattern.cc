// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/filter.hh"
#include "common/filter_program.hh"
#include "common/locale.hh"

namespace nsx::cli::filter {

namespace {

/// Estimates the number of parts that regcomp(3) expands a pattern to. glibc compiles a{3} as aaa
/// and a+ as aa*, so ".++++" and "((a{9}){9}){9}" grow exponentially, and thirty characters can
/// exhaust any memory. Nested stars cost time instead, and count the same. The estimate for an
/// invalid pattern is arbitrary.
class SizeEstimate {
 public:
  explicit SizeEstimate(std::string_view pattern) : rest_(pattern) {}

  /// Returns the estimate, or any number above `most` if it exceeds `most`.
  std::uint64_t up_to(std::uint64_t most) {
    // A step multiplies by at most a 32-bit number, so the loop ends before the sum can overflow.
    while (!rest_.empty() && sum_ + last_ <= most)
      step();
    for (const std::uint64_t outer : open_)
      sum_ += outer;
    return sum_ + last_;
  }

 private:
  void step() {
    const char c = rest_.front();
    std::size_t length = 1;
    switch (c) {
      case '(':
        sum_ += last_;
        open_.push_back(sum_);
        sum_ = last_ = 0;
        break;
      case ')':
        if (!open_.empty()) {
          last_ += sum_ + 1;
          sum_ = open_.back();
          open_.pop_back();
        }
        break;
      case '*':
      case '?':
      case '+':
        last_ = last_ * 2 + 1;
        break;
      case '{':
        length = interval();
        break;
      default:
        if (c == '\\') length = 2;
        if (c == '[') length = bracket();
        sum_ += last_;
        last_ = 1;
    }
    rest_.remove_prefix(std::min(length, rest_.size()));
  }

  /// Processes "{2}", "{2,}" or "{2,5}", and returns its length.
  std::size_t interval() {
    const char* at = rest_.data() + 1;
    const char* end = rest_.data() + rest_.size();
    std::uint32_t most = 0;
    for (std::uint32_t bound = 0; at < end && *at != '}';) {
      const auto read = std::from_chars(at, end, bound);
      most = std::max(most, bound);
      at = std::max(read.ptr, at + 1);
    }
    last_ = last_ * (std::uint64_t{most} + 1) + 1;
    return static_cast<std::size_t>(at - rest_.data()) + 1;
  }

  /// Returns the length of a bracket expression, "[abc]". A "]" that comes first, or in
  /// "[:class:]", does not end it.
  std::size_t bracket() const {
    std::size_t at = rest_.starts_with("[^") ? 2 : 1;
    for (const std::size_t first = at; at < rest_.size(); ++at) {
      if (rest_[at] == ']' && at != first) return at + 1;
      if (rest_[at] != '[' || at + 1 == rest_.size()) continue;
      const char kind = rest_[at + 1];
      if (kind != ':' && kind != '.' && kind != '=') continue;
      const std::size_t end = rest_.find(std::string{kind, ']'}, at + 2);
      if (end != std::string_view::npos) at = end + 1;
    }
    return at;
  }

  std::string_view rest_;
  std::vector<std::uint64_t> open_;  ///< the sum before each open parenthesis
  std::uint64_t sum_ = 0;            ///< of the complete parts since the last open parenthesis
  std::uint64_t last_ = 0;           ///< size of the part that a repetition would apply to
};

}  // namespace

tl::expected<Pattern, std::string> compile_pattern(const std::string& text) {
  if (text.size() > Filter::kMaxPatternLength)
    return tl::unexpected("it is longer than " + std::to_string(Filter::kMaxPatternLength) +
                          " bytes");
  if (SizeEstimate(text).up_to(Filter::kMaxPatternSize) > Filter::kMaxPatternSize)
    return tl::unexpected("its repetitions expand to more than " +
                          std::to_string(Filter::kMaxPatternSize) + " parts");
  auto compiled = std::make_unique<regex_t>();
  need_locale();
  if (const int error = ::regcomp(compiled.get(), text.c_str(), REG_EXTENDED | REG_NOSUB)) {
    std::array<char, 128> why{};
    ::regerror(error, compiled.get(), why.data(), why.size());
    return tl::unexpected(std::string(why.data()));
  }
  return Pattern(compiled.release());
}

}  // namespace nsx::cli::filter
