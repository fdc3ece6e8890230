// SPDX-License-Identifier: MIT
#include "kernel_answers.hh"

#include <cerrno>
#include <charconv>
#include <cstdarg>
#include <cstring>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <span>
#include <sstream>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/abi.hh"

namespace nsx {

namespace {

/// Descriptors that represent those of a record: no process has so many.
constexpr int kFirstFake = 1 << 24;

struct Tap {
  bool answers_all = false;
  KernelAnswers answers;
  std::map<std::string, std::size_t> given;  // how often
  std::map<int, std::string> names;          // of descriptors
  std::map<std::string, std::size_t> taken;  // bytes of files, entries of directories
  std::vector<std::string> unknown;
  int next = kFirstFake;
  std::recursive_mutex lock;  // a thread may look into another mount namespace
};

std::unique_ptr<Tap> tap;

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool knows(int fd) {
  return tap && (fd == AT_FDCWD || tap->names.contains(fd));
}

std::string place(int fd, std::string path) {
  // In /proc/self/fd a descriptor is named by its number.
  constexpr std::string_view kOwn = "self/fd/";
  if (path.starts_with(kOwn)) {
    const auto named = tap->names.find(std::atoi(path.c_str() + kOwn.size()));
    if (named != tap->names.end()) path = std::string(kOwn) + '{' + named->second + '}';
  }
  if (fd == AT_FDCWD || path.starts_with('/')) return path;
  return tap->names.at(fd) + (path.empty() ? "" : '/' + path);
}

std::string hex(std::uint64_t number) {
  std::ostringstream text;
  text << std::hex << number;
  return text.str();
}

/// Asks, or answers. `save` returns what the call wrote, `give` writes it.
template <class Call, class Save, class Give>
long ask(const std::string& question, Call call, Save save, Give give) {
  if (!tap->answers_all) {
    KernelAnswer answer;
    answer.result = call();
    answer.error = answer.result < 0 ? errno : 0;
    if (answer.result >= 0) answer.data = save(answer.result);
    auto& list = tap->answers[question];
    const bool is_new = list.empty() || list.back().result != answer.result ||
                        list.back().error != answer.error || list.back().data != answer.data;
    if (is_new) list.push_back(answer);
    if (answer.result < 0) errno = answer.error;
    return answer.result;
  }
  const auto found = tap->answers.find(question);
  if (found == tap->answers.end()) {
    tap->unknown.push_back(question);
    errno = ENOSYS;
    return -1;
  }
  std::size_t& turn = tap->given[question];
  const KernelAnswer& answer = found->second[std::min(turn++, found->second.size() - 1)];
  if (answer.result >= 0) give(answer.data);
  if (answer.result < 0) errno = answer.error;
  return answer.result;
}

template <class Call>
long ask(const std::string& question, Call call) {
  return ask(
      question, call, [](long) { return std::string(); }, [](const std::string&) {});
}

/// The same for a call that opens a descriptor, which gets a name. Its number is not an answer.
template <class Call>
int ask_fd(const std::string& question, const std::string& name, Call call) {
  int opened = -1;
  const long result = ask(question, [&] {
    opened = static_cast<int>(call());
    return opened < 0 ? -1L : 0L;
  });
  if (result < 0) return -1;
  if (tap->answers_all) opened = tap->next++;
  tap->names[opened] = name;
  return opened;
}

std::string spelled_bytes(std::span<const unsigned char> bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void give_bytes(const std::string& text, std::span<unsigned char> bytes) {
  for (std::size_t i = 0; i < bytes.size() && 2 * i + 1 < text.size(); ++i)
    std::from_chars(&text[2 * i], &text[2 * i + 2], bytes[i], 16);
}

/// A call that fills a buffer of this size.
template <class Call>
long ask_bytes(const std::string& question, void* buffer, std::size_t size, Call call) {
  const std::span bytes(static_cast<unsigned char*>(buffer), size);
  return ask(
      question, call, [&](long) { return spelled_bytes(bytes); },
      [&](const std::string& text) { give_bytes(text, bytes); });
}

/// A call that describes a file.
template <class Call>
int ask_stat(const std::string& question, struct stat* st, Call call) {
  const auto save = [&](long) {
    std::ostringstream text;
    text << st->st_dev << ' ' << st->st_ino << ' ' << st->st_mode << ' ' << st->st_nlink << ' '
         << st->st_uid;
    return text.str();
  };
  const auto give = [&](const std::string& text) {
    *st = {};
    std::istringstream(text) >> st->st_dev >> st->st_ino >> st->st_mode >> st->st_nlink >>
        st->st_uid;
  };
  return static_cast<int>(ask(question, call, save, give));
}

/// A call that fills a buffer with as many bytes of text as it returns.
template <class Call>
ssize_t ask_text(const std::string& question, char* buffer, std::size_t size, Call call) {
  return ask(
      question, call,
      [&](long length) { return std::string(buffer, static_cast<std::size_t>(length)); },
      [&](const std::string& text) {
        std::memcpy(buffer, text.data(), std::min(size, text.size()));
      });
}

/// Names and types of the entries of a directory that is read anew each time.
struct Entries {
  std::string name;  // of the directory
  DIR* from = nullptr;
  dirent64 entry{};
};

std::map<DIR*, Entries> open_directories;

/// The next entry; its name is empty at the end.
void next_entry(Entries& directory) {
  const std::size_t number = tap->taken[directory.name]++;
  const auto read = [&] {
    const dirent64* next = real<dirent64*(DIR*)>("readdir64")(directory.from);
    directory.entry = {};
    if (next == nullptr) return 0L;
    directory.entry.d_type = next->d_type;
    std::strcpy(directory.entry.d_name, next->d_name);
    return static_cast<long>(next->d_type);
  };
  const long type = ask(
      "entry " + std::to_string(number) + " of " + directory.name, read,
      [&](long) { return std::string(directory.entry.d_name); },
      [&](const std::string& name) {
        directory.entry = {};
        std::strcpy(directory.entry.d_name, name.c_str());
      });
  directory.entry.d_type = static_cast<unsigned char>(std::max(type, 0L));
}

bool opens(unsigned long request) {
  return (request >= abi::kPidfdGetCgroupNamespace && request <= abi::kPidfdGetUtsNamespace) ||
         request == NS_GET_USERNS || request == NS_GET_PARENT || request == SIOCGSKNS;
}

std::size_t bytes_of(unsigned long request) {
  if (request == NS_GET_OWNER_UID) return sizeof(uid_t);  // its number does not tell
  return (_IOC_DIR(request) & _IOC_READ) != 0 ? _IOC_SIZE(request) : 0;
}

long intercepted_syscall(long number, const std::array<long, 6>& args) {
  const auto call = [&] {
    return real<long(long, ...)>("syscall")(number, args[0], args[1], args[2], args[3], args[4],
                                            args[5]);
  };
  const auto fd = static_cast<int>(args[0]);
  switch (number) {
    case SYS_pidfd_open: {
      const std::string name = "pidfd " + std::to_string(args[0]) + (args[1] != 0 ? " thread" : "");
      return ask_fd("open " + name, name, call);
    }
    // The same question as for openat(2), whatever links may be followed.
    case SYS_openat2: {
      if (!knows(fd)) return call();
      const auto* how = reinterpret_cast<const open_how*>(args[2]);
      const std::string name = place(fd, reinterpret_cast<const char*>(args[1]));
      return ask_fd("open " + name + ' ' + hex(how->flags), name, call);
    }
    case SYS_pidfd_getfd: {
      if (!knows(fd)) return call();
      const std::string name = "descriptor " + std::to_string(args[1]) + " of " + place(fd, "");
      return ask_fd("get " + name, name, call);
    }
    case SYS_pidfd_send_signal:
      return knows(fd) ? ask("signal " + std::to_string(args[1]) + " to " + place(fd, ""), call)
                       : call();
    case SYS_open_by_handle_at: {
      const auto* handle = reinterpret_cast<const abi::NsfsHandle*>(args[1]);
      const std::string name = "namespace " + std::to_string(handle->ns_id);
      return ask_fd("open " + name, name, call);
    }
    case SYS_capget:
      return ask_bytes("capget", reinterpret_cast<void*>(args[1]),
                       sizeof(__user_cap_data_struct) * _LINUX_CAPABILITY_U32S_3, call);
    case abi::kListNamespaces: {
      const auto* request = reinterpret_cast<const abi::ListNamespacesRequest*>(args[0]);
      const auto size = static_cast<std::size_t>(args[2]) * sizeof(std::uint64_t);
      const std::span bytes(reinterpret_cast<unsigned char*>(args[1]), size);
      return ask(
          "listns " + std::to_string(args[2]) + " after " + std::to_string(request->after), call,
          [&](long count) {
            return spelled_bytes(
                bytes.first(static_cast<std::size_t>(count) * sizeof(std::uint64_t)));
          },
          [&](const std::string& text) { give_bytes(text, bytes); });
    }
    default:
      return call();
  }
}

}  // namespace

KernelAnswers read_answers(const std::string& json) {
  KernelAnswers answers;
  const auto record = nlohmann::json::parse(json);
  for (const auto& [question, list] : record.items()) {
    for (const auto& answer : list)
      answers[question].push_back({answer.at(0), answer.at(1), answer.at(2)});
  }
  return answers;
}

std::string spelled(const KernelAnswers& answers) {
  std::string text;
  for (const auto& [question, list] : answers) {
    nlohmann::json values = nlohmann::json::array();
    for (const KernelAnswer& answer : list)
      values.push_back({answer.result, answer.error, answer.data});
    text += (text.empty() ? "{\n" : ",\n") + nlohmann::json(question).dump() + ": " + values.dump();
  }
  return text + "\n}\n";
}

KernelTap::KernelTap() {
  tap = std::make_unique<Tap>();
}

KernelTap::KernelTap(KernelAnswers answers) : KernelTap() {
  tap->answers = std::move(answers);
  tap->answers_all = true;
}

KernelTap::~KernelTap() {
  tap.reset();
}

const KernelAnswers& KernelTap::answers() const {
  return tap->answers;
}
const std::vector<std::string>& KernelTap::unknown() const {
  return tap->unknown;
}

}  // namespace nsx

// The calls themselves, replacing those of the C library.

using namespace nsx;

#define NSX_LOCK() const std::lock_guard guard(tap->lock)

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  const auto call = [&] { return real<int(const char*, int, ...)>("open64")(path, flags, mode); };
  if (!tap) return call();
  NSX_LOCK();
  const std::string name = place(AT_FDCWD, path);
  return ask_fd("open " + name + ' ' + hex(static_cast<unsigned>(flags)), name, call);
}

