#pragma once
// Small files and links below a directory handle.

#include <string>

#include <nsx/fd.hh>

namespace nsx {

/// Opens `path` below `dir`, close-on-exec.
Result<OwnedFd> open_at(int dir, const char* path, int flags);

/// The whole of a file below `dir`. For files of proc(5): their size is not known beforehand.
Result<std::string> read_file_at(int dir, const char* path);

/// Writes `text` to a file below `dir` in one write(2), as proc(5) wants it.
Status write_file_at(int dir, const char* path, const std::string& text);

/// What a symbolic link below `dir` says.
Result<std::string> read_link_at(int dir, const char* path);

}  // namespace nsx
