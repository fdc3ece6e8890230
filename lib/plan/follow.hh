#pragma once

#include <optional>

#include <nsx/plan.hh>

namespace nsx {

/// Forks as the step says. In the child: none, with the signals as they were. In the parent: how
/// the child ended, after it was followed through every stop.
Result<std::optional<Outcome>> fork_and_follow(const step::Fork& step);

}  // namespace nsx
