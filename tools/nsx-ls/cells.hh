#pragma once

#include <string>
#include <unordered_map>

#include <nsx/census.hh>
#include <nsx/kernel.hh>

#include "nsx-ls/columns.hh"

namespace nsx::ls_tool {

/// Turns the census into the text of cells. What the census does not hold (command lines, user
/// names, mounts) is read when a cell asks for it, once each.
class Cells {
 public:
  Cells(const Kernel& kernel, const Census& census) : kernel_(kernel), census_(census) {}

  /// The text of a cell; empty where there is nothing to tell.
  std::string text(CensusIndex index, Column column);

 private:
  const std::string& command(pid_t pid);
  const std::string& user(uid_t uid);
  std::string net_id(const CensusNamespace& ns) const;
  std::string mounts(const CensusNamespace& ns);

  const Kernel& kernel_;
  const Census& census_;
  std::unordered_map<pid_t, std::string> commands_;
  std::unordered_map<uid_t, std::string> users_;
  std::unordered_map<ino_t, std::string> mounts_;
  bool mounts_read_ = false;
};

}  // namespace nsx::ls_tool
