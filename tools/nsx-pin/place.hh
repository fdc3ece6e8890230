#pragma once
// Where the pins are that a command is about, and how it gets there.

#include <optional>
#include <string>

#include <nsx/pin.hh>

#include "common/options.hh"

namespace nsx::pin_tool {

struct Place {
  std::string root;       ///< "/run"
  bool is_users = false;  ///< an ordinary user's own: in a mount namespace that a holder keeps
};

/// --dir, else NSX_PIN_DIR, else /run; of an ordinary user XDG_RUNTIME_DIR, or /run/user/UID.
Result<Place> find_place(const cli::CommandLine& line);

/// The pins there, to be looked at.
Result<PinStore> open_store(const Kernel& kernel, const Place& place);

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