int openat(int fd, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  const auto call = [&] {
    return real<int(int, const char*, int, ...)>("openat64")(fd, path, flags, mode);
  };
  if (!knows(fd)) return call();
  NSX_LOCK();
  const std::string name = place(fd, path);
  return ask_fd("open " + name + ' ' + hex(static_cast<unsigned>(flags)), name, call);
}

// _FORTIFY_SOURCE calls these two if the flags are not a constant.
int __open64_2(const char* path, int flags) {
  return open(path, flags);
}

int __openat64_2(int fd, const char* path, int flags) {
  return openat(fd, path, flags);
}

int close(int fd) {
  if (tap) {
    NSX_LOCK();
    const auto named = tap->names.find(fd);
    if (named != tap->names.end()) {
      tap->taken.erase(named->second);
      tap->names.erase(named);
      if (fd >= kFirstFake) return 0;
    }
  }
  return real<int(int)>("close")(fd);
}

ssize_t read(int fd, void* buffer, std::size_t size) {
  const auto call = [&] {
    return real<ssize_t(int, void*, std::size_t)>("read")(fd, buffer, size);
  };
  if (!tap || !tap->names.contains(fd)) return call();
  NSX_LOCK();
  std::size_t& from = tap->taken[tap->names[fd]];
  const ssize_t n = ask_text("read " + place(fd, "") + " from " + std::to_string(from),
                             static_cast<char*>(buffer), size, call);
  if (n > 0) from += static_cast<std::size_t>(n);
  return n;
}

