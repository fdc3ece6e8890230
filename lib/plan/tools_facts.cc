// SPDX-License-Identifier: MIT
// Reading what the root directory of a ToolsRequest is made of. Everything in the target is found
// below its root directory, through openat2(2), before anything is entered: no link of the target
// leads out of it, and no path of it is looked up again.

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <span>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <nsx/enter.hh>

#include "kernel/files.hh"
#include "kernel/text.hh"
#include "plan/facts.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr std::uint64_t kInside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

/// The most entries of the tools' root directory, and the most devices of the target.
constexpr std::size_t kMost = 256;

/// Top-level directories that are the target's, or new.
constexpr std::array<std::string_view, 5> kReplaced{"dev", "proc", "run", "sys", "tmp"};

constexpr std::array<std::string_view, 6> kUsualDevices{"null",   "zero",    "full",
                                                        "random", "urandom", "tty"};

/// Starts of the names of devices that belong to the machine, and that no program in a container
/// uses: its screens, disks, memory and log. A target with the machine's own /dev has a hundred.
constexpr std::array<std::string_view, 8> kMachines{"tty",  "vcs", "loop", "ram",
                                                    "kmsg", "mem", "kmem", "port"};

/// Files about the network and the time.
constexpr std::array kFilesInEtc{"/etc/resolv.conf", "/etc/hosts", "/etc/hostname",
                                 "/etc/localtime"};

/// A directory of the target that is shown in place.
struct Place {
  const char* path;
  unsigned long magic;    ///< of the only file system that is used; 0: any that answers
  bool is_plain = false;  ///< see ToolsFacts::Tree
  OwnedFd fd = {};
};

/// Closes the directories on other file systems, and all if one does not answer.
void close_others(std::span<Place> places) {
  const auto list = text_in_time([&] {
    std::string text;
    for (const Place& place : places) {
      struct statfs fs {};
      const bool is_right =
          place.fd && ::fstatfs(place.fd.get(), &fs) == 0 &&
          (place.magic == 0 || static_cast<unsigned long>(fs.f_type) == place.magic);
      text += is_right ? '+' : '-';
    }
    return text;
  });
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!list || i >= list->size() || (*list)[i] != '+') places[i].fd = OwnedFd();
  }
}

class ToolsReader {
 public:
  ToolsReader(const ToolsRequest& request, KindSet joined, std::vector<OwnedFd>& handles)
      : request_(request), joined_(joined), handles_(handles) {}

  Result<ToolsFacts> read(const Kernel& kernel, const Target* tools, const Target& target,
                          int target_root) {
    TRY(find_root(kernel, tools));
    TRY(find_entries());
    TRY(check_place_of_target());
    facts_.has_var_tmp = is_directory_in_tools("var/tmp");
    find_devices();
    find_in_target(target_root);
    find_context(kernel, target);
    return std::move(facts_);
  }

 private:
  int keep(OwnedFd fd) {
    handles_.push_back(std::move(fd));
    return handles_.back().get();
  }

  bool is_directory_in_tools(const std::string& path) const {
    const auto found = open_answering(facts_.root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW,
                                      PathFrom::user, kInside | RESOLVE_NO_SYMLINKS);
    return found.has_value();
  }

  // --- The tools ---------------------------------------------------------------------------------

  Status find_root(const Kernel& kernel, const Target* tools) {
    if (request_.root) {
      auto root =
          TRY(open_answering(AT_FDCWD, *request_.root, O_PATH | O_DIRECTORY, PathFrom::user));
      facts_.path = TRY(read_path_of(kernel.proc(), root.get()));
      facts_.of = facts_.path == "/" ? "the host" : *request_.root;
      facts_.root = keep(std::move(root));
      return {};
    }
    if (tools == nullptr || !tools->process) {
      return refuse("use the root directory of", tools == nullptr ? "" : tools->name,
                    "it is not a process");
    }
    auto mnt = TRY(tools->process->open_namespace(kernel, Kind::mnt));
    auto root = TRY(tools->process->open_root());
    facts_.of = tools->name;
    facts_.mnt = keep(std::move(mnt).take_fd());
    facts_.root = keep(std::move(root));
    return {};
  }

  Status find_entries() {
    const auto list = text_in_time([&]() -> std::string {
      const auto names = list_names_at(facts_.root, ".");
      if (!names) return "!" + std::to_string(names.error().code);
      std::string text = ".";
      for (const std::string& name : *names)
        text += '/' + name;
      return text;
    });
    if (!list || list->starts_with('!')) {
      return fail("list the root directory of", facts_.of,
                  list ? std::atoi(list->c_str() + 1) : ETIMEDOUT);
    }
    std::string_view rest = *list;
    next_field(rest, '/');
    while (!rest.empty()) {
      TRY(add_entry(std::string(next_field(rest, '/'))));
    }
    return {};
  }

