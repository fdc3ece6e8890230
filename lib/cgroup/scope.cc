// SPDX-License-Identifier: MIT
// Requests a transient scope from systemd, org.freedesktop.systemd1(5).

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

#include <nsx/cgroup_run.hh>

#include "cgroup/control.hh"
#include "cgroup/files.hh"
#include "kernel/cgroup.hh"
#include "symbols.hh"
#include "try.hh"

namespace nsx {

namespace {

// Declared as in <systemd/sd-bus.h>, whose ABI has not changed since systemd 237, so that building
// needs neither the headers nor the library.
extern "C" {
struct sd_bus;
struct sd_bus_message;
struct sd_bus_error {
  const char* name;
  const char* message;
  int need_free;
};
}

/// libsystemd, opened on demand. If it were linked, it would be loaded at every start.
struct SdBus {
  int (*create)(sd_bus**);
  int (*set_fd)(sd_bus*, int, int);
  int (*set_bus_client)(sd_bus*, int);
  int (*start)(sd_bus*);
  int (*is_ready)(sd_bus*);
  void (*close)(sd_bus*);
  sd_bus* (*unref_bus)(sd_bus*);
  int (*new_method_call)(sd_bus*, sd_bus_message**, const char*, const char*, const char*,
                         const char*);
  int (*append)(sd_bus_message*, const char*, ...);
  int (*call)(sd_bus*, sd_bus_message*, std::uint64_t, sd_bus_error*, sd_bus_message**);
  int (*read)(sd_bus_message*, const char*, ...);
  int (*is_signal)(sd_bus_message*, const char*, const char*);
  sd_bus_message* (*unref)(sd_bus_message*);
  int (*process)(sd_bus*, sd_bus_message**);
  int (*wait)(sd_bus*, std::uint64_t);
  void (*error_free)(sd_bus_error*);

