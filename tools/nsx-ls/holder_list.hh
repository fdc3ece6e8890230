// SPDX-License-Identifier: MIT
#pragma once
// What keeps a namespace alive, and where namespaces are mounted.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <nsx/census.hh>

#include "common/json.hh"

namespace nsx::ls_tool {

struct Holder {
  std::optional<CensusHolder::Type> type;  ///< none: the processes that are in it
  std::uint64_t count = 1;                 ///< of these
  pid_t pid = 0;
  int number = 0;             ///< of a thread, descriptor or socket
  std::string command;        ///< the short name of the process; empty if it is gone
  std::string path;           ///< of a mount
  bool is_elsewhere = false;  ///< of a mount: not in the caller's mount namespace
  ino_t ns = 0;               ///< of a mount: where it is; of child and owned: that namespace

  bool operator==(const Holder&) const = default;
};

/// The short names of processes, each read once.
class ProgramNames {
 public:
  explicit ProgramNames(const Kernel& kernel) : kernel_(kernel) {}

  /// Empty: it is gone.
  const std::string& of(pid_t pid);

 private:
  const Kernel& kernel_;
  std::unordered_map<pid_t, std::string> known_;
};

/// The holders of a namespace, those of one type together. What this process itself has open does
/// not count.
std::vector<Holder> read_holders(const Kernel& kernel, const Census& census, CensusIndex ns,
                                 ProgramNames& programs);

/// For people, a phrase a type: "2 processes", "1 mount /run/netns/blue", "3 fds (dockerd 812)",
/// "1 mount /tmp/x in mnt 4026532181 (sleep 4021)".
std::vector<std::string> in_phrases(const std::vector<Holder>& holders);

/// Phrases with commas between; empty: none.
std::string in_words(const std::vector<std::string>& phrases);
std::string in_words(const std::vector<Holder>& holders);

/// For programs: a list of objects.
void write_json(const std::vector<Holder>& holders, cli::JsonWriter& json);

/// The files on which it is mounted in the caller's mount namespace.
std::vector<std::string> mounts_of(const Census& census, CensusIndex index);

/// Its names as a pin: those of such files in the conventional directories (nsx/pin.hh).
std::vector<std::string> pin_names(const Census& census, CensusIndex index);

}  // namespace nsx::ls_tool