  Status add_entry(std::string name) {
    if (std::find(kReplaced.begin(), kReplaced.end(), name) != kReplaced.end()) return {};
    if (facts_.entries.size() == kMost) {
      return refuse("use the root directory of", facts_.of,
                    "it has more than " + std::to_string(kMost) + " entries");
    }
    auto file = open_answering(facts_.root, name, O_PATH | O_NOFOLLOW, PathFrom::user);
    if (!file) return file.error().code == ENOENT ? Status{} : error_of(file);
    ToolsFacts::Entry entry{.name = std::move(name)};
    if (is_of_type(file->get(), S_IFLNK)) {
      entry.link = TRY(read_link_at(file->get(), ""));
    } else if (!is_of_type(file->get(), S_IFDIR) && !is_of_type(file->get(), S_IFREG)) {
      return {};
    } else if (facts_.mnt >= 0) {
      entry.fd = keep(std::move(*file));
    }
    facts_.entries.push_back(std::move(entry));
    return {};
  }

  /// A new name in the root directory can be created, any other must be a directory of the tools.
  Status check_place_of_target() const {
    const std::string& path = request_.target_at;
    std::string_view rest = path;
    next_field(rest, '/');
    const std::string_view top = next_field(rest, '/');
    const bool is_replaced =
        top != "tmp" && std::find(kReplaced.begin(), kReplaced.end(), top) != kReplaced.end();
    if (is_replaced) {
      return refuse("place the target's files at", path, "the target's own files are there");
    }
    const bool exists = std::any_of(facts_.entries.begin(), facts_.entries.end(),
                                    [&](const auto& entry) { return entry.name == top; });
    if (!exists && (rest.empty() || top == "tmp")) return {};
    if (is_directory_in_tools(path)) return {};
    return refuse("place the target's files at", path,
                  "it is not a directory in the root directory of " + facts_.of,
                  "give an existing directory, or a new name in the root directory: "
                  "--target-at=/target");
  }

  /// Device nodes of the caller: those of the target could be anything.
  void find_devices() {
    for (const std::string_view name : kUsualDevices) {
      std::string path = "/dev/" + std::string(name);
      struct stat st {};
      if (::stat(path.c_str(), &st) == 0 && S_ISCHR(st.st_mode))
        facts_.of_caller.push_back(std::move(path));
    }
  }

  // --- The target --------------------------------------------------------------------------------

  Result<OwnedFd> open_inside(int root, const std::string& path, int flags) const {
    return open_answering(root, path, O_PATH | flags, PathFrom::search, kInside);
  }

  /// Order: outer directories first.
  void find_in_target(int root) {
    constexpr unsigned long kMqueueMagic = 0x19800202;  // not in linux/magic.h
    std::array places{Place{"/proc", PROC_SUPER_MAGIC},
                      Place{"/sys", SYSFS_MAGIC},
                      Place{"/run", 0, true},
                      Place{"/dev/pts", DEVPTS_SUPER_MAGIC},
                      Place{"/dev/shm", TMPFS_MAGIC, true},
                      Place{"/dev/mqueue", kMqueueMagic, true},
                      Place{"/dev", TMPFS_MAGIC}};  // also devtmpfs
    for (Place& place : places) {
      auto directory = open_inside(root, place.path, O_DIRECTORY);
      if (directory) place.fd = std::move(*directory);
    }
    close_others(places);
    auto& [proc, sys, run, pts, shm, mqueue, dev] = places;

    facts_.of_target.push_back({request_.target_at, root, false});
    choose_proc(proc);
    // A sysfs shows a net namespace.
    if (joined_.contains(Kind::net)) {
      add(sys);
    } else {
      facts_.of_caller.emplace_back("/sys");
    }
    add(run);
    if (pts.fd && can_open_terminals(pts.fd.get())) {
      facts_.has_terminals = true;
      add(pts);
    }
    add(shm);
    add(mqueue);
    if (dev.fd) add_devices(dev.fd);
    for (const char* path : kFilesInEtc)
      add_file(root, path);
    add_database(root, "/etc/passwd", passwd_with_names_only);
    add_database(root, "/etc/group", group_with_names_only);
  }

  void add(Place& place) {
    if (place.fd)
      facts_.of_target.push_back({place.path, keep(std::move(place.fd)), place.is_plain});
  }