  static Result<SdBus> open();
};

constexpr const char* kLeaf = "nsx-leaf";
/// Long enough for systemd on a busy machine; a systemd that does not answer is given up.
constexpr std::chrono::seconds kPatience{30};

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kObject = "/org/freedesktop/systemd1";
constexpr const char* kInterface = "org.freedesktop.systemd1.Manager";

constexpr const char* kAsk = "get a scope from";

/// A connection to one of the managers.
struct Manager {
  std::string name;    ///< "systemd", "systemd --user"
  std::string socket;  ///< its path
  bool is_bus;         ///< a message bus rather than the manager itself
  bool is_anothers;    ///< the system's manager, for an unprivileged user
};

/// Whether the caller is root of the machine. In a user namespace where the machine's root is not
/// mapped to root, the caller counts as an unprivileged user.
bool is_root_of_machine() {
  struct stat status {};
  return ::geteuid() == 0 && ::stat("/run/systemd", &status) == 0 && status.st_uid == 0;
}

std::string runtime_directory(const ScopeRequest& request) {
  struct stat status {};
  const std::string& named = request.runtime_directory;
  const bool is_own = !named.empty() && ::stat(named.c_str(), &status) == 0 &&
                      S_ISDIR(status.st_mode) && status.st_uid == ::geteuid();
  return is_own ? named : "/run/user/" + std::to_string(::geteuid());
}

/// Returns the sockets to try. A manager's own socket needs no bus, and no bus policy that admits
/// root.
std::vector<Manager> managers(const ScopeRequest& request) {
  constexpr const char* kSystemBus = "/run/dbus/system_bus_socket";
  if (is_root_of_machine()) {
    return {{"systemd", "/run/systemd/private", false, false},
            {"systemd", kSystemBus, true, false}};
  }
  const std::string directory = runtime_directory(request);
  return {{"systemd --user", directory + "/systemd/private", false, false},
          {"systemd --user", directory + "/bus", true, false},
          {"systemd", kSystemBus, true, true}};
}

Result<OwnedFd> connect_to(const std::string& path) {
  constexpr const char* kConnect = "connect to";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(kConnect, path, ENAMETOOLONG);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail("make", "a socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(kConnect, path);
  }
  return fd;
}

/// Returns "nsx-run-4021-1f3a9c02.scope".
std::string unused_scope_name() {
  std::uint32_t random = 0;
  [[maybe_unused]] const ssize_t got = ::getrandom(&random, sizeof random, GRND_NONBLOCK);
  char name[64];
  std::snprintf(name, sizeof name, "nsx-run-%d-%08x.scope", ::getpid(), random);
  return name;
}

/// A session with one manager.
class Connection {
 public:
  Connection(const SdBus& api, const Manager& manager)
      : api_(api),
        manager_(manager),
        end_(std::chrono::steady_clock::now() + kPatience),
        bus_(nullptr, api.unref_bus) {}
  Connection(const Connection&) = delete;
  Connection(Connection&&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection& operator=(Connection&&) = delete;
  // All replies have been received, or none will be.
  ~Connection() {
    if (bus_) api_.close(bus_.get());
  }

  Status open(const OwnedFd& socket) {
    sd_bus* bus = nullptr;
    if (const int failed = api_.create(&bus); failed < 0) return failed_call(failed);
    bus_.reset(bus);
    // The library closes its descriptor.
    const int fd = ::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return failed_call(errno);
    if (const int failed = api_.set_fd(bus, fd, fd); failed < 0) {
      ::close(fd);
      return failed_call(failed);
    }
    if (const int failed = api_.set_bus_client(bus, manager_.is_bus ? 1 : 0); failed < 0) {
      return failed_call(failed);
    }
    if (const int failed = api_.start(bus); failed < 0) return failed_call(failed);
    // The library itself would wait longer for a manager that does not answer.
    while (api_.is_ready(bus) == 0) {
      const int code = api_.process(bus, nullptr);
      if (code < 0) return failed_call(code);
      if (code > 0) continue;
      if (time_left() == 0) return does_not_answer();
      if (const int failed = api_.wait(bus, time_left()); failed < 0 && failed != -EINTR) {
        return failed_call(failed);
      }
    }
    if (!manager_.is_bus) return {};
    // A bus only forwards requested signals, and systemd only sends them to a bus on request.
    TRY(call(kService, kObject, kInterface, "Subscribe", [](sd_bus_message*) { return 0; }));
    TRY(call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch",
             [&](sd_bus_message* message) {
               return api_.append(message, "s",
                                  "type='signal',sender='org.freedesktop.systemd1',"
                                  "interface='org.freedesktop.systemd1.Manager',"
                                  "member='JobRemoved'");
             }));
    return {};
  }

  Status start_scope(const std::string& name, const std::string& description) {
    const auto uid = std::to_string(::geteuid());
    auto reply =
        TRY(call(kService, kObject, kInterface, "StartTransientUnit", [&](sd_bus_message* message) {
          // PID 0 is the sender, in any PID namespace.
          constexpr std::uint32_t kSelf = 0;
          if (manager_.is_anothers) {
            return api_.append(message, "ssa(sv)a(sa(sv))", name.c_str(), "fail", 5, "Description",
                               "s", description.c_str(), "Delegate", "b", 1, "User", "s",
                               uid.c_str(), "CollectMode", "s", "inactive-or-failed", "PIDs", "au",
                               1, kSelf, 0);
          }
          return api_.append(message, "ssa(sv)a(sa(sv))", name.c_str(), "fail", 4, "Description",
                             "s", description.c_str(), "Delegate", "b", 1, "CollectMode", "s",
                             "inactive-or-failed", "PIDs", "au", 1, kSelf, 0);
        }));
    const char* job = nullptr;
    if (const int failed = api_.read(reply.get(), "o", &job); failed < 0) {
      return failed_call(failed);
    }
    return wait_for(job, name);
  }

 private:
  using Message = std::unique_ptr<sd_bus_message, sd_bus_message* (*)(sd_bus_message*)>;

  tl::unexpected<Error> failed_call(int code) const {
    return fail(kAsk, manager_.name, code < 0 ? -code : code);
  }

