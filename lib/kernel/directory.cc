#include "kernel/directory.hh"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/stat.h>

#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

/// Some file systems do not tell the type with the name.
bool is_directory(int dir, const char* name) {
  struct stat st {};
  return ::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/// Calls take(descriptor of the directory, name, d_type) for each; the name ends with a NUL.
template <class Take>
Status for_each_name(int dir, const char* path, Take take) {
  auto fd = open_at(dir, path, O_RDONLY | O_DIRECTORY);
  if (!fd) return fail("list", path, fd.error().code);
  // fdopendir(3) takes the descriptor for its own, so it gets a copy.
  const int copy = ::fcntl(fd->get(), F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(copy < 0 ? nullptr : ::fdopendir(copy),
                                                      ::closedir);
  if (!directory) return fail("list", path);

  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") take(fd->get(), name, entry->d_type);
    errno = 0;
  }
  if (errno != 0) return fail("list", path);
  return {};
}

}  // namespace

Result<std::vector<std::string>> list_names_at(int dir, const char* path) {
  std::vector<std::string> names;
  auto done = for_each_name(
      dir, path, [&](int, std::string_view name, unsigned char) { names.emplace_back(name); });
  if (!done) return error_of(done);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> list_directories_at(int dir, const char* path) {
  std::vector<std::string> names;
  auto done = for_each_name(dir, path, [&](int here, std::string_view name, unsigned char type) {
    if (type == DT_DIR || (type == DT_UNKNOWN && is_directory(here, name.data()))) {
      names.emplace_back(name);
    }
  });
  if (!done) return error_of(done);
  std::sort(names.begin(), names.end());
  return names;
}

Status for_each_pid_at(int dir, const char* path, const std::function<void(pid_t)>& take) {
  return for_each_name(dir, path, [&](int, std::string_view name, unsigned char) {
    if (const auto pid = parse_number<pid_t>(name)) take(*pid);
  });
}

Result<std::vector<pid_t>> list_pids_at(int dir, const char* path) {
  std::vector<pid_t> pids;
  auto done = for_each_pid_at(dir, path, [&](pid_t pid) { pids.push_back(pid); });
  if (!done) return error_of(done);
  std::sort(pids.begin(), pids.end());
  return pids;
}

}  // namespace nsx
