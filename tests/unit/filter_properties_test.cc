// SPDX-License-Identifier: MIT
#include <random>

#include "filter_row.hh"

namespace nsx::cli {
namespace {

/// Random filters, with their meaning, from the same numbers in every run.
class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return random_() % end; }

  template <class... Texts>
  std::string one_of(Texts... texts) {
    const std::array all{std::string_view(texts)...};
    return std::string(all[below(all.size())]);
  }

  struct Made {
    std::string text;
    bool is_true;
    int rank;  ///< or: 0, and: 1, not: 2, a test or what is in parentheses: 3
  };

  Made filter(std::size_t size) {
    if (size == 0) return test();
    switch (below(3)) {
      case 0: {
        const Made inner = filter(size - 1);
        return {one_of("!", "not ", "! ", "NOT ") + within(inner, 2), !inner.is_true, 2};
      }
      case 1: {
        const Made left = filter(size / 2), right = filter((size - 1) / 2);
        return {within(left, 1) + one_of(" and ", "&&", " AND ") + within(right, 1),
                left.is_true && right.is_true, 1};
      }
      default: {
        const Made left = filter(size / 2), right = filter((size - 1) / 2);
        return {within(left, 0) + one_of(" or ", "||", " Or ") + within(right, 0),
                left.is_true || right.is_true, 0};
      }
    }
  }

 private:
  Made test() {
    if (below(2) == 0)
      return {one_of("NPROCS == 3", "TYPE", "4 > NPROCS", "USER =~ '^r'", "true"), true, 3};
    return {one_of("NPROCS ne 3", "PID", "TYPE=='uts'", "USER!~'^r'", "false"), false, 3};
  }

  std::string within(const Made& made, int rank) {
    const bool needs = made.rank < rank;
    return needs || below(8) == 0 ? '(' + made.text + ')' : made.text;
  }

  std::mt19937 random_;
};

TEST(FilterProperties, MeansWhatItWasMadeFor) {
  Maker maker(1);
  for (int i = 0; i < 1000; ++i) {
    const Maker::Made made = maker.filter(maker.below(24));
    ASSERT_EQ(picks(made.text), made.is_true) << made.text;
  }
}

TEST(FilterProperties, HoldsForAnyTokensThatAreAFilter) {
  Maker maker(2);
  int filters = 0;
  for (int i = 0; i < 10000; ++i) {
    std::string text;
    for (std::size_t words = 1 + maker.below(7); words != 0; --words) {
      text += maker.one_of("and", "or", "not", "!", "(", ")", "==", "!=", "<", ">=", "=~", "!~",
                           "NS", "NSFS", "PID", "NONE", "BELOW", "FREE", "3", "0.5", "'a'", "''",
                           "\"(\"", "true", "false", "'", "nonsense");
      text += ' ';
    }
    const auto filter = parse_filter(text);
    if (!filter) {
      ASSERT_NE(failure(filter).find("': at character "), std::string::npos) << text;
      continue;
    }
    ++filters;
    const bool is_picked = filter->matches(value_of);
    ASSERT_EQ(picks("not (" + text + ")"), !is_picked) << text;
    ASSERT_EQ(picks("(" + text + ") and (" + text + ")"), is_picked) << text;
    ASSERT_EQ(picks("false or " + text), is_picked) << text;
  }
  EXPECT_GT(filters, 200);
}

TEST(FilterProperties, TakesOrRefusesAnyBytes) {
  Maker maker(3);
  for (int i = 0; i < 10000; ++i) {
    std::string text;
    for (std::size_t bytes = maker.below(12); bytes != 0; --bytes)
      text += maker.below(4) == 0 ? static_cast<char>(maker.below(256))
                                  : "NS3.K'\"\\()!=~<>&| \n"[maker.below(20)];
    const auto filter = parse_filter(text);
    if (!filter) continue;
    ASSERT_EQ(picks("!(" + text + ")"), !filter->matches(value_of)) << text;
  }
}

}  // namespace
}  // namespace nsx::cli
