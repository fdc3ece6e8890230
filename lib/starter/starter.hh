// SPDX-License-Identifier: MIT
#pragma once
// What the library and the starter have agreed on.

namespace nsx::starter {

/// The words of its argv. Descriptors are decimal, an empty word stands for none.
enum Word {
  kTool,         ///< who reports a failure: "nsx-enter"
  kReportFd,     ///< a pipe: a byte in it says that the program does not run, its end that it does
  kUndoFd,       ///< the helper outside (plan/outside.hh), which then undoes what it did
  kContextFile,  ///< the file below /proc that takes the security context of the program
  kContext,      ///< what is written to it
  kShown,        ///< the program's name, as a message shows it
  kFile,         ///< what execve(2) takes
  kArguments,    ///< the first word of the program's argv
};

/// The request that the helper takes (plan/outside_helper.cc), with its end.
inline constexpr char kUndo[] = "undo";

}  // namespace nsx::starter
