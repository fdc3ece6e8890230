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

/// Evaluates to the value of a Result or Status, or returns its error from the calling function.
///   TRY(check(request));
///   auto process = TRY(Process::open(kernel, pid));
/// A value that is not stored is destroyed at once, so store a lock. In the same expression,
/// nothing with a destructor may be constructed before it, because compilers do not destroy it.
/// Only for .cc files, and not installed: it has no prefix and uses an extension of g++ and clang.
#define TRY(...) NSX_TRY(NSX_TRY_NAME(__COUNTER__), __VA_ARGS__)

// A unique name for each use, because an argument of TRY may contain a TRY (-Wshadow).
#define NSX_TRY_NAME(number) NSX_TRY_JOIN(tried_, number)
#define NSX_TRY_JOIN(left, right) left##right
#define NSX_TRY(tried, ...)                    \
  __extension__({                              \
    auto tried = (__VA_ARGS__);                \
    if (!tried) return ::nsx::error_of(tried); \
    ::nsx::take_value(tried);                  \
  })
