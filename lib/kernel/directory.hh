#pragma once
// What a directory lists.

#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// The names in the directory `path` below `dir`, without "." and "..", sorted.
Result<std::vector<std::string>> list_names_at(int dir, const char* path);

/// Those of the directories in it, not of links to some.
Result<std::vector<std::string>> list_directories_at(int dir, const char* path);

/// The numbers in it, ascending: processes in proc(5), threads in /proc/PID/task.
Result<std::vector<pid_t>> list_pids_at(int dir, const char* path);

}  // namespace nsx