  tl::unexpected<Error> does_not_answer() const {
    return refuse(kAsk, manager_.name,
                  "no answer within " + std::to_string(kPatience.count()) + " seconds");
  }

  tl::unexpected<Error> refused(const sd_bus_error& error, int code) const {
    if (code == -ETIMEDOUT) return does_not_answer();
    // The connection may be lost.
    const bool is_lost = code == -ENOTCONN || code == -ECONNRESET;
    if (error.name == nullptr || is_lost) return failed_call(code);
    const std::string_view name = error.name;
    const std::string said = error.message != nullptr ? error.message : error.name;
    const bool is_polkits = name == "org.freedesktop.DBus.Error.AccessDenied" ||
                            name == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired";
    if (is_polkits && manager_.is_anothers) {
      return refuse(kAsk, manager_.name, "there is no systemd --user, and polkit refuses: " + said);
    }
    return refuse(kAsk, manager_.name, "it refuses: " + said);
  }

  std::uint64_t time_left() const {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        end_ - std::chrono::steady_clock::now());
    return left.count() > 0 ? static_cast<std::uint64_t>(left.count()) : 0;
  }

  /// Calls a method and returns the reply. `fill` appends the arguments.
  template <class Fill>
  Result<Message> call(const char* service, const char* object, const char* interface,
                       const char* member, Fill fill) {
    sd_bus_message* raw = nullptr;
    int code = api_.new_method_call(bus_.get(), &raw, service, object, interface, member);
    if (code < 0) return failed_call(code);
    const Message message(raw, api_.unref);
    if (code = fill(raw); code < 0) return failed_call(code);
    sd_bus_error error{};
    sd_bus_message* reply = nullptr;
    // 0 would select the library's default.
    code = api_.call(bus_.get(), raw, time_left() + 1, &error, &reply);
    if (code >= 0) return Message(reply, api_.unref);
    auto why = refused(error, code);
    api_.error_free(&error);
    return why;
  }

  Status wait_for(const std::string& job, const std::string& unit) {
    for (;;) {
      sd_bus_message* raw = nullptr;
      const int code = api_.process(bus_.get(), &raw);
      if (code < 0) return failed_call(code);
      const Message message(raw, api_.unref);
      if (raw != nullptr && api_.is_signal(raw, kInterface, "JobRemoved") > 0) {
        std::uint32_t id = 0;
        const char* path = nullptr;
        const char* name = nullptr;
        const char* result = nullptr;
        if (const int failed = api_.read(raw, "uoss", &id, &path, &name, &result); failed < 0) {
          return failed_call(failed);
        }
        if (job != path) continue;
        if (std::strcmp(result, "done") == 0) return {};
        return refuse(kAsk, manager_.name,
                      "its job to start " + unit + " ended as '" + result + "'");
      }
      if (code > 0) continue;
      if (time_left() == 0) {
        return refuse(kAsk, manager_.name,
                      "it has not started " + unit + " within " +
                          std::to_string(kPatience.count()) + " seconds");
      }
      if (const int failed = api_.wait(bus_.get(), time_left()); failed < 0 && failed != -EINTR) {
        return failed_call(failed);
      }
    }
  }

  const SdBus& api_;
  const Manager& manager_;
  std::chrono::steady_clock::time_point end_;
  std::unique_ptr<sd_bus, sd_bus* (*)(sd_bus*)> bus_;
};

Status start_scope(const SdBus& api, const Manager& manager, const OwnedFd& socket,
                   const std::string& name, const std::string& description) {
  Connection connection(api, manager);
  TRY(connection.open(socket));
  return connection.start_scope(name, description);
}

/// Returns the start of a command that works instead of asking this manager.
std::string command_instead(const Manager& manager) {
  if (manager.is_anothers) {
    // Starting it creates /run/user/UID. It runs until shutdown.
    return "sudo systemctl start user@" + std::to_string(::geteuid()) + ".service &&";
  }
  return manager.name == "systemd" ? "systemd-run --scope -p Delegate=yes"
                                   : "systemd-run --user --scope -p Delegate=yes";
}

}  // namespace

