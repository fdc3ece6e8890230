#pragma once

#include <sys/types.h>

#include <nsx/kernel.hh>

namespace nsx {

/// The device that all namespace files are on; 0: /proc does not show one.
dev_t nsfs_device(const Kernel& kernel);

}  // namespace nsx
