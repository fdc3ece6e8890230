// SPDX-License-Identifier: MIT
#pragma once
// The functions of libsystemd that are needed for a scope, sd-bus(3).

#include <cstdint>

#include <nsx/result.hh>

namespace nsx {

// Declared as in <systemd/sd-bus.h>, whose ABI has not changed since systemd 237, so that building
// needs neither the headers nor the library.
extern "C" {
struct sd_bus;
struct sd_bus_message;
struct sd_bus_error {
  const char* name;
  const char* message;
  int need_free;
};
}

/// libsystemd, opened on demand. If it were linked, it would be loaded at every start.
struct SdBus {
  int (*create)(sd_bus**);
  int (*set_fd)(sd_bus*, int, int);
  int (*set_bus_client)(sd_bus*, int);
  int (*start)(sd_bus*);
  int (*is_ready)(sd_bus*);
  void (*close)(sd_bus*);
  sd_bus* (*unref_bus)(sd_bus*);
  int (*new_method_call)(sd_bus*, sd_bus_message**, const char*, const char*, const char*,
                         const char*);
  int (*append)(sd_bus_message*, const char*, ...);
  int (*call)(sd_bus*, sd_bus_message*, std::uint64_t, sd_bus_error*, sd_bus_message**);
  int (*read)(sd_bus_message*, const char*, ...);
  int (*is_signal)(sd_bus_message*, const char*, const char*);
  sd_bus_message* (*unref)(sd_bus_message*);
  int (*process)(sd_bus*, sd_bus_message**);
  int (*wait)(sd_bus*, std::uint64_t);
  void (*error_free)(sd_bus_error*);

  static Result<SdBus> open();
};

}  // namespace nsx
