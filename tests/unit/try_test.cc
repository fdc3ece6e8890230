// SPDX-License-Identifier: MIT
#include "try.hh"

#include <memory>

#include "support.hh"

namespace nsx {
namespace {

Result<std::string> word(bool works) {
  if (!works) return refuse("say", "word", "it is forgotten");
  return "word";
}

Status check(bool works) {
  if (!works) return fail("check", "word", EPERM);
  return {};
}

constexpr const char* kForgotten = "cannot say word: it is forgotten";

TEST(Try, GivesTheValue) {
  const auto said = []() -> Result<std::string> {
    TRY(check(true));
    const auto first = TRY(word(true));
    const auto second = TRY(word(true));
    return first + ' ' + second;
  };
  EXPECT_EQ(must(said()), "word word");
}

TEST(Try, HandsTheErrorOn) {
  bool went_on = false;
  const auto said = [&](bool checks, bool says) -> Result<std::size_t> {
    TRY(check(checks));
    const std::string first = TRY(word(says));
    went_on = true;
    return first.size();
  };
  EXPECT_EQ(failure(said(false, true)), "cannot check word: Operation not permitted");
  EXPECT_EQ(failure(said(true, false)), kForgotten);
  EXPECT_FALSE(went_on);
  EXPECT_EQ(must(said(true, true)), 4U);
}

TEST(Try, MayBeWithinAnother) {
  const auto longer = [](const std::string& text) -> Result<std::string> { return text + "er"; };
  const auto said = [&](bool works) -> Result<std::string> {
    return TRY(longer(TRY(longer(TRY(word(works))))));
  };
  EXPECT_EQ(must(said(true)), "worderer");
  EXPECT_EQ(failure(said(false)), kForgotten);
}

TEST(Try, TakesWhatCanOnlyBeMoved) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto made = [&]() -> Result<std::unique_ptr<int>> {
    auto first = TRY(make());
    auto second = Result<std::unique_ptr<int>>(std::move(first));
    return TRY(std::move(second));
  };
  EXPECT_EQ(*must(made()), 7);
}

TEST(Try, AsksOnce) {
  int asked = 0;
  const auto count = [&]() -> Result<int> { return ++asked; };
  const auto all = [&]() -> Result<int> {
    TRY(count());
    return TRY(count());
  };
  EXPECT_EQ(must(all()), 2);
  EXPECT_EQ(asked, 2);
}

TEST(Try, EndsALoop) {
  int round = 0;
  const auto all = [&]() -> Status {
    for (;; ++round)
      TRY(check(round < 3));
  };
  EXPECT_FALSE(all());
  EXPECT_EQ(round, 3);
}

}  // namespace
}  // namespace nsx
