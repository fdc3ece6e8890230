// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "kernel/files.hh"
#include "kernel/text.hh"
#include "plan/facts.hh"
#include "plan/hints.hh"
#include "plan/perform.hh"
#include "starter/starter.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr unsigned char kStarter[] = {
#include "starter_bytes.inc"
};

constexpr const char* kMake = "create";
constexpr const char* kCopy = "a sealed copy of the program starter";

constexpr unsigned kExecutable = 0x10;  // MFD_EXEC, Linux 6.3

/// Creates an executable file in memory or, if vm.memfd_noexec=2 forbids that (Linux 6.3), on disk.
/// The latter cannot be sealed, but is also only accessible to this process.
Result<OwnedFd> make_file() {
  OwnedFd file(::memfd_create("nsx-starter", MFD_CLOEXEC | MFD_ALLOW_SEALING | kExecutable));
  if (!file && errno == EINVAL) {
    file = OwnedFd(::memfd_create("nsx-starter", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  }
  if (file || errno != EACCES) {
    if (!file) return fail(kMake, kCopy);
    return file;
  }
  for (const char* directory : {"/dev/shm", "/tmp", "/var/tmp"}) {
    file = OwnedFd(::open(directory, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0500));
    if (file && ::faccessat(file.get(), "", X_OK, AT_EMPTY_PATH) == 0) return file;
  }
  return refuse(kMake, kCopy,
                "vm.memfd_noexec forbids it, and /dev/shm, /tmp and /var/tmp are noexec",
                "sysctl vm.memfd_noexec=1");
}

/// Returns 0 if execve(2) would accept the file, or its errno value.
int try_file(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return errno;
  if (!S_ISREG(st.st_mode)) return EACCES;
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/// Returns the file that execvp(3) would execute, with the same errors.
Result<std::string> find_program(const std::string& file) {
  if (file.find('/') != std::string::npos || file.empty()) {
    const int code = file.empty() ? ENOENT : try_file(file);
    if (code != 0) return fail("execute", file, code);
    return file;
  }
  const char* path = std::getenv("PATH");
  return search_path(file, path != nullptr ? path : kDefaultPath, try_file);
}

/// Lets the starter inherit a descriptor, and returns its number.
Result<std::string> hand_over(int fd) {
  if (fd < 0) return std::string();
  if (::fcntl(fd, F_SETFD, 0) != 0)
    return fail("pass {} to the program starter", "descriptor " + std::to_string(fd));
  return std::to_string(fd);
}

}  // namespace

Result<SealedStart> SealedStart::prepare(const Kernel& kernel) {
  auto file = TRY(make_file());
  if (::write(file.get(), kStarter, sizeof kStarter) != static_cast<ssize_t>(sizeof kStarter)) {
    return fail(kMake, kCopy);
  }
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0 && errno != EINVAL)
    return fail("seal", "the copy of the program starter");
  auto readable =
      TRY(open_at(kernel.proc(), ("self/fd/" + std::to_string(file.get())).c_str(), O_RDONLY));
  return SealedStart(std::move(readable));
}

Status SealedStart::execute(const step::Execute& program,
                            const std::optional<step::SetSecurityContext>& context,
                            Listeners listeners) const {
  auto path = find_program(program.file);
  if (!path) {
    const char* directories = std::getenv("PATH");
    say_where(path.error(), program.file, program.files, directories != nullptr ? directories : "",
              program.hint);
    return error_of(path);
  }
  auto report = TRY(hand_over(listeners.report));
  auto undo = TRY(hand_over(listeners.undo));
  const std::string shown = printable(program.file);
  const std::string context_words = context ? context_text(*context) : std::string();

  std::vector<const char*> words(starter::kArguments);
  words[starter::kTool] = program.reporter.c_str();
  words[starter::kReportFd] = report.c_str();
  words[starter::kUndoFd] = undo.c_str();
  words[starter::kContextFile] = context ? context_file(*context) : "";
  words[starter::kContext] = context_words.c_str();
  words[starter::kShown] = shown.c_str();
  words[starter::kFile] = path->c_str();
  for (const std::string& argument : program.arguments)
    words.push_back(argument.c_str());
  words.push_back(nullptr);
  ::syscall(SYS_execveat, file_.get(), "", words.data(), ::environ, AT_EMPTY_PATH);
  return fail("start", program.file);
}

}  // namespace nsx