ssize_t readlinkat(int fd, const char* path, char* buffer, std::size_t size) {
  const auto call = [&] {
    return real<ssize_t(int, const char*, char*, std::size_t)>("readlinkat")(fd, path, buffer,
                                                                             size);
  };
  if (!knows(fd)) return call();
  NSX_LOCK();
  return ask_text("readlink " + place(fd, path), buffer, size, call);
}

int fstat(int fd, struct stat* st) {
  const auto call = [&] { return real<int(int, struct stat*)>("fstat64")(fd, st); };
  if (!tap || !tap->names.contains(fd)) return call();
  NSX_LOCK();
  return ask_stat("stat " + place(fd, ""), st, call);
}

int fstatat(int fd, const char* path, struct stat* st, int flags) {
  const auto call = [&] {
    return real<int(int, const char*, struct stat*, int)>("fstatat64")(fd, path, st, flags);
  };
  if (!knows(fd)) return call();
  NSX_LOCK();
  return ask_stat("stat " + place(fd, path), st, call);
}

int statx(int fd, const char* path, int flags, unsigned mask, struct statx* st) {
  const auto call = [&] {
    using Statx = int(int, const char*, int, unsigned, struct statx*);
    return real<Statx>("statx")(fd, path, flags, mask, st);
  };
  if (!knows(fd)) return call();
  NSX_LOCK();
  return static_cast<int>(ask(
      "statx " + place(fd, path), call,
      [&](long) {
        std::ostringstream text;
        text << st->stx_dev_major << ' ' << st->stx_dev_minor << ' ' << st->stx_ino << ' '
             << st->stx_mode;
        return text.str();
      },
      [&](const std::string& text) {
        *st = {};
        std::istringstream(text) >> st->stx_dev_major >> st->stx_dev_minor >> st->stx_ino >>
            st->stx_mode;
      }));
}

