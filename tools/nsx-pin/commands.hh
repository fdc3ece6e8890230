// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/namespace.hh>
#include <nsx/pin.hh>
#include <nsx/plan.hh>
#include <nsx/target.hh>

#include "common/arguments.hh"
#include "common/commands.hh"
#include "common/options.hh"
#include "nsx-pin/columns.hh"

namespace nsx::pin_tool {

// What the commands share: the place of pins, their rows, who uses a namespace, and files in
// /etc/netns.

// Where the pins of a command are, and how the process gets there.

struct Place {
  std::string root;       ///< "/run"
  bool is_users = false;  ///< an ordinary user's, in a mount namespace kept by a holder process
};

/// The options that choose the place.
struct PlaceOptions {
  const char* directory = nullptr;
};

/// An option of all commands.
inline constexpr cli::Option kDir =
    cli::value(cli::kNoLetter, "dir", {"DIR", cli::Completes::directory},
               "directory of the pins (default: /run, or your runtime directory)",
               cli::set_text<&PlaceOptions::directory>);

/// Returns the place of the pins: --dir, otherwise NSX_PIN_DIR, otherwise /run. For an ordinary
/// user XDG_RUNTIME_DIR or /run/user/UID takes the place of /run. Errors: the directory is
/// unusable.
Result<Place> find_place(const PlaceOptions& options);

/// Returns where targets are searched. Their pins are in the place that was named, if any.
Result<TargetOptions> target_options(const PlaceOptions& options);

/// Opens the pins of a place for reading.
Result<PinStore> open_store(const Kernel& kernel, const Place& place);

/// Opens the same pins and, for an ordinary user, those of root, which only root can change.
Result<std::vector<PinStore>> open_stores(const Kernel& kernel, const Place& place);

/// Returns the first store with pins of this name, or the first store if none has.
const PinStore& store_of(const std::vector<PinStore>& stores, const std::string& name);

/// Fails if one of these names is a pin of root only, which an ordinary user cannot use. Has to be
/// called before Workplace::enter(). `operation` is the infinitive in the error.
Status check_not_roots(const Kernel& kernel, const Place& place, const char* operation,
                       std::span<char* const> names);

/// Moves this process to where pins can be created and removed. Must be kept until that is done, as
/// it prevents other commands from ending the holder.
class Workplace {
 public:
  /// Enters the mount namespace of an ordinary user's holder. Starts a holder if none is running
  /// and `start` is set. A no-op for root.
  static Result<Workplace> enter(const Kernel& kernel, const Place& place, bool start);

  /// Ends the holder if no pins are left.
  Status leave(const Kernel& kernel);

 private:
  std::optional<PinHolder> holder_;
};

// The processes and mounts that still use a namespace after its pin was removed.

struct Users {
  Kind kind = Kind::cgroup;
  std::vector<pid_t> processes;  ///< with a thread in it
  /// Processes that hold it by a descriptor or socket, or for their children.
  std::vector<pid_t> descriptors;
  std::vector<std::string> mounts;

  bool empty() const { return processes.empty() && descriptors.empty() && mounts.empty(); }
};

/// Returns the users of each of these namespaces, without this process. Unused namespaces are left
/// out.
Result<std::vector<Users>> find_users(const Kernel& kernel,
                                      const std::vector<Namespace>& namespaces);

/// Returns the processes in the PID namespace of the process `init` and in its descendants, without
/// `init` itself and zombies.
Result<std::vector<pid_t>> processes_beside(const Kernel& kernel, pid_t init);

/// Returns names and PIDs of the first processes: "sleep 12, sh 13, cat 14 and 4 more".
std::string some_processes(const Kernel& kernel, const std::vector<pid_t>& pids);

/// Returns the users as a clause: "its net namespace is still used by 2 processes (sleep 12, sh
/// 13), 1 process holding it open (dockerd 7)".
std::string in_words(const Kernel& kernel, const Users& users);

/// Returns the net namespace of the pin named `word` or, if there is none, of the target `word` as
/// nsx-enter --target takes it: "container:web".
Result<Namespace> find_net(const Kernel& kernel, const PinStore& store, const std::string& word,
                           const TargetOptions& where);

/// Returns the net namespace of this process.
Result<Namespace> own_net(const Kernel& kernel);

// The files of a pin in /etc/netns/NAME, as ip-netns(8) uses them.

/// Returns the files to bind over /etc for the pin `name`, or none if it has no such files. Files
/// that do not exist in /etc are skipped, with a note on stderr.
Result<std::optional<step::BindOver>> files_for(const cli::Tool& tool, const std::string& name);

/// Returns the sockets of resolver daemons to mask if a resolv.conf is among the files of
/// files_for(): the daemons have not read that one.
std::vector<std::string> resolvers_to_mask(const step::BindOver& files);

// Finds pins and reads the data that columns need.

/// Returns the pins of these kinds in all stores, sorted by name. Reads the data in `needs` that is
/// read for all pins at once: creation times, states and processes.
Result<std::vector<PinRow>> list_rows(const Kernel& kernel, const std::vector<PinStore>& stores,
                                      KindSet kinds, PinNeeds needs);

/// Reads the remaining data in `needs` for these rows.
void read_facts(const Kernel& kernel, const std::vector<PinStore>& stores, PinNeeds needs,
                std::vector<PinRow>& rows);

/// Not 1, which some commands return as an answer.
inline constexpr int kUsageStatus = 2;

inline constexpr cli::Operands kAnyPins{
    .most = cli::Operands::kAnyNumber, .first = cli::Completes::pin, .rest = cli::Completes::pin};

inline constexpr cli::Option kType =
    cli::value('t', "type", {"TYPE", cli::Completes::words, cli::kKindWords},
               "pins of this kind only; repeatable", cli::call<cli::add_kinds>);

extern const cli::Tool kAdd, kRm, kLs, kExec, kIdentify, kPids, kMv, kGc, kConnect, kSetId, kIds,
    kMonitor, kWaitFor;

// Each runs one command and returns the exit status.
int add(const cli::CommandLine& line);
int remove(const cli::CommandLine& line);   // rm.cc
int list(const cli::CommandLine& line);     // ls.cc
int execute(const cli::CommandLine& line);  // exec.cc
int identify(const cli::CommandLine& line);
int pids(const cli::CommandLine& line);
int rename(const cli::CommandLine& line);   // mv.cc
int collect(const cli::CommandLine& line);  // rm.cc
int connect(const cli::CommandLine& line);
int set_id(const cli::CommandLine& line);
int ids(const cli::CommandLine& line);
int monitor(const cli::CommandLine& line);
int wait(const cli::CommandLine& line);

/// Returns the usage error of a command that takes pin names or --all and was given both or
/// neither.
inline Error name_error(bool has_all) {
  return {has_all ? "--all and pin names are mutually exclusive" : "missing pin name", "", 0, "",
          has_all ? "" : "--all selects all pins"};
}

extern const cli::Suite kSuite;

}  // namespace nsx::pin_tool
