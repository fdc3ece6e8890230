// SPDX-License-Identifier: MIT
#pragma once
// What columns show beyond the census: read in passes over the namespaces that are shown.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <nsx/census.hh>
#include <nsx/enum_set.hh>
#include <nsx/id_map.hh>
#include <nsx/kernel.hh>
#include <nsx/process.hh>
#include <nsx/target.hh>

#include "common/container_names.hh"
#include "common/json.hh"
#include "common/value.hh"
#include "nsx-ls/holder_list.hh"

namespace nsx::ls_tool {

enum class Fact : std::uint8_t {
  command,
  container,
  unit,
  cgroup,
  creator,     ///< of a namespace that no process is in
  user,        ///< the name of the process's user, or of the creator
  owner_user,  ///< the name of who made the user namespace
  net_id,
  holders,
  uid_map,
  gid_map,
  threads,
  leader,  ///< and how old it is
};
using FactSet = EnumSet<Fact, Fact::leader>;

struct ProcessFacts {
  FactSet read = {};  ///< what was read already
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
  // By namespace; empty where they were not asked for.
  std::vector<std::uint64_t> threads = {};
  std::vector<CensusIndex> leaders = {};
  std::vector<std::uint64_t> ages = {};                   ///< of the leaders, in seconds
  std::vector<std::vector<std::string>> containers = {};  ///< whose first process is in it
};

/// What a row is about.
struct Subject {
  CensusIndex ns = kNone;
  /// The process that some columns tell of: usually the first in it; null: there is none.
  const CensusProcess* process = nullptr;
  /// It is a row of that process, among others that are in the same namespace.
  bool is_of_process = false;
};

/// The subject of the row of a namespace.
Subject subject_of(const Census& census, CensusIndex ns);

/// Who made the user namespace, or the one that owns this one, as far as the census knows.
std::optional<uid_t> owner_uid(const Census& census, const CensusNamespace& ns);

/// Tells the container, unit and cgroup of processes. The names of containers are looked for once.
class Places {
 public:
  explicit Places(const Kernel& kernel) : kernel_(kernel) {}

  /// The name of its container: the one that its runtime knows, else the beginning of the ID in its
  /// cgroup, with a "?" in front if that name is not to be trusted. Empty: it is in none.
  std::string container(pid_t pid);

  /// The first processes of all containers that are running, with the names.
  const std::unordered_map<pid_t, std::string>& first_processes() {
    return names().first_processes();
  }

  /// The unit as well has a "?" in front if it is not to be trusted. Empty: it is in none, or gone.
  std::string unit(pid_t pid);
  std::string cgroup(pid_t pid) const;

 private:
  const cli::ContainerNames& names();
  CgroupPlaces& cgroups();

  const Kernel& kernel_;
  std::optional<cli::ContainerNames> names_;
  std::optional<CgroupPlaces> cgroups_;
};

/// Reads facts, each once.
class FactReader {
 public:
  FactReader(const Kernel& kernel, const Census& census);

  const Facts& facts() const { return facts_; }

  /// Reads facts of these namespaces and processes. Of a process whose number another has by now
  /// there are none.
  void read(std::span<const Subject> subjects, FactSet wanted);

  /// Takes the command line of a process that has been read already.
  void know_command(pid_t pid, std::string line);

 private:
  void read_of_all(FactSet wanted);
  void read_commands(std::span<const Subject> subjects);
  void read_process(const CensusProcess& process, FactSet wanted);
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

/// The map of a user namespace that is in `file`, "uid_map" or "gid_map": of a process in it, or of
/// a child of ours that joins it. None of other kinds, and where it is not to be read.
std::optional<IdMap> read_id_map(const Kernel& kernel, const Census& census, CensusIndex index,
                                 const char* file);

/// Each line as nsx-unshare(1) takes it: "INSIDE:OUTSIDE:COUNT".
std::vector<std::string> spelled_lines(const IdMap& map);

/// A list of objects.
void write_json(const IdMap& map, cli::JsonWriter& json);

/// The oldest process of each namespace, by its place in the census, which has to have start times;
/// kNone: there is none, or its start is not known.
std::vector<CensusIndex> find_leaders(const Census& census);

/// How long ago a start time, in clock ticks after boot, was.
std::uint64_t seconds_since(std::uint64_t start_time);

/// For people: "42s", "3m20s", "5h2m", "12d4h", "2y40d".
std::string spelled_age(std::uint64_t seconds);

/// How many threads are in each namespace of a census with Source::thread, by its place there.
std::vector<std::uint64_t> count_threads(const Census& census);

}  // namespace nsx::ls_tool
