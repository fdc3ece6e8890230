// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include <nsx/kernel.hh>
#include <nsx/plan.hh>

namespace nsx {

/// The starter (starter/starter.cc), in a file of its own that nobody can change: a sealed memfd.
class SealedStart {
 public:
  /// Makes it. To be called while /proc is the caller's own.
  static Result<SealedStart> prepare(const Kernel& kernel);

  /// Who is told by the starter that the program does not run; -1: nobody.
  struct Listeners {
    int report = -1;  ///< the pipe of Followed::executed
    int undo = -1;    ///< the connection of Outside
  };

  /// Has it execute a program, with the security context that is given, if one is. Returns the
  /// errors that can be found before; after that the starter reports.
  Status execute(const step::Execute& program,
                 const std::optional<step::SetSecurityContext>& context, Listeners listeners) const;

 private:
  explicit SealedStart(OwnedFd file) : file_(std::move(file)) {}

  OwnedFd file_;  ///< read-only: one that is open for writing cannot be executed
};

}  // namespace nsx
