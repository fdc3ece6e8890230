// SPDX-License-Identifier: MIT
#include "nsx-pin/etc.hh"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <memory>
#include <sys/stat.h>

#include "common/report.hh"

namespace nsx::pin_tool {

Result<std::optional<step::BindOver>> files_for(const cli::Tool& tool, const std::string& name) {
  step::BindOver files{"/etc/netns/" + name, "/etc", {}};
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(files.from.c_str()), ::closedir);
  if (!directory) {
    if (errno == ENOENT) return std::optional<step::BindOver>{};
    return fail("list", files.from, errno, "use --no-etc to leave /etc unchanged");
  }
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string file = entry->d_name;
    if (file == "." || file == "..") continue;
    struct stat st {};
    const std::string target = files.over + '/' + file;
    if (::lstat(target.c_str(), &st) == 0) {
      files.names.push_back(file);
    } else {
      cli::note(tool, "skipping " + printable(files.from) + '/' + printable(file) + ": " +
                          printable(target) + " does not exist");
    }
  }
  if (files.names.empty()) return std::optional<step::BindOver>{};
  std::sort(files.names.begin(), files.names.end());
  return std::optional<step::BindOver>(std::move(files));
}

std::vector<std::string> resolvers_to_mask(const step::BindOver& files) {
  const auto& names = files.names;
  if (std::find(names.begin(), names.end(), "resolv.conf") == names.end()) return {};
  std::vector<std::string> sockets;
  // glibc asks nscd, and nss-resolve asks systemd-resolved, before any server in resolv.conf.
  for (const char* path : {"/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve"}) {
    struct stat st {};
    if (::stat(path, &st) == 0 && S_ISSOCK(st.st_mode)) sockets.emplace_back(path);
  }
  return sockets;
}

}  // namespace nsx::pin_tool
