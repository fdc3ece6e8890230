// SPDX-License-Identifier: MIT
// Where each runtime stores its state. Directories are listed and small files are read. A runtime
// that is not installed costs one failed open(2).

#include <algorithm>
#include <fcntl.h>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "kernel/text.hh"
#include "target/container_record.hh"

namespace nsx {

namespace {

/// Larger than any state file. Also ends the reading of a file that keeps growing.
constexpr std::size_t kMaxSize = 4U << 20U;

/// Reads a whole regular file. The file is not trusted: this does not wait for a FIFO, follow a
/// symbolic link, or read beyond kMaxSize.
Result<std::string> read_state_file(const std::string& path) {
  auto file = open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (!file)
    return file.error().code == ELOOP ? refuse("read", path, "it is a symbolic link")
                                      : fail("read", path, file.error().code);
  struct stat st {};
  if (::fstat(file->get(), &st) != 0) return fail("read", path);
  if (!S_ISREG(st.st_mode)) return refuse("read", path, "not a regular file");
  // Anyone may own the directory of a bundle, which leads to names.
  if (!is_trusted_owner(st.st_uid)) {
    return refuse("read", path, "it belongs to UID " + std::to_string(st.st_uid));
  }
  std::string text;
  for (;;) {
    if (text.size() > kMaxSize) {
      return refuse("read", path, "it is too large for the state of a container");
    }
    const std::size_t used = text.size();
    text.resize(used + (64U << 10U));
    const ssize_t n = ::read(file->get(), text.data() + used, text.size() - used);
    text.resize(used + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("read", path);
    if (n == 0) return text;
  }
}

bool is_missing(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR;
}

/// The file that docker's daemon reads without --config-file.
constexpr const char* kDockerConfig = "/etc/docker/daemon.json";

constexpr const char* kUsers = "/run/user/";

/// Whether a directory named in the caller's environment belongs to the caller and nobody else can
/// write to it. `named` is the path in the environment, `path` the one to check.
bool is_callers(const std::string& named, const std::string& path) {
  if (!named.starts_with('/')) return false;
  // Its file system may not answer. If it does, it is not a stuck FUSE mount.
  const auto answer = text_in_time([&] {
    struct stat st {};
    const bool is_own = ::lstat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode) &&
                        st.st_uid == ::geteuid() && open_trusted(path);
    return std::string(is_own ? "own" : "not");
  });
  return answer == "own";
}

class RecordReader {
 public:
  RecordReader(const std::string& root, const OwnEngines& own, DockerRoots docker_roots)
      : root_(root), docker_roots_(docker_roots), own_(own) {}

  ContainerRecords read() {
    // Runtimes that know names come first. The low-level runtimes, which know the process best,
    // follow.
    read_docker();
    read_containerd();
    read_storage();
    read_runc();
    read_crun();
    read_machines();
    add_storage_names();
    return std::move(records_);
  }

 private:
  // --- Reading -----------------------------------------------------------------------------------

  /// Returns the text of a file, or nothing if it does not exist or cannot be read.
  std::optional<std::string> text_of(const std::string& path) {
    auto text = read_state_file(path);
    if (text) return std::move(*text);
    if (!is_missing(text.error())) records_.unreadable.push_back(std::move(text.error()));
    return std::nullopt;
  }

  /// Parses a file. A file that cannot be parsed is recorded as unreadable.
  template <class Parsed>
  std::optional<Parsed> parsed(const std::string& path,
                               std::optional<Parsed> (*parse)(std::string_view)) {
    const auto text = text_of(path);
    if (!text) return std::nullopt;
    auto result = parse(*text);
    if (!result) {
      records_.unreadable.push_back(
          {"cannot read", path, 0, "it is not the state of a container", {}});
    }
    return result;
  }

  /// Calls visit(path, name) for each subdirectory of a directory.
  template <class Visit>
  void for_each_in(const std::string& directory, Visit visit) {
    const auto names = list_directories_at(AT_FDCWD, directory.c_str());
    if (names) {
      const std::string above = directory + '/';
      for (const std::string& name : *names)
        visit(above + name, name);
    } else if (!is_missing(names.error())) {
      records_.unreadable.push_back({"cannot list", directory, names.error().code, {}, {}});
    }
  }

  static pid_t pid_in(const std::optional<std::string>& text) {
    if (!text) return 0;
    std::string_view digits = *text;
    while (digits.ends_with('\n'))
      digits.remove_suffix(1);
    return std::max(parse_number<pid_t>(digits).value_or(0), 0);
  }

  void add(ContainerRecord record, const std::string& id) {
    record.id = id;
    records_.all.push_back(std::move(record));
  }

  /// Merges the record of a low-level runtime into that of the runtime that uses it, or adds it.
  void merge_low_level_record(ContainerRecord record, const std::string& id) {
    storages_of(record);
    for (ContainerRecord& known : records_.all) {
      if (known.id != id || known.pid != record.pid) continue;
      if (record.start_time != 0) known.start_time = record.start_time;
      if (known.names.empty()) known.names = std::move(record.names);
      return;
    }
    add(std::move(record), id);
  }

