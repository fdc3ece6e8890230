// SPDX-License-Identifier: MIT
#pragma once
// The interface between the library and the starter.

namespace nsx::starter {

/// The indices of the arguments. Descriptors are decimal numbers; an empty word means none.
enum Word {
  kTool,         ///< the name in error messages: "nsx-enter"
  kReportFd,     ///< a pipe: a byte means that the program does not run, end of file that it does
  kUndoFd,       ///< the helper (plan/perform.hh), which then reverts its changes
  kContextFile,  ///< file below /proc for the security context of the program
  kContext,      ///< the text to write to it
  kShown,        ///< the program's name in error messages
  kFile,         ///< the file for execve(2)
  kArguments,    ///< the first argument of the program
};

/// The request to the helper (plan/outside.cc), including its terminating NUL.
inline constexpr char kUndo[] = "undo";

}  // namespace nsx::starter
