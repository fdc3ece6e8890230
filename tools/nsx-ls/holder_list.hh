#pragma once
// What keeps a namespace alive.

#include <optional>
#include <string>
#include <vector>

#include <nsx/census.hh>

#include "common/json.hh"

namespace nsx::ls_tool {

struct Holder {
  std::optional<CensusHolder::Type> type;  ///< none: the processes that are in it
  std::uint64_t count = 1;                 ///< of these
  pid_t pid = 0;
  int number = 0;       ///< of a thread, descriptor or socket
  std::string command;  ///< the short name of the process; empty if it is gone
  std::string path;     ///< of a mount
  ino_t ns = 0;         ///< of a mount: where it is; of child and owned: that namespace

  bool operator==(const Holder&) const = default;
};

/// The holders of a namespace, those of one type together. What this process itself has open does
/// not count.
std::vector<Holder> read_holders(const Kernel& kernel, const Census& census, CensusIndex ns);

/// For people: "2 processes, 1 mount /run/netns/blue, 3 fds (dockerd 812)"; empty: none.
std::string in_words(const std::vector<Holder>& holders);

/// For programs: a list of objects.
void write_json(const std::vector<Holder>& holders, cli::JsonWriter& json);

}  // namespace nsx::ls_tool
