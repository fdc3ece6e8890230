#pragma once

#include <cstdint>
#include <functional>

#include <nsx/result.hh>

namespace nsx {

/// The capability sets of a process that capset(2) changes, a bit each.
struct Capabilities {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
};

/// Those of the calling process.
Result<Capabilities> own_capabilities();

/// Changes those of the calling process.
Status change_capabilities(const std::function<void(Capabilities&)>& change);

/// Makes all that are permitted inheritable and ambient (capabilities(7)): a program that is
/// executed has them, too.
Status pass_capabilities_on();

}  // namespace nsx