  /// A proc file system shows a pid namespace. A target that has only made a pid namespace still
  /// has the /proc of another, in which this process exists, too.
  void choose_proc(Place& proc) {
    if (!joined_.contains(Kind::pid)) {
      facts_.of_caller.emplace_back("/proc");
      facts_.has_proc = true;
    } else if (proc.fd) {
      std::array<char, 16> pid{};
      facts_.has_proc = ::readlinkat(proc.fd.get(), "self", pid.data(), pid.size()) <= 0;
      add(proc);
    }
  }

  /// A machine's own devpts has a ptmx that only root may open (mode 0), as /dev/ptmx is a device.
  bool can_open_terminals(int devpts) const {
    struct stat st {};
    constexpr mode_t kUsable = S_IRUSR | S_IRGRP | S_IROTH;
    return !joined_.contains(Kind::user) ||
           ::fstatat(devpts, "ptmx", &st, AT_SYMLINK_NOFOLLOW) != 0 || (st.st_mode & kUsable) != 0;
  }

  /// Adds the target's further character devices, like /dev/fuse.
  void add_devices(const OwnedFd& dev) {
    const auto names = list_names_at(dev.get(), ".");
    if (!names) return;
    std::size_t count = 0;
    for (const std::string& name : *names) {
      const bool is_usual =
          std::find(kUsualDevices.begin(), kUsualDevices.end(), name) != kUsualDevices.end();
      const bool is_machines =
          std::any_of(kMachines.begin(), kMachines.end(),
                      [&](std::string_view start) { return name.starts_with(start); });
      if (is_usual || is_machines || name == "ptmx" || name == "console") continue;
      OwnedFd node(::openat(dev.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (!node || !is_of_type(node.get(), S_IFCHR)) continue;
      if (++count > kMost) return;
      facts_.of_target.push_back({"/dev/" + name, keep(std::move(node)), false});
    }
  }

  /// Whether the tools have a file in this place that the target's files do not cover.
  bool has_place(const std::string& path) const {
    if (path.starts_with(request_.target_at + '/')) return false;
    const auto place =
        open_answering(facts_.root, path, O_PATH | O_NOFOLLOW, PathFrom::user, kInside);
    return place && !is_of_type(place->get(), S_IFDIR);
  }

  /// Adds the names of the target's users. Its files themselves could give any user an empty
  /// password, and lead a shell to files of the target by a home directory.
  void add_database(int root, const char* path, std::string (*with_names_only)(std::string_view)) {
    // read_inside() would wait longer for a file system that does not answer.
    if (!has_place(path) || !open_inside(root, path, 0)) return;
    const auto text = read_inside(root, path);
    if (!text) return;
    std::string names = with_names_only(*text);
    if (!names.empty()) facts_.databases.emplace_back(path, std::move(names));
  }

  /// Adds a file that is mounted over that of the tools, if both have it.
  void add_file(int root, const char* path) {
    if (!has_place(path)) return;
    auto file = open_inside(root, path, 0);
    if (!file || !is_of_type(file->get(), S_IFREG)) return;
    facts_.of_target.push_back({path, keep(std::move(*file)), true});
  }

  /// Reads what only serves comfort, so that failures do not matter.
  void find_context(const Kernel& kernel, const Target& target) {
    if (!target.process) return;
    const auto path_of = [&](const Result<OwnedFd>& directory) {
      if (!directory) return std::string();
      return read_path_of(kernel.proc(), directory->get()).value_or(std::string());
    };
    std::string root = path_of(target.process->open_root());
    std::string cwd = path_of(target.process->open_working_directory());
    if (root == "/") root.clear();
    if (cwd.starts_with(root + '/')) facts_.working_directory = cwd.substr(root.size());
    if (!request_.extended_path) return;
    const auto environment = target.process->read_environment();
    if (!environment) return;
    for (const std::string& entry : *environment) {
      if (entry.starts_with("PATH=")) facts_.search_path = entry.substr(5);
    }
  }

  const ToolsRequest& request_;
  KindSet joined_;
  std::vector<OwnedFd>& handles_;
  ToolsFacts facts_;
};

}  // namespace

Result<ToolsFacts> read_tools_facts(const Kernel& kernel, const ToolsRequest& request,
                                    const Target* tools, const Target& target, int target_root,
                                    KindSet joined, std::vector<OwnedFd>& handles) {
  return ToolsReader(request, joined, handles).read(kernel, tools, target, target_root);
}

}  // namespace nsx
