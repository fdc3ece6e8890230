// SPDX-License-Identifier: MIT
#pragma once
// A tree of files that looks like /proc, for a census of made-up processes.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <unistd.h>

#include "support.hh"

namespace nsx {

struct FakeProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  std::map<std::string, ino_t> links;  ///< in ns/, by name
  std::string name = "sleep";
  char state = 'S';
  std::uint64_t start_time = 0;  ///< 0: its stat does not tell
};

class FakeProc {
 public:
  /// Adds everything that the census reads of a process.
  void add(const FakeProcess& process) {
    add_links(process);
    write(process.pid, "stat",
          std::to_string(process.pid) + " (" + process.name + ") " + process.state + ' ' +
              std::to_string(process.parent) + " 1 1 0 -1 4194304 0 0 0 0" +
              (process.start_time == 0
                   ? ""
                   : " 0 0 0 0 20 0 1 0 " + std::to_string(process.start_time) + " 0") +
              '\n');
    write(process.pid, "comm", process.name + '\n');
  }

  /// The directory without its stat: the remains of a process that ends while it is read.
  void add_links(const FakeProcess& process) {
    const std::string directory = directory_ / std::to_string(process.pid);
    std::filesystem::create_directories(directory + "/ns");
    for (const auto& [link, inode] : process.links) {
      std::filesystem::create_symlink(link + ":[" + std::to_string(inode) + ']',
                                      directory + "/ns/" + link);
    }
  }

  void write(pid_t pid, const std::string& file, std::string_view text) {
    add_directory(std::to_string(pid));
    write_file(directory_ / std::to_string(pid) + '/' + file, text);
  }

  void add_directory(const std::string& name) {
    std::filesystem::create_directories(directory_ / name);
  }

  const std::string& path() const { return directory_.path(); }

  Kernel kernel() const {
    KernelOptions options;
    options.proc = path();
    return must(Kernel::open(options));
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace nsx