  // --- The runtimes ------------------------------------------------------------------------------

  void read_docker() {
    std::vector<std::string> roots{docker_root({})};
    const bool asks_daemons = docker_roots_ == DockerRoots::all;
    const auto daemons =
        asks_daemons ? read_docker_arguments(root_) : std::vector<DockerArguments>();
    for (const DockerArguments& daemon : daemons) {
      const std::string named = docker_root(daemon);
      if (std::ranges::find(roots, named) == roots.end()) roots.push_back(named);
    }
    for (std::string& data : roots)
      data.insert(0, root_);
    for (const std::string& data : own_.data)
      roots.push_back(data + "/docker");
    for (const std::string& data : roots) {
      read_docker_containers(data);
      // With --userns-remap: a directory "100000.100000" for the user and group of the mapping.
      const auto names = list_directories_at(AT_FDCWD, data.c_str());
      if (!names) continue;
      for (const std::string& name : *names) {
        std::string_view rest = name;
        const bool is_mapping =
            parse_number<uid_t>(next_field(rest, '.')) && parse_number<gid_t>(rest);
        if (is_mapping) read_docker_containers(std::string(data).append("/").append(name));
      }
    }
  }

  void read_docker_containers(const std::string& data) {
    for_each_in(data + "/containers", [&](const std::string& path, const std::string& id) {
      auto record = parsed(path + "/config.v2.json", parse_docker_config);
      if (record) add(std::move(*record), id);
    });
  }

  /// Returns where a daemon stores its data. The option takes precedence over the file.
  std::string docker_root(const DockerArguments& daemon) {
    if (daemon.data_root.starts_with('/')) return daemon.data_root;
    const bool has_file = daemon.config_file.starts_with('/');
    if (const auto text =
            text_of(root_ + (has_file ? daemon.config_file : std::string(kDockerConfig)))) {
      std::string named = parse_docker_data_root(*text);
      if (named.starts_with('/')) return named;
    }
    return "/var/lib/docker";
  }

  void read_containerd() {
    // The directories of containerd itself, docker and k3s.
    std::vector<std::string> states;
    for (const char* state :
         {"/run/containerd", "/run/docker/containerd/daemon", "/run/k3s/containerd"}) {
      states.push_back(root_ + state);
    }
    for (const std::string& own : own_.state)
      states.push_back(own + "/docker/containerd/daemon");
    for (const std::string& state : states) {
      const std::string tasks = state + "/io.containerd.runtime.v2.task";
      for_each_in(tasks, [&](const std::string& space, const std::string&) {
        for_each_in(space,
                    [&](const std::string& path, const std::string& id) { add_task(path, id); });
      });
    }
  }

  void add_task(const std::string& path, const std::string& id) {
    ContainerRecord record;
    record.runtime = "containerd";
    record.pid = pid_in(text_of(path + "/init.pid"));
    if (auto names = parsed(path + "/config.json", parse_bundle_names)) {
      record.names = std::move(*names);
    }
    // Each container of docker is also a task of containerd.
    merge_low_level_record(std::move(record), id);
  }

  /// Reads podman and CRI-O, which use the same storage.
  void read_storage() {
    add_storage(root_ + "/var/lib/containers/storage");
    for (const std::string& own : own_.data)
      add_storage(own + "/containers/storage");
    std::vector<std::string> runs{root_ + "/run/containers/storage"};
    for (const std::string& own : own_.state)
      runs.push_back(own + "/containers");
    for (const std::string& run : runs) {
      add_storage(run);
      for_each_in(run, [&](const std::string& path, const std::string& driver) {
        if (!driver.ends_with("-containers")) return;  // "overlay-containers"
        for_each_in(path, [&](const std::string& container, const std::string& id) {
          add_stored(container + "/userdata", id);
        });
      });
    }
  }

  void add_stored(const std::string& data, const std::string& id) {
    if (auto record = parsed(data + "/state.json", parse_crio_state)) {
      if (auto names = parsed(data + "/config.json", parse_bundle_names)) {
        record->names = std::move(*names);
      }
      add(std::move(*record), id);
    } else if (const auto pid = text_of(data + "/pidfile")) {
      ContainerRecord podman;
      podman.runtime = "podman";
      podman.pid = pid_in(pid);
      add(std::move(podman), id);
    }
  }

  void read_runc() {
    read_runc_below(root_ + "/run/runc");
    std::vector<std::string> spaces;
    for (const char* above :
         {"/run/containerd/runc", "/run/docker/runtime-runc", "/run/k3s/containerd/runc"}) {
      spaces.push_back(root_ + above);
    }
    for (const std::string& own : own_.state) {
      read_runc_below(own + "/runc");
      spaces.push_back(own + "/docker/runtime-runc");
    }
    for (const std::string& above : spaces) {
      for_each_in(above,
                  [&](const std::string& space, const std::string&) { read_runc_below(space); });
    }
  }

