// SPDX-License-Identifier: MIT
#pragma once
// Where a copy goes, by the rules of cp(1).

#include <string>

#include "transfer/entry.hh"
#include "transfer/sides.hh"

namespace nsx::transfer_part {

struct Destination {
  OwnedFd directory = {};  ///< O_PATH
  std::string name = {};   ///< of the copy in it
  std::string path = {};   ///< of the copy, for messages
  /// The content of the source goes into `directory` itself, as with "cp -r src/. dest".
  bool merges = false;
  /// The destination is a link to this file (O_PATH), which is to be written.
  OwnedFd in_place = {};
};

/// The reason for not writing to proc(5) and the like.
inline constexpr const char* kKernelFiles = "it is on a file system of the kernel";

/// Resolves the destination of a copy of this type. An existing directory receives the copy under
/// the last component of the source; otherwise the parent must exist. A trailing slash requires a
/// directory. Errors: that of the failed call, with the path as the subject.
Result<Destination> find_destination(const Side& side, const Copy& copy, Type type);

}  // namespace nsx::transfer_part
