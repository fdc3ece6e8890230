// SPDX-License-Identifier: MIT
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "kernel/text.hh"
#include "target/container_record.hh"

namespace nsx {

namespace {

/// Parses the value of an option that is written as "--name VALUE" or "--name=VALUE".
bool take_value(std::string_view word, std::string_view rest, std::string_view name,
                std::string& value) {
  if (!word.starts_with(name)) return false;
  word.remove_prefix(name.size());
  if (word.starts_with('=')) {
    value = word.substr(1);
  } else if (word.empty()) {
    value = next_field(rest, '\0');
  } else {
    return false;
  }
  return true;
}

bool is_ours(const std::string& process) {
  struct stat st {};
  if (::stat(process.c_str(), &st) != 0) return false;
  const uid_t self = ::geteuid();
  if (st.st_uid == self && self != 0) return true;
  if (st.st_uid != 0) return false;
  const auto theirs = read_link_at(AT_FDCWD, (process + "/ns/mnt").c_str());
  const auto own = read_link_at(AT_FDCWD, "/proc/self/ns/mnt");
  return theirs && own && *theirs == *own;
}

}  // namespace

DockerArguments parse_docker_arguments(std::string_view cmdline) {
  DockerArguments found;
  while (!cmdline.empty()) {
    const std::string_view word = next_field(cmdline, '\0');
    if (take_value(word, cmdline, "--config-file", found.config_file)) continue;
    // The last two are its former names.
    for (const char* name : {"--data-root", "--graph", "-g"}) {
      if (take_value(word, cmdline, name, found.data_root)) break;
    }
  }
  return found;
}

std::vector<DockerArguments> read_docker_arguments(const std::string& root) {
  std::vector<DockerArguments> all;
  const std::string proc = root + "/proc";
  const auto directory = open_at(AT_FDCWD, proc.c_str(), O_PATH | O_DIRECTORY);
  if (!directory) return all;
  const auto pids = list_pids_at(directory->get(), ".");
  if (!pids) return all;
  for (const pid_t pid : *pids) {
    const std::string process = std::to_string(pid);
    std::array<char, 64> name{};
    const auto size = read_once_at(directory->get(), (process + "/comm").c_str(), name);
    if (!size || std::string_view(name.data(), *size) != "dockerd\n") continue;
    if (!is_ours(std::string(proc).append("/").append(process))) continue;
    const auto cmdline =
        read_file_at(directory->get(), (process + "/cmdline").c_str(), kMaxProcessFile);
    if (cmdline) all.push_back(parse_docker_arguments(*cmdline));
  }
  return all;
}

}  // namespace nsx
