// SPDX-License-Identifier: MIT
#pragma once
// Carrying out the steps that make a root directory of copied mounts (step::TakeTrees to
// step::EnterNewRoot).

#include <string>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/kernel.hh>
#include <nsx/plan.hh>
#include <nsx/result.hh>

namespace nsx {

/// The copies of mounts, and the new root directory. The calling process must be in a mount
/// namespace of its own, in which nothing propagates to others.
class NewRoot {
 public:
  Status take(const Kernel& kernel, const step::TakeTrees& s);
  Status start();
  Status attach(const step::AttachTree& s);
  Status mount(const step::MountNew& s);
  Status link(const step::MakeLink& s);
  Status enter(const step::EnterNewRoot& s);

 private:
  Result<OwnedFd> open_place(const std::string& path, bool is_directory) const;

  std::vector<OwnedFd> trees_;  ///< detached; empty after they were attached
  OwnedFd root_;
};

}  // namespace nsx
