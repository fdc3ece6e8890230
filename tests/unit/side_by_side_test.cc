// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <new>
#include <sys/resource.h>
#include <thread>

#include "discovery/sources.hh"
#include "support.hh"

namespace nsx {
namespace {

TEST(WorkSideBySide, CallsOnceForEachNumber) {
  std::array<std::atomic<int>, 4> calls{};
  work_side_by_side(4, [&](unsigned i) { ++calls[i]; });
  for (const auto& count : calls)
    EXPECT_EQ(count, 1);
}

TEST(WorkSideBySide, OneIsTheCallersThread) {
  const auto caller = std::this_thread::get_id();
  work_side_by_side(1, [&](unsigned) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

TEST(WorkSideBySide, ThrowsWhatLackedMemoryInAnyThreadWhenAllHaveEnded) {
  for (unsigned failing = 0; failing < 3; ++failing) {
    std::atomic<int> ended = 0;
    const auto work = [&](unsigned i) {
      if (i == failing) throw std::bad_alloc();
      ++ended;
    };
    EXPECT_THROW(work_side_by_side(3, work), std::bad_alloc);
    EXPECT_EQ(ended, 2);
  }
}

TEST(ShareOut, HandsEachNumberToOneWorker) {
  constexpr std::size_t kCount = 1001;
  std::array<std::atomic<int>, kCount> calls{};
  share_out(3, kCount, [&](unsigned worker, std::size_t i) {
    EXPECT_LT(worker, 3U);
    ++calls[i];
    return true;
  });
  for (const auto& count : calls)
    EXPECT_EQ(count, 1);
}

TEST(ShareOut, EndsOnceAWorkerSaysSo) {
  int calls = 0;
  share_out(1, 1001, [&](unsigned, std::size_t) { return ++calls < 40; });
  EXPECT_EQ(calls, 40);
}

// AddressSanitizer does not work with a limit of address space.
#if defined(__has_feature)
#define NSX_HAS_FEATURE(feature) __has_feature(feature)
#else
#define NSX_HAS_FEATURE(feature) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !NSX_HAS_FEATURE(address_sanitizer)
TEST(WorkSideBySide, GoesOnWithFewerWhereNoThreadCanBeStarted) {
  Child child([] {
    // No stack of a thread fits, except the few that the C library has kept from earlier threads.
    const rlimit none{1, 1};
    if (::setrlimit(RLIMIT_AS, &none) != 0) return 2;
    std::atomic<int> calls = 0;
    work_side_by_side(1000, [&](unsigned) { ++calls; });
    std::printf("%s\n", calls > 0 && calls < 1000 ? "fewer" : "wrong");
    return 0;
  });
  EXPECT_EQ(child.read_line(), "fewer");
}
#endif

}  // namespace
}  // namespace nsx
