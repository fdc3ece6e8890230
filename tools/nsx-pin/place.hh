// SPDX-License-Identifier: MIT
#pragma once
// Where the pins of a command are, and how the process gets there.

#include <optional>
#include <span>
#include <string>

#include <nsx/pin.hh>
#include <nsx/target.hh>

#include "common/options.hh"

namespace nsx::pin_tool {

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

}  // namespace nsx::pin_tool
