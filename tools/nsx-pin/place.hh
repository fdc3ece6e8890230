// SPDX-License-Identifier: MIT
#pragma once
// Where the pins are that a command is about, and how it gets there.

#include <optional>
#include <span>
#include <string>

#include <nsx/pin.hh>
#include <nsx/target.hh>

#include "common/options.hh"

namespace nsx::pin_tool {

struct Place {
  std::string root;       ///< "/run"
  bool is_users = false;  ///< an ordinary user's own: in a mount namespace that a holder keeps
};

/// What says so on the command line.
struct PlaceOptions {
  const char* directory = nullptr;
};

/// Which all commands have.
inline constexpr cli::Option kDir =
    cli::value(cli::kNoLetter, "dir", {"DIR", cli::Completes::directory},
               "directory of the pins (default: /run, or your runtime directory)",
               cli::set_text<&PlaceOptions::directory>);

/// --dir, else NSX_PIN_DIR, else /run; of an ordinary user XDG_RUNTIME_DIR, or /run/user/UID.
Result<Place> find_place(const PlaceOptions& options);

/// Where targets are looked for: pins among them only in a place that was named.
Result<TargetOptions> target_options(const PlaceOptions& options);

/// The pins there, to be looked at.
Result<PinStore> open_store(const Kernel& kernel, const Place& place);

/// The same, and for an ordinary user then the machine's, which are root's to change.
Result<std::vector<PinStore>> open_stores(const Kernel& kernel, const Place& place);

/// The one of these that has pins of this name; where none has, the first.
const PinStore& store_of(const std::vector<PinStore>& stores, const std::string& name);

/// Whether none of these names is a pin that only root has, which an ordinary user cannot use. To
/// be asked before Workplace::enter(). `operation` is for the error.
Status check_not_roots(const Kernel& kernel, const Place& place, const char* operation,
                       std::span<char* const> names);

/// Moves this process to where pins can be made and removed. It is to be kept until that is done:
/// other commands must not end the holder meanwhile.
class Workplace {
 public:
  /// Starts the holder of an ordinary user, if `start`, and there is none.
  static Result<Workplace> enter(const Kernel& kernel, const Place& place, bool start);

  /// Ends the holder, if nothing is pinned any more.
  Status leave(const Kernel& kernel);

 private:
  std::optional<PinHolder> holder_;
};

}  // namespace nsx::pin_tool
