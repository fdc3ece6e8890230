// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <nsx/result.hh>

namespace nsx {

template <class T>
T take_value(Result<T>& done) {
  return std::move(*done);
}
inline void take_value(Status&) {}

}  // namespace nsx

/// The value of a Result; its error is returned from the function at once.
///   TRY(check(request));
///   auto process = TRY(Process::open(kernel, pid));
/// A value without a name is destroyed at once: a lock needs one. Nothing that has a destructor may
/// be made before it in the same expression, as compilers leave that behind. For .cc files only and
/// installed nowhere, as it has no prefix and takes an extension of g++ and clang.
#define TRY(...) NSX_TRY(NSX_TRY_NAME(__COUNTER__), __VA_ARGS__)

// A name for each, as an argument of TRY may have a TRY in it (-Wshadow).
#define NSX_TRY_NAME(number) NSX_TRY_JOIN(tried_, number)
#define NSX_TRY_JOIN(left, right) left##right
#define NSX_TRY(tried, ...)                    \
  __extension__({                              \
    auto tried = (__VA_ARGS__);                \
    if (!tried) return ::nsx::error_of(tried); \
    ::nsx::take_value(tried);                  \
  })