  void read_runc_below(const std::string& directory) {
    for_each_in(directory, [&](const std::string& path, const std::string& id) {
      auto record = parsed(path + "/state.json", parse_runc_state);
      if (record) merge_low_level_record(std::move(*record), id);
    });
  }

  void read_crun() {
    std::vector<std::string> directories{root_ + "/run/crun"};
    for (const std::string& own : own_.state)
      directories.push_back(own + "/crun");
    for (const std::string& directory : directories) {
      for_each_in(directory, [&](const std::string& path, const std::string& id) {
        auto record = parsed(path + "/status", parse_crun_status);
        if (record) merge_low_level_record(std::move(*record), id);
      });
    }
  }

  /// Reads systemd-machined(8), where systemd-nspawn(1) registers its containers. The directory
  /// also contains links with the names of units.
  void read_machines() {
    const std::string machines = root_ + "/run/systemd/machines/";
    const auto names = list_names_at(AT_FDCWD, machines.c_str());
    if (!names) return;
    for (const std::string& name : *names) {
      if (name.starts_with("unit:")) continue;
      const auto text = text_of(machines + name);
      if (!text) continue;
      ContainerRecord record;
      record.runtime = "systemd-nspawn";
      bool is_container = false;
      std::string_view rest = *text;
      while (!rest.empty()) {
        std::string_view line = next_field(rest, '\n');
        const std::string_view key = next_field(line, '=');
        if (key == "CLASS") is_container = line == "container";
        if (key == "LEADER") record.pid = pid_in(std::string(line));
        if (key == "LEADER_PIDFDID") {
          record.pidfd_inode = parse_number<std::uint64_t>(line).value_or(0);
        }
        if (key == "SCOPE") record.cgroup = line;
      }
      // The others are virtual machines and the machine itself.
      if (is_container) add(std::move(record), name);
    }
  }

  // --- Names in podman's and CRI-O's storage -----------------------------------------------------

  void add_storage(const std::string& storage) {
    if (std::find(storages_.begin(), storages_.end(), storage) == storages_.end()) {
      storages_.push_back(storage);
    }
  }

  /// Derives a user's storage directory from the bundle of a rootless container:
  /// STORAGE/overlay-containers/ID/userdata.
  void storages_of(const ContainerRecord& record) {
    std::string path = record.bundle;
    if (!path.starts_with('/') || !path.ends_with("/userdata")) return;
    for (int i = 0; i < 3; ++i)
      path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    if (!path.empty()) add_storage(root_ + path);
  }

  void add_storage_names() {
    for (const std::string& storage : storages_) {
      for_each_in(storage, [&](const std::string& path, const std::string& driver) {
        if (!driver.ends_with("-containers")) return;
        for (const char* list : {"/containers.json", "/volatile-containers.json"})
          add_names(parsed(path + list, parse_storage_list));
      });
    }
  }

  void add_names(const std::optional<std::vector<ContainerRecord>>& list) {
    if (!list) return;
    for (const ContainerRecord& stored : *list) {
      bool is_known = false;
      for (ContainerRecord& known : records_.all) {
        if (known.id != stored.id) continue;
        is_known = true;
        known.names.insert(known.names.end(), stored.names.begin(), stored.names.end());
      }
      // It exists but is not running.
      if (is_known) continue;
      records_.all.push_back(stored);
      records_.all.back().runtime = "podman or CRI-O";
    }
  }

  std::string root_;
  DockerRoots docker_roots_;
  const OwnEngines& own_;
  std::vector<std::string> storages_;
  ContainerRecords records_;
};

}  // namespace

OwnEngines own_engines(const std::string& root, const std::string& runtime_directory,
                       const std::string& data_directory) {
  OwnEngines own;
  own.state.push_back(root + kUsers + std::to_string(::geteuid()));
  const std::string named = root + runtime_directory;
  if (named != own.state.front() && is_callers(runtime_directory, named)) {
    own.state.push_back(named);
  }
  std::string data = root + data_directory;
  if (is_callers(data_directory, data)) own.data.push_back(std::move(data));
  return own;
}

std::vector<std::string> users_with_engines(const std::string& root) {
  std::vector<std::string> users;
  const std::string above = root + kUsers;
  const auto names = list_directories_at(AT_FDCWD, above.c_str());
  if (!names) return users;
  const std::string self = std::to_string(::geteuid());
  for (const std::string& uid : *names) {
    const auto has = [&](const char* engine) {
      struct stat st {};
      return ::lstat((above + uid + engine).c_str(), &st) == 0 && S_ISDIR(st.st_mode);
    };
    const bool has_engine = has("/containers") || has("/docker") || has("/crun") || has("/runc");
    if (uid != self && has_engine) users.push_back(uid);
  }
  return users;
}

ContainerRecords read_container_records(const std::string& root, const OwnEngines& own,
                                        DockerRoots roots) {
  return RecordReader(root, own, roots).read();
}

}  // namespace nsx
