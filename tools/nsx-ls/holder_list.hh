// SPDX-License-Identifier: MIT
#pragma once
// The holders of a namespace, which keep it alive, and where it is mounted.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <nsx/census.hh>

#include "common/json.hh"

namespace nsx::ls_tool {

struct Holder {
  std::optional<CensusHolder::Type> type;  ///< none: the processes in it
  std::uint64_t count = 1;                 ///< number of holders this entry stands for
  pid_t pid = 0;
  int number = 0;             ///< of a thread, descriptor or socket
  std::string command;        ///< the short name of the process; empty if it is gone
  std::string path;           ///< of a mount
  bool is_elsewhere = false;  ///< a mount outside the caller's mount namespace
  ino_t ns = 0;               ///< the mount namespace of a mount; the namespace of child and owned

  bool operator==(const Holder&) const = default;
};

/// The short names of processes, each read once.
class ProgramNames {
 public:
  explicit ProgramNames(const Kernel& kernel) : kernel_(kernel) {}

  /// Returns the name, empty if the process is gone.
  const std::string& of(pid_t pid);

 private:
  const Kernel& kernel_;
  std::unordered_map<pid_t, std::string> known_;
};

/// Returns the holders of a namespace, grouped by type. Descriptors of this process do not count.
std::vector<Holder> read_holders(const Kernel& kernel, const Census& census, CensusIndex ns,
                                 ProgramNames& programs);

/// Returns one phrase per type, for people: "2 processes", "1 mount /run/netns/blue",
/// "3 fds (dockerd 812)", "1 mount /tmp/x in mnt 4026532181 (sleep 4021)".
std::vector<std::string> in_phrases(const std::vector<Holder>& holders);

/// Joins phrases with commas; empty if there are none.
std::string in_words(const std::vector<std::string>& phrases);
std::string in_words(const std::vector<Holder>& holders);

/// Writes holders as a list of objects.
void write_json(const std::vector<Holder>& holders, cli::JsonWriter& json);

/// Returns the files on which it is mounted in the caller's mount namespace.
std::vector<std::string> mounts_of(const Census& census, CensusIndex index);

/// Returns its pin names: those of such files in the conventional directories (nsx/pin.hh).
std::vector<std::string> pin_names(const Census& census, CensusIndex index);

}  // namespace nsx::ls_tool
