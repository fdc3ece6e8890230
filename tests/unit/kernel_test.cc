// SPDX-License-Identifier: MIT
#include <nsx/kernel.hh>

#include "fake_proc.hh"
#include "support.hh"

namespace nsx {
namespace {

FeatureSet features(std::initializer_list<Feature> list) {
  FeatureSet set;
  for (const Feature feature : list)
    set.insert(feature);
  return set;
}

TEST(ParseFeatures, TakesAListOfNamesWithHyphens) {
  EXPECT_EQ(must(parse_features("")).disabled, FeatureSet());
  EXPECT_EQ(must(parse_features("-pidfd-info")).disabled, features({Feature::pidfd_info}));
  EXPECT_EQ(must(parse_features("-pidfd-ns,-ns-id")).disabled,
            features({Feature::pidfd_namespaces, Feature::namespace_id}));
}

TEST(ParseFeatures, ForcesWhatIsNotUsedOtherwise) {
  const FeatureChoice choice = must(parse_features("-ns-id,+bpf"));
  EXPECT_EQ(choice.disabled, features({Feature::namespace_id}));
  EXPECT_EQ(choice.forced, features({Feature::bpf_iterator}));
  EXPECT_EQ(must(parse_features("")).forced, FeatureSet());
}

TEST(ParseFeatures, RefusesAllElseAndListsWhatThereIs) {
  for (const char* list :
       {"pidfd-ns", "-", "-pidfd", "-pidfd-ns -ns-id", "-pidfd-ns,,-ns-id", "+ns-id"}) {
    const auto result = parse_features(list);
    ASSERT_FALSE(result) << list;
    for (std::size_t i = 0; i < kFeatureCount; ++i) {
      EXPECT_NE(failure(result).find(std::string("-") + name(static_cast<Feature>(i))),
                std::string::npos);
    }
  }
}

TEST(FeatureNames, AreWhatTheListTakes) {
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    const auto feature = static_cast<Feature>(i);
    EXPECT_EQ(must(parse_features(std::string("-") + name(feature))).disabled, features({feature}));
  }
}

TEST(Kernel, UsesNothingThatIsSwitchedOff) {
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    const auto off = static_cast<Feature>(i);
    KernelOptions options;
    options.disabled.insert(off);
    const Kernel kernel = must(Kernel::open(options));
    for (std::size_t j = 0; j < kFeatureCount; ++j) {
      const auto feature = static_cast<Feature>(j);
      EXPECT_EQ(kernel.has(feature), feature != off && newest_kernel().has(feature))
          << name(feature) << " without " << name(off);
    }
  }
}

TEST(Kernel, TrustsTheNumbersOfItsOwnProcAlone) {
  EXPECT_TRUE(newest_kernel().numbers_are_ours());

  // Even if the tree claims it: it is not a proc file system.
  const FakeProc proc;
  std::filesystem::create_symlink(std::to_string(::getpid()), proc.path() + "/self");
  const Kernel kernel = proc.kernel();
  EXPECT_FALSE(kernel.numbers_are_ours());
  EXPECT_EQ(kernel.proc_path(), proc.path());
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    EXPECT_FALSE(kernel.has(static_cast<Feature>(i)));
  }
}

TEST(Kernel, NeedsADirectory) {
  KernelOptions options;
  options.proc = "/nowhere";
  EXPECT_EQ(failure(Kernel::open(options)),
            "cannot open /nowhere: No such file or directory\nhint: mount -t proc proc /nowhere");
  options.proc = "/dev/null";
  EXPECT_EQ(failure_code(Kernel::open(options)), ENOTDIR);
}

}  // namespace
}  // namespace nsx
