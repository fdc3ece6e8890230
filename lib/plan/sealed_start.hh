// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include <nsx/kernel.hh>
#include <nsx/plan.hh>

namespace nsx {

/// The starter (starter/starter.cc) in a file that nobody can modify: a sealed memfd.
class SealedStart {
 public:
  /// Creates the file. Call it while /proc is the caller's own.
  static Result<SealedStart> prepare(const Kernel& kernel);

  /// The descriptors on which the starter reports that the program does not run; -1: none.
  struct Listeners {
    int report = -1;  ///< the pipe of Followed::executed
    int undo = -1;    ///< the connection of Outside
  };

  /// Executes a program through the starter, with an optional security context. Returns errors that
  /// can be detected before; the starter reports later ones.
  Status execute(const step::Execute& program,
                 const std::optional<step::SetSecurityContext>& context, Listeners listeners) const;

 private:
  explicit SealedStart(OwnedFd file) : file_(std::move(file)) {}

  OwnedFd file_;  ///< read-only, because a file open for writing cannot be executed
};

}  // namespace nsx
