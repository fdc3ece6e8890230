// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/census.hh>
#include <nsx/process.hh>
#include <nsx/target.hh>

#include "common/report.hh"
#include "nsx-pin/commands.hh"
#include "try.hh"

namespace nsx::pin_tool {

namespace {

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

Result<std::string> absolute(std::string path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  if (path.starts_with('/')) return path;
  // Not get_current_dir_name(3), which calls stat(2) and would hang on an unresponsive file system.
  char* here = ::getcwd(nullptr, 0);
  if (here == nullptr) return fail("find the current directory for", path);
  std::string whole = std::string(here) + '/' + path;
  ::free(here);
  return whole;
}

}  // namespace

Result<Place> find_place(const PlaceOptions& options) {
  const char* named = options.directory;
  if (named == nullptr) named = variable("NSX_PIN_DIR");
  if (named != nullptr) {
    auto root = TRY(absolute(named));
    if (auto usable = check_that_it_answers(root); !usable) {
      return fail("use the directory for pins", root, usable.error().code, usable.error().hint());
    }
    TRY(check_pin_root(root));
    return Place{std::move(root), false};
  }
  if (::geteuid() == 0) return Place{kPinRoot, false};
  const char* runtime = variable("XDG_RUNTIME_DIR");
  std::string root = runtime != nullptr ? runtime : "/run/user/" + std::to_string(::geteuid());
  auto ok = check_that_it_answers(root);
  if (ok) ok = check_pin_root(root);
  if (!ok) {
    ok.error().set_what("cannot use the directory for your pins");
    ok.error().set_subject(root);
    if (ok.error().code != 0 && ok.error().hint().empty()) {
      ok.error().set_hint(
          "log in with a session that has a runtime directory, or set XDG_RUNTIME_DIR");
    }
    return error_of(ok);
  }
  return Place{std::move(root), true};
}

Result<TargetOptions> target_options(const PlaceOptions& options) {
  TargetOptions where = cli::target_options();
  const bool is_named = options.directory != nullptr || !where.pin_directory.empty();
  if (!is_named) return where;
  auto place = TRY(find_place(options));
  where.pin_directory = place.root;
  return where;
}

Result<PinStore> open_store(const Kernel& kernel, const Place& place) {
  if (place.is_users) {
    auto holder = TRY(PinHolder::find(kernel, place.root));
    if (holder) return holder->store();
  }
  return PinStore::open(kernel, place.root);
}

Result<std::vector<PinStore>> open_stores(const Kernel& kernel, const Place& place) {
  std::vector<PinStore> stores;
  stores.push_back(TRY(open_store(kernel, place)));
  if (!place.is_users) return stores;
  // An ordinary user who cannot read root's pins sees none.
  if (auto roots = PinStore::open(kernel, kPinRoot)) stores.push_back(std::move(*roots));
  return stores;
}

const PinStore& store_of(const std::vector<PinStore>& stores, const std::string& name) {
  const auto found = std::find_if(stores.begin(), stores.end(), [&](const PinStore& store) {
    return check_pin_name(name) && store.has(name);
  });
  return found != stores.end() ? *found : stores.front();
}

Status check_not_roots(const Kernel& kernel, const Place& place, const char* operation,
                       std::span<char* const> names) {
  if (!place.is_users) return {};
  const auto stores = TRY(open_stores(kernel, place));
  for (const std::string name : names) {
    if (&store_of(stores, name) == &stores.front()) continue;
    return refuse(operation, name, "it belongs to root", "run as root");
  }
  return {};
}

Result<Workplace> Workplace::enter(const Kernel& kernel, const Place& place, bool start) {
  Workplace workplace;
  if (!place.is_users) return workplace;
  if (start) {
    workplace.holder_ = TRY(PinHolder::find_or_start(kernel, place.root));
  } else {
    workplace.holder_ = TRY(PinHolder::find(kernel, place.root));
  }
  if (!workplace.holder_) return workplace;
  if (auto joined = attempt([&] { return workplace.holder_->join(kernel); }); !joined) {
    [[maybe_unused]] const auto left = attempt([&] { return workplace.leave(kernel); });
    return error_of(joined);
  }
  return workplace;
}

Status Workplace::leave(const Kernel& kernel) {
  return holder_ ? holder_->end_if_unused(kernel) : Status{};
}

namespace {

Result<Namespace> net_of(std::vector<Namespace> namespaces, const std::string& of) {
  for (Namespace& ns : namespaces) {
    if (ns.kind() == Kind::net) return std::move(ns);
  }
  return problem("{} has no net namespace", of);
}

}  // namespace

Result<Namespace> find_net(const Kernel& kernel, const PinStore& store, const std::string& word,
                           const TargetOptions& where) {
  // A word that can be neither a PID nor a prefixed target is looked up as a pin only, so that the
  // error is about pins.
  const bool is_target =
      word.find(':') != std::string::npos ||
      (!word.empty() && word.find_first_not_of("0123456789") == std::string::npos);
  if (!is_target || store.has(word)) {
    auto namespaces = TRY(store.find(kernel, word));
    return net_of(std::move(namespaces), "pin " + word);
  }
  auto target = TRY(resolve_target(kernel, word, where));
  if (target.process) return target.process->open_namespace(kernel, Kind::net);
  std::vector<Namespace> namespaces;
  for (TargetNamespace& each : target.namespaces)
    namespaces.push_back(std::move(each.ns));
  return net_of(std::move(namespaces), target.name);
}

Result<Namespace> own_net(const Kernel& kernel) {
  return Namespace::open_file_at(kernel, kernel.proc(), "self/ns/net");
}

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

namespace {

/// Whether a process has exited. A zombie, or a process that is gone, holds no namespace.
bool is_zombie(const Kernel& kernel, pid_t pid) {
  const auto process = Process::open(kernel, pid);
  const auto stat = process ? process->read("stat") : Result<std::string>(std::string());
  return !stat || !is_alive(*stat);
}

void add_once(std::vector<pid_t>& pids, pid_t pid) {
  if (pid != ::getpid() && std::find(pids.begin(), pids.end(), pid) == pids.end()) {
    pids.push_back(pid);
  }
}

void add_holder(const Census& census, const CensusHolder& holder, Users& users) {
  using Type = CensusHolder::Type;
  switch (holder.type) {
    case Type::thread:
      add_once(users.processes, holder.pid);
      break;
    case Type::children:
    case Type::fd:
    case Type::socket:
      add_once(users.descriptors, holder.pid);
      break;
    case Type::mount:
      users.mounts.push_back(census.mounts[holder.other].path);
      break;
    case Type::child:
    case Type::owned:
      break;
  }
}

std::string counted(std::size_t count, const char* one, const char* several) {
  return std::to_string(count) + ' ' + (count == 1 ? one : several);
}

}  // namespace

Result<std::vector<Users>> find_users(const Kernel& kernel,
                                      const std::vector<Namespace>& namespaces) {
  std::vector<Users> found;
  if (namespaces.empty()) return found;
  CensusRequest request;
  request.kinds = {};
  for (const Namespace& ns : namespaces)
    request.kinds.insert(ns.kind());
  request.sources = {Source::process, Source::thread, Source::children,
                     Source::fd,      Source::socket, Source::mount};
  auto census = TRY(take_census(kernel, request));
  for (const Namespace& ns : namespaces) {
    Users users;
    users.kind = ns.kind();
    const CensusIndex index = index_of(census, ns);
    if (index == kNone) continue;
    for (const CensusProcess& process : census.processes) {
      if (process.in(ns.kind()) == index) add_once(users.processes, process.pid);
    }
    for (const CensusHolder& holder : census.holders) {
      if (holder.ns == index) add_holder(census, holder, users);
    }
    std::erase_if(users.processes, [&](pid_t pid) { return is_zombie(kernel, pid); });
    if (!users.empty()) found.push_back(std::move(users));
  }
  return found;
}

Result<std::vector<pid_t>> processes_beside(const Kernel& kernel, pid_t init) {
  CensusRequest request;
  request.kinds = {Kind::pid};
  request.sources = {Source::process, Source::relation};
  auto census = TRY(take_census(kernel, request));
  std::vector<pid_t> found;
  const auto& processes = census.processes;
  const auto its = std::find_if(processes.begin(), processes.end(),
                                [&](const CensusProcess& each) { return each.pid == init; });
  if (its == processes.end()) return found;
  for (const CensusProcess& process : processes) {
    CensusIndex ns = process.in(Kind::pid);
    while (ns != kNone && ns != its->in(Kind::pid))
      ns = census.namespaces[ns].parent;
    if (ns != kNone && process.pid != init && !is_zombie(kernel, process.pid)) {
      add_once(found, process.pid);
    }
  }
  return found;
}

std::string some_processes(const Kernel& kernel, const std::vector<pid_t>& pids) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < pids.size() && i < kShown; ++i) {
    const auto process = Process::open(kernel, pids[i]);
    auto command = process ? process->read("comm") : Result<std::string>(std::string());
    if (i > 0) text += ", ";
    if (command && !command->empty()) {
      command->pop_back();
      text += printable(*command) + ' ';
    }
    text += std::to_string(pids[i]);
  }
  if (pids.size() > kShown) text += " and " + std::to_string(pids.size() - kShown) + " more";
  return text;
}

std::string in_words(const Kernel& kernel, const Users& users) {
  std::string text = std::string("its ") + name(users.kind) + " namespace is still used by ";
  const char* separator = "";
  if (!users.processes.empty()) {
    text += counted(users.processes.size(), "process", "processes") + " (" +
            some_processes(kernel, users.processes) + ')';
    separator = ", ";
  }
  if (!users.descriptors.empty()) {
    text +=
        separator + counted(users.descriptors.size(), "process", "processes") + " holding it open";
    text += " (" + some_processes(kernel, users.descriptors) + ')';
    separator = ", ";
  }
  if (!users.mounts.empty()) {
    text += separator + counted(users.mounts.size(), "mount", "mounts");
    text += " (" + printable(users.mounts.front()) + (users.mounts.size() > 1 ? ", ...)" : ")");
  }
  return text;
}

}  // namespace nsx::pin_tool
