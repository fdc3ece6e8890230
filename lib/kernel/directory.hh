#pragma once
// What a directory lists.

#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// The names in the directory `path` below `dir`, without "." and "..", sorted.
Result<std::vector<std::string>> list_names_at(int dir, const char* path);

/// Those of the directories in it, not of links to some.
Result<std::vector<std::string>> list_directories_at(int dir, const char* path);

/// Calls take(number) for each number in it while it is being listed.
Status for_each_pid_at(int dir, const char* path, const std::function<void(pid_t)>& take);

/// The numbers in it, ascending: processes in proc(5), threads in /proc/PID/task.
Result<std::vector<pid_t>> list_pids_at(int dir, const char* path);

}  // namespace nsx
