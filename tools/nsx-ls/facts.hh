// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nsx/census.hh>
#include <nsx/enum_set.hh>
#include <nsx/id_map.hh>
#include <nsx/kernel.hh>
#include <nsx/process.hh>
#include <nsx/target.hh>

#include "common/json.hh"
#include "common/names.hh"
#include "common/value.hh"

namespace nsx::ls_tool {

// The holders of a namespace, which keep it alive, and where it is mounted.

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

enum class Fact : std::uint8_t {
  command,
  container,
  unit,
  cgroup,
  creator,     ///< of a namespace without processes
  user,        ///< the user name of the process or of the creator
  owner_user,  ///< the user name of the creator of the owning user namespace
  net_id,
  holders,
  uid_map,
  gid_map,
  threads,
  leader,  ///< and its age
};
using FactSet = EnumSet<Fact, Fact::leader>;

struct ProcessFacts {
  FactSet read = {};  ///< facts that have been read
  std::string command = {};
  std::string container = {};
  std::string unit = {};
  std::string cgroup = {};
};

struct NamespaceFacts {
  FactSet read = {};
  std::optional<uid_t> creator = {};
  cli::Value net_id = {};
  std::vector<Holder> holders = {};
  std::optional<IdMap> uid_map = {};
  std::optional<IdMap> gid_map = {};
};

struct Facts {
  std::string proc_path = {};
  std::unordered_map<pid_t, ProcessFacts> processes = {};
  std::unordered_map<CensusIndex, NamespaceFacts> namespaces = {};
  std::unordered_map<uid_t, std::string> users = {};
  // Indexed like the namespaces of the census; empty if not requested.
  std::vector<std::uint64_t> threads = {};
  std::vector<CensusIndex> leaders = {};
  std::vector<std::uint64_t> ages = {};                   ///< of the leaders, in seconds
  std::vector<std::vector<std::string>> containers = {};  ///< those whose first process is in it
};

/// The subject of a row.
struct Subject {
  CensusIndex ns = kNone;
  /// The process that some columns show, usually the first one in the namespace; null: none. Not
  /// owned.
  const CensusProcess* process = nullptr;
  /// The row is one of several processes in the same namespace.
  bool is_of_process = false;
};

/// Returns the subject of the row of a namespace.
Subject subject_of(const Census& census, CensusIndex ns);

/// Returns the creator of the namespace if it is a user namespace, otherwise of its owner; none if
/// the census does not know.
std::optional<uid_t> owner_uid(const Census& census, const CensusNamespace& ns);

/// Where a process is.
struct Place {
  FactSet read = {};  ///< of the following ones
  /// The name of its container: as known to its runtime, otherwise the beginning of the ID in its
  /// cgroup, prefixed with "?" if that name is untrusted. Empty: it is in no container.
  std::string container = {};
  std::string unit = {};  ///< prefixed with "?" if the name is untrusted; empty: it is in no unit
  std::string cgroup = {};
};

/// Finds the container, unit and cgroup of processes, by the text of their /proc/PID/cgroup. The
/// names of containers, and each text, are read once.
class Places {
 public:
  explicit Places(const Kernel& kernel) : kernel_(kernel) {}

  /// Returns the place of a process, as far as it is wanted.
  Place of(pid_t pid, const std::string& cgroups, FactSet wanted);

  /// Returns the names of all running containers by the PID of their first process.
  const std::unordered_map<pid_t, std::string>& first_processes() {
    return names().first_processes();
  }

 private:
  std::string container(std::string_view cgroups);
  std::string unit(std::string_view cgroups);
  const cli::ContainerNames& names();
  CgroupPlaces& places();

  const Kernel& kernel_;
  std::optional<cli::ContainerNames> names_;
  std::optional<CgroupPlaces> places_;
  std::unordered_map<std::string, Place> known_;
};

/// Reads facts, each only once.
class FactReader {
 public:
  FactReader(const Kernel& kernel, const Census& census);

  const Facts& facts() const { return facts_; }

  /// Reads facts of these namespaces and processes. A process whose PID has been reused gets no
  /// facts.
  void read(std::span<const Subject> subjects, FactSet wanted);

  /// Adds the command line of a process that the caller has read.
  void know_command(pid_t pid, std::string line);

 private:
  void read_of_all(FactSet wanted);
  void read_processes(std::span<const Subject> subjects, FactSet wanted);
  void read_namespace(CensusIndex ns, FactSet wanted);
  void read_users(const Subject& subject, FactSet wanted);
  void read_user(uid_t uid);
  std::optional<uid_t> creator(CensusIndex index) const;
  cli::Value net_id(CensusIndex index) const;
  void find_containers();

  const Kernel& kernel_;
  const Census& census_;
  ProgramNames programs_;
  Places places_;
  Facts facts_;
};

/// Reads a map of a user namespace from `file`, "uid_map" or "gid_map", of a process in it or of a
/// child that joins it. None for other kinds, and if it is unreadable.
std::optional<IdMap> read_id_map(const Kernel& kernel, const Census& census, CensusIndex index,
                                 const char* file);

/// Returns each line as nsx-unshare(1) takes it: "INSIDE:OUTSIDE:COUNT".
std::vector<std::string> spelled_lines(const IdMap& map);

/// Writes a map as a list of objects.
void write_json(const IdMap& map, cli::JsonWriter& json);

/// Returns the oldest process of each namespace, as an index into the processes of the census,
/// which must have start times. kNone: no process, or its start time is unknown.
std::vector<CensusIndex> find_leaders(const Census& census);

/// Returns the seconds since a start time given in clock ticks after boot.
std::uint64_t seconds_since(std::uint64_t start_time);

/// Formats an age for people: "42s", "3m20s", "5h2m", "12d4h", "2y40d".
std::string spelled_age(std::uint64_t seconds);

/// Returns the number of threads in each namespace of a census with Source::thread.
std::vector<std::uint64_t> count_threads(const Census& census);

}  // namespace nsx::ls_tool
