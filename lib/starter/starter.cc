// SPDX-License-Identifier: MIT
// The starter: executed by a plan instead of the program, if the program may belong to somebody
// else.
//
// If the first line of a program is "#!/proc/self/exe", the kernel executes the file of the process
// that starts it, with the dynamic loader of the target's root. That file must not be a file of the
// host (CVE-2019-5736). So the last execve(2) is done by this program in a sealed memfd, and
// /proc/PID/exe and /proc/PID/map_files show nothing else.
//
// It has no C library and fits into one page: it is started every time, and each page costs more
// than a system call. lib/plan/sealed_start.cc passes its arguments.

#include "starter/starter.hh"

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <initializer_list>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using namespace nsx::starter;

#if defined(__x86_64__)
long call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  long result = number;
  register long fourth asm("r10") = d;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(fourth)
               : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
long call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  register long which asm("x8") = number;
  register long first asm("x0") = a;
  register long second asm("x1") = b;
  register long third asm("x2") = c;
  register long fourth asm("x3") = d;
  asm volatile("svc 0" : "+r"(first) : "r"(which), "r"(second), "r"(third), "r"(fourth) : "memory");
  return first;
}
#else
#define NSX_STARTER_HAS_LIBC
long call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  const long result = ::syscall(number, a, b, c, d);
  return result < 0 ? -errno : result;
}
#endif

template <class T>
long address(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

std::size_t length(const char* text) {
  std::size_t size = 0;
  while (text[size] != '\0')
    ++size;
  return size;
}

/// Parses a descriptor; -1 for an empty word.
int number(const char* text) {
  if (*text == '\0') return -1;
  int value = 0;
  for (; *text != '\0'; ++text)
    value = value * 10 + (*text - '0');
  return value;
}

/// Returns the text of strerror(3) for errors of execve(2) and of the security context.
const char* reason(long code) {
  switch (code) {
    case EPERM:
      return "Operation not permitted";
    case ENOENT:
      return "No such file or directory";
    case EIO:
      return "Input/output error";
    case E2BIG:
      return "Argument list too long";
    case ENOEXEC:
      return "Exec format error";
    case EAGAIN:
      return "Resource temporarily unavailable";
    case ENOMEM:
      return "Cannot allocate memory";
    case EACCES:
      return "Permission denied";
    case ENOTDIR:
      return "Not a directory";
    case EISDIR:
      return "Is a directory";
    case EINVAL:
      return "Invalid argument";
    case ENFILE:
      return "Too many open files in system";
    case EMFILE:
      return "Too many open files";
    case ETXTBSY:
      return "Text file busy";
    case ELOOP:
      return "Too many levels of symbolic links";
    case EXDEV:
      return "/proc is covered by another mount";
    case ELIBBAD:
      return "Accessing a corrupted shared library";
    default:
      return "the kernel refused";
  }
}

[[noreturn]] void end(long status) {
  for (;;)
    call(SYS_exit_group, status);
}

void say(const char* text) {
  call(SYS_write, 2, address(text), static_cast<long>(length(text)));
}

/// Sets the context for the program executed next (proc_pid_attr(5)). The target controls what is
/// mounted on /proc and on the files in it, so this writes only to the kernel's own file.
long set_context(const char* path, const char* context) {
  const long proc =
      call(SYS_openat, AT_FDCWD, address("/proc"), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (proc < 0) return proc;
  struct statfs fs;
  if (const long failed = call(SYS_fstatfs, proc, address(&fs)); failed < 0) return failed;
  struct stat root;
  if (const long failed = call(SYS_fstat, proc, address(&root)); failed < 0) return failed;
  constexpr ino_t kRoot = 1;  // in every proc since Linux 2.4
  if (fs.f_type != PROC_SUPER_MAGIC || root.st_ino != kRoot) return -EXDEV;
  open_how how;
  how.flags = O_WRONLY | O_CLOEXEC;
  how.mode = 0;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
  const long file = call(SYS_openat2, proc, address(path), address(&how), sizeof how);
  if (file < 0) return file;
  return call(SYS_write, file, address(context), static_cast<long>(length(context)));
}

/// Notifies the listeners that the program does not run, prints the reason, and exits.
[[noreturn]] void give_up(char** words, const char* what, const char* object, long code,
                          long status) {
  const char failed = 1;
  if (const int fd = number(words[kReportFd]); fd >= 0) call(SYS_write, fd, address(&failed), 1);
  if (const int fd = number(words[kUndoFd]); fd >= 0) {
    call(SYS_write, fd, address(kUndo), sizeof kUndo);
    char answer = 0;
    call(SYS_read, fd, address(&answer), 1);
  }
  say(words[kTool]);
  say(what);
  say(object);
  say(": ");
  say(reason(code));
  say("\n");
  end(status);
}

[[noreturn]] void start(long count, char** words, char** environment) {
  // A hostile script can also start this file, because it is the last one that its process
  // executed.
  if (count <= kArguments) end(126);
  for (const Word word : {kReportFd, kUndoFd}) {
    if (const int fd = number(words[word]); fd >= 0) call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
  }
  if (const char* context = words[kContext]; *context != '\0') {
    if (const long failed = set_context(words[kContextFile], context); failed < 0) {
      give_up(words, ": cannot set the security context ", context, -failed, 1);
    }
  }
  char* file = words[kFile];
  long failed = call(SYS_execve, address(file), address(words + kArguments), address(environment));
  if (failed == -ENOEXEC) {
    // A script without "#!": executed by the shell, as in execvp(3).
    char shell[] = "/bin/sh";
    words[kArguments] = file;
    words[kArguments - 1] = shell;
    failed =
        call(SYS_execve, address(shell), address(words + kArguments - 1), address(environment));
  }
  give_up(words, ": cannot execute ", words[kShown], -failed, failed == -ENOENT ? 127 : 126);
}

}  // namespace

#ifdef NSX_STARTER_HAS_LIBC
int main(int count, char** words, char** environment) {
  start(count, words, environment);
}
#else
/// `stack` points to argc, followed by argv and the environment, as set up by the kernel.
extern "C" [[noreturn, gnu::used]] void start_at(long* stack) {
  char** words = reinterpret_cast<char**>(stack + 1);
  start(*stack, words, words + *stack + 1);
}

#ifdef __x86_64__
asm(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call start_at\n");
#else
asm(".globl _start\n_start:\n mov x29, xzr\n mov x30, xzr\n mov x0, sp\n bl start_at\n");
#endif
#endif
