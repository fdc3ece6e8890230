// SPDX-License-Identifier: MIT
// Precompiled, since these take most of the time that a small test takes to compile. No file relies
// on it: clang's lane of .ci/run builds without.
#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <nsx/result.hh>
