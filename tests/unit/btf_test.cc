// SPDX-License-Identifier: MIT
#include <cstring>
#include <linux/btf.h>
#include <string>

#include "discovery/bpf_programs.hh"
#include "kernel/bpf.hh"
#include "support.hh"

namespace nsx {
namespace {

using Type = BtfQuestion::Type;

/// BTF in the making. Types are numbered from 1 in the order in which they are added.
class MadeBtf {
 public:
  std::uint32_t add(const char* name, std::uint32_t kind, std::uint32_t count, std::uint32_t size,
                    const std::vector<std::uint32_t>& tail = {}) {
    put({string(name), kind << 24 | count, size});
    put(tail);
    return ++last_;
  }

  std::uint32_t integer(std::uint32_t size) {
    return add("integer", BTF_KIND_INT, 0, size, {size * 8});
  }

  struct Member {
    const char* name;
    std::uint32_t type;
    std::uint32_t byte;
  };
  std::uint32_t structure(const char* name, std::uint32_t size, const std::vector<Member>& members,
                          std::uint32_t kind = BTF_KIND_STRUCT) {
    std::vector<std::uint32_t> tail;
    for (const Member& member : members) {
      tail.insert(tail.end(), {string(member.name), member.type, member.byte * 8});
    }
    return add(name, kind, static_cast<std::uint32_t>(members.size()), size, tail);
  }

  std::vector<std::byte> bytes() const {
    const auto length = static_cast<std::uint32_t>(types_.size());
    const btf_header header{
        BTF_MAGIC, BTF_VERSION, 0,      sizeof header,
        0,         length,      length, static_cast<std::uint32_t>(text_.size())};
    std::vector<std::byte> all(sizeof header + types_.size() + text_.size());
    std::memcpy(all.data(), &header, sizeof header);
    std::memcpy(all.data() + sizeof header, types_.data(), types_.size());
    std::memcpy(all.data() + sizeof header + types_.size(), text_.data(), text_.size());
    return all;
  }

 private:
  std::uint32_t string(const char* text) {
    if (*text == '\0') return 0;
    const auto at = static_cast<std::uint32_t>(text_.size());
    text_ += text;
    text_ += '\0';
    return at;
  }

  void put(const std::vector<std::uint32_t>& words) {
    for (const std::uint32_t word : words) {
      types_.append(static_cast<const char*>(static_cast<const void*>(&word)), sizeof word);
    }
  }

