// SPDX-License-Identifier: MIT
#pragma once
// Functions of a shared library that is opened on demand, because few runs need it, and loading it
// would take longer than most of them. Shared by the library and the tools; for .cc files only.

#include <dlfcn.h>

namespace nsx {

class Symbols {
 public:
  /// Opens a shared library, which is never closed: it only takes a few pages, and may be needed
  /// again.
  explicit Symbols(const char* library)
      : library_(::dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) {}

  bool is_open() const { return library_ != nullptr; }

  template <class Function>
  void find(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(::dlsym(library_, name));
    is_complete_ = is_complete_ && function != nullptr;
  }

  /// Whether every function was found.
  bool is_complete() const { return is_complete_; }

 private:
  void* library_;
  bool is_complete_ = true;
};

}  // namespace nsx