int fstatfs(int fd, struct statfs* fs) {
  const auto call = [&] { return real<int(int, struct statfs*)>("fstatfs64")(fd, fs); };
  if (!tap || !tap->names.contains(fd)) return call();
  NSX_LOCK();
  *fs = {};
  return static_cast<int>(ask(
      "statfs " + place(fd, ""), call, [&](long) { return std::to_string(fs->f_type); },
      [&](const std::string& text) { fs->f_type = std::stol(text); }));
}

int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  const auto call = [&] {
    return real<int(int, unsigned long, ...)>("ioctl")(fd, request, argument);
  };
  if (!tap || !tap->names.contains(fd)) return call();
  NSX_LOCK();
  const std::string question = "ioctl " + hex(request) + " of " + place(fd, "");
  if (opens(request)) return ask_fd(question, hex(request) + " of " + place(fd, ""), call);
  return static_cast<int>(ask_bytes(question, argument, bytes_of(request), call));
}

int fcntl(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  const long argument = va_arg(rest, long);
  va_end(rest);
  const auto call = [&] { return real<int(int, int, ...)>("fcntl64")(fd, command, argument); };
  if (!tap || !tap->names.contains(fd) || command != F_DUPFD_CLOEXEC) return call();
  NSX_LOCK();
  return ask_fd("dup " + place(fd, ""), place(fd, ""), call);
}

int poll(pollfd* fds, nfds_t count, int timeout) {
  const auto call = [&] { return real<int(pollfd*, nfds_t, int)>("poll")(fds, count, timeout); };
  if (!tap || count != 1 || !tap->names.contains(fds->fd)) return call();
  NSX_LOCK();
  return static_cast<int>(ask("poll " + place(fds->fd, ""), call));
}

pid_t getpid() {
  const auto call = [] { return real<pid_t()>("getpid")(); };
  if (!tap) return call();
  NSX_LOCK();
  return static_cast<pid_t>(ask("getpid", call));
}

ssize_t getdents64(int fd, void* buffer, std::size_t size) {
  const auto call = [&] {
    return real<ssize_t(int, void*, std::size_t)>("getdents64")(fd, buffer, size);
  };
  if (!tap || !tap->names.contains(fd)) return call();
  NSX_LOCK();
  const std::string name = place(fd, "");
  const std::string turn = std::to_string(tap->taken[name]++);
  const std::span bytes(static_cast<unsigned char*>(buffer), size);
  return ask(
      "getdents " + turn + " of " + name, call,
      [&](long length) { return spelled_bytes(bytes.first(static_cast<std::size_t>(length))); },
      [&](const std::string& text) { give_bytes(text, bytes); });
}

DIR* fdopendir(int fd) {
  const auto call = [&] { return real<DIR*(int)>("fdopendir")(fd); };
  if (!tap || !tap->names.contains(fd)) return call();
  NSX_LOCK();
  Entries entries;
  entries.name = place(fd, "");
  entries.from = tap->answers_all ? nullptr : call();
  // A record has none: any address that belongs to nothing.
  DIR* key = tap->answers_all ? static_cast<DIR*>(static_cast<void*>(new char)) : entries.from;
  tap->taken[entries.name] = 0;
  tap->names.erase(fd);
  open_directories[key] = std::move(entries);
  return key;
}

struct dirent* readdir(DIR* directory) {
  const auto found = open_directories.find(directory);
  if (!tap || found == open_directories.end()) {
    return real<struct dirent*(DIR*)>("readdir64")(directory);
  }
  NSX_LOCK();
  next_entry(found->second);
  static_assert(sizeof(struct dirent) == sizeof(dirent64));
  auto* entry = static_cast<struct dirent*>(static_cast<void*>(&found->second.entry));
  return entry->d_name[0] != '\0' ? entry : nullptr;
}

int closedir(DIR* directory) {
  const auto found = open_directories.find(directory);
  if (found == open_directories.end()) return real<int(DIR*)>("closedir")(directory);
  const bool is_real = found->second.from != nullptr;
  open_directories.erase(found);
  if (is_real) return real<int(DIR*)>("closedir")(directory);
  delete static_cast<char*>(static_cast<void*>(directory));
  return 0;
}

// Like the C library's own, it takes all possible arguments, whatever the caller passed.
__attribute__((no_sanitize_address)) long syscall(long number, ...) {
  std::array<long, 6> args{};
  va_list rest;
  va_start(rest, number);
  for (long& arg : args)
    arg = va_arg(rest, long);
  va_end(rest);
  if (!tap) {
    return real<long(long, ...)>("syscall")(number, args[0], args[1], args[2], args[3], args[4],
                                            args[5]);
  }
  NSX_LOCK();
  return intercepted_syscall(number, args);
}

}  // extern "C"