Result<NewCgroupPlace> place_for_new_cgroup(const CgroupTree& tree) {
  auto own = TRY(tree.own());
  const std::string_view name = last_name(own.path());
  if (own.is_top()) return NewCgroupPlace{own.path()};
  if (name == kLeaf) return NewCgroupPlace{std::string(path_above(own.path())), kLeaf};
  // Named by unused_cgroup_name().
  constexpr std::string_view kMade = "nsx-";
  const bool is_made_by_run = name.starts_with(kMade) && name.size() > kMade.size() &&
                              name[kMade.size()] >= '0' && name[kMade.size()] <= '9';
  return NewCgroupPlace{own.path(), is_made_by_run || is_delegated_scope(own) ? kLeaf : ""};
}

bool needs_scope(const CgroupTree& tree, const NewCgroupPlace& place) {
  const CgroupWriter writer = writer_of(tree, place.path);
  return writer == CgroupWriter::systemd || writer == CgroupWriter::users_systemd;
}

Result<NewCgroupPlace> enter_new_scope(const CgroupTree& tree, const ScopeRequest& request) {
  const std::vector<Manager> all = managers(request);
  const Manager* manager = &all.back();
  OwnedFd socket;
  Error failure;
  for (const Manager& each : all) {
    auto connected = connect_to(each.socket);
    if (connected) {
      manager = &each;
      socket = std::move(*connected);
      break;
    }
    if (failure.what().empty()) failure = std::move(connected.error());
  }
  const auto with_hint = [&](Error error) {
    error.set_hint(command_instead(*manager));
    return tl::unexpected(std::move(error));
  };
  if (!socket) return with_hint(std::move(failure));

  const auto api = SdBus::open();
  if (!api) return with_hint(api.error());
  const std::string name = unused_scope_name();
  // D-Bus only accepts UTF-8, and systemd only a single line.
  constexpr std::size_t kMost = 200;
  std::string description = printable(request.description.substr(0, kMost));
  if (auto started = start_scope(*api, *manager, socket, name, description); !started) {
    return with_hint(std::move(started.error()));
  }
  auto own = TRY(tree.own());
  if (last_name(own.path()) != name) {
    return with_hint({std::string("cannot ") + kAsk,
                      manager->name,
                      0,
                      "this process is not in " + name + ", but in " + own.path(),
                      {}});
  }
  // systemd 252 does not mark scopes of a user's manager, but programs inside need the mark.
  if (!is_marked_delegated(own.directory()))
    ::fsetxattr(own.directory(), "user.delegate", "1", 1, 0);
  return NewCgroupPlace{own.path(), kLeaf};
}

Result<SdBus> SdBus::open() {
  constexpr const char* kLibrary = "libsystemd.so.0";
  Symbols library(kLibrary);
  if (!library.is_open()) return refuse("load", kLibrary, "it is not installed");
  SdBus bus{};
  library.find(bus.create, "sd_bus_new");
  library.find(bus.set_fd, "sd_bus_set_fd");
  library.find(bus.set_bus_client, "sd_bus_set_bus_client");
  library.find(bus.start, "sd_bus_start");
  library.find(bus.is_ready, "sd_bus_is_ready");
  library.find(bus.close, "sd_bus_close");
  library.find(bus.unref_bus, "sd_bus_unref");
  library.find(bus.new_method_call, "sd_bus_message_new_method_call");
  library.find(bus.append, "sd_bus_message_append");
  library.find(bus.call, "sd_bus_call");
  library.find(bus.read, "sd_bus_message_read");
  library.find(bus.is_signal, "sd_bus_message_is_signal");
  library.find(bus.unref, "sd_bus_message_unref");
  library.find(bus.process, "sd_bus_process");
  library.find(bus.wait, "sd_bus_wait");
  library.find(bus.error_free, "sd_bus_error_free");
  if (!library.is_complete()) return refuse("load", kLibrary, "it is older than systemd 237");
  return bus;
}

}  // namespace nsx
