#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nsx/namespace.hh>

namespace nsx {

/// The kinds of which there is a file of this name, whatever it is.
KindSet kinds_of_files(const std::string& root, const std::string& name);

/// Removes them all, and ends what was left in them for their sake: without a journal.
Status remove_all_files(const Kernel& kernel, const std::string& root, const std::string& name);

/// Removes the file of one kind, with all that is mounted on it, in its locked directory.
Status remove_file(Kind kind, const std::string& root, const std::string& name);

/// Ends the init that was left in a pid namespace to keep it alive, unless another name keeps it.
Status end_left_init(const Kernel& kernel, const std::string& root, const std::string& name,
                     const Namespace& pid);

}  // namespace nsx