  std::string types_;
  std::string text_ = std::string(1, '\0');
  std::uint32_t last_ = 0;
};

/// struct inner { u32 number; }; typedef struct inner inner_t;
/// struct outer { u64 first; struct { union { u64 hidden; }; }; inner_t array[3]; struct outer *up;
/// }; void hook();
MadeBtf made() {
  MadeBtf btf;
  const auto u32 = btf.integer(4);
  const auto u64 = btf.integer(8);
  const auto inner = btf.structure("inner", 4, {{"number", u32, 0}});
  const auto name = btf.add("inner_t", BTF_KIND_TYPEDEF, 0, inner);
  const auto array = btf.add("", BTF_KIND_ARRAY, 0, 0, {name, u32, 3});
  const auto pointer = btf.add("", BTF_KIND_PTR, 0, 9);
  const auto both = btf.structure("", 8, {{"hidden", u64, 0}}, BTF_KIND_UNION);
  const auto nameless = btf.structure("", 16, {{"", both, 8}});
  EXPECT_EQ(btf.structure(
                "outer", 48,
                {{"first", u64, 0}, {"", nameless, 8}, {"array", array, 24}, {"up", pointer, 40}}),
            9U);
  const auto proto = btf.add("", BTF_KIND_FUNC_PROTO, 0, 0);
  btf.add("hook", BTF_KIND_FUNC, 0, proto);
  return btf;
}

std::optional<std::vector<std::uint32_t>> ask(const MadeBtf& btf, const BtfQuestion& question) {
  return answer(btf.bytes(), {&question, 1});
}

const std::vector<BtfQuestion> kAll{
    {Type::offset, "outer", "first", 8},
    {Type::offset, "outer", "hidden", 8},
    {Type::offset, "outer", "array.number", 4},
    {Type::offset, "outer", "up", 8},
    {Type::exists, "outer", "hidden", 8, true},
    {Type::exists, "outer", "absent", 8, true},
    {Type::offset, "outer", "absent", 8, true},
    {Type::size, "inner", "", 0},
    {Type::id, "outer", "", 0},
    {Type::function, "hook", "", 0},
};

TEST(Btf, AnswersInTheOrderOfTheQuestions) {
  const std::vector<std::uint32_t> expected{0, 16, 24, 40, 1, 0, 0, 4, 9, 11};
  EXPECT_EQ(answer(made().bytes(), kAll), expected);
}

TEST(Btf, HasNoAnswerThatIsNotCertain) {
  for (const BtfQuestion& question :
       std::vector<BtfQuestion>{{Type::offset, "outer", "absent", 8},
                                {Type::offset, "outer", "first", 4},
                                {Type::exists, "outer", "first", 4, true},
                                {Type::offset, "outer", "array", 12},
                                {Type::offset, "absent", "first", 8},
                                {Type::function, "outer", "", 0},
                                {Type::id, "hook", "", 0},
                                {Type::offset, "outer", "up.first", 8}}) {
    EXPECT_EQ(ask(made(), question), std::nullopt) << question.name << ' ' << question.member;
  }
}

TEST(Btf, HasNoAnswerIfTwoStructsHaveTheName) {
  MadeBtf btf = made();
  EXPECT_TRUE(ask(btf, {Type::offset, "inner", "number", 4}));
  btf.structure("inner", 4, {{"number", 1, 0}});
  EXPECT_EQ(ask(btf, {Type::offset, "inner", "number", 4}), std::nullopt);
  EXPECT_TRUE(ask(btf, {Type::offset, "outer", "first", 8}));
}

TEST(Btf, TakesNoBitfield) {
  MadeBtf btf;
  const auto u32 = btf.integer(4);
  // With the flag for bitfields, the size of one is in the upper byte.
  btf.add("flags", BTF_KIND_STRUCT | 0x80, 1, 4, {0, u32, 3U << 24 | 8});
  EXPECT_EQ(ask(btf, {Type::offset, "flags", "", 4}), std::vector<std::uint32_t>{0});
  EXPECT_EQ(ask(btf, {Type::offset, "flags", "bit", 4}), std::nullopt);
}

TEST(Btf, EndsWhereTypesContainThemselves) {
  MadeBtf btf;
  btf.add("endless", BTF_KIND_TYPEDEF, 0, 1);
  btf.structure("nest", 8, {{"", 2, 0}, {"", 2, 0}, {"", 1, 0}, {"", 77, 0}, {"member", 1, 0}});
  EXPECT_EQ(ask(btf, {Type::offset, "nest", "absent", 8}), std::nullopt);
  EXPECT_EQ(ask(btf, {Type::offset, "nest", "member", 8}), std::nullopt);
}

TEST(Btf, HasNoAnswerIfItIsCutShort) {
  const std::vector<std::byte> whole = made().bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // Its own allocation, for the sanitizer to see reads beyond the end.
    const std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<long>(size));
    EXPECT_EQ(answer(part, kAll), std::nullopt) << size;
  }
}

TEST(Btf, SurvivesAnyWord) {
  const std::vector<std::byte> whole = made().bytes();
  for (std::size_t at = 0; at + 4 <= whole.size(); ++at) {
    for (const std::uint32_t word : {0U, 1U, 0x7fffffffU, 0xffffffffU, 0x0400ffffU, 0x05000001U,
                                     0x80000000U, 0x13000100U, static_cast<unsigned>(at)}) {
      std::vector<std::byte> changed = whole;
      std::memcpy(changed.data() + at, &word, sizeof word);
      const auto answers = answer(changed, kAll);
      EXPECT_TRUE(!answers || answers->size() == kAll.size());
    }
  }
}

TEST(Btf, OfThisKernelHasAllThatTheCensusNeeds) {
  const auto btf = KernelBtf::open();
  if (!btf || census_programs().empty()) GTEST_SKIP() << "no BTF, or built without BPF";
  // Before Linux 6.2, only the one with probe reads fits.
  std::size_t fitting = 0;
  for (const CensusPrograms& programs : census_programs()) {
    const auto answers = answer(btf->bytes(), programs.census.questions);
    EXPECT_EQ(answers.has_value(), answer(btf->bytes(), programs.lookup.questions).has_value());
    if (!answers) continue;
    ++fitting;
    EXPECT_EQ(answers->size(), programs.census.questions.size());
    EXPECT_NE(answers->front(), 0U);
  }
  EXPECT_GE(fitting, 1U);
  EXPECT_TRUE(fitted_programs());
}

}  // namespace
}  // namespace nsx
