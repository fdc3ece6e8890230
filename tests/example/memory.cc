// SPDX-License-Identifier: MIT
// Makes memory run out in libnsx at one allocation after another, and counts the exceptions caught.
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <nsx/census.hh>

namespace {

long allocations_left = -1;  // -1: as many as one likes

/// A census of one process, with memory running out after this number of allocations.
nsx::Result<nsx::Census> look(const nsx::Kernel& kernel, long allocations) {
  struct Reset {
    ~Reset() { allocations_left = -1; }
  };
  const Reset reset;
  nsx::CensusRequest request;
  request.only = ::getpid();
  allocations_left = allocations;
  return nsx::take_census(kernel, request);
}

}  // namespace

// The library's allocations use this program's operator new, as it shares its C++ runtime.
void* operator new(std::size_t size) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

int main() {
  const auto kernel = nsx::Kernel::open();
  if (!kernel) return 1;
  int thrown = 0;
  int errors = 0;
  for (long n = 0;; ++n) {
    try {
      if (look(*kernel, n)) break;
    } catch (const std::bad_alloc&) {
      ++thrown;
    }
    const auto census = nsx::attempt([&] { return look(*kernel, n); });
    if (!census && census.error().message() == "out of memory") ++errors;
  }
  std::printf("thrown: %d\nout of memory: %d\n", thrown, errors);
}
