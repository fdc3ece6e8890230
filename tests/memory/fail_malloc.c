// SPDX-License-Identifier: MIT
// Preloaded into a command by `sweep`: makes its memory run out at a chosen allocation.
//
// - NSX_FAIL_AT=N: the N-th allocation of a process fails, continuing the count after a fork
// - NSX_FAIL_FULL=1: later ones fail, too, beyond what was freed since: a full address space
// - NSX_FAIL_MARK=FILE: its first byte becomes 'f' when a process gets there
//
// Programs whose names do not begin with "nsx-", such as those a runner executes, are left alone. So
// is code that ends the process if it gets no memory, whoever calls it: glibc's lookups of users and
// groups (assertions in nss_database.c), and ncurses, which exits or crashes.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* memory);

static long fail_at;
static bool is_full_mode;
static char* mark;
static atomic_long count;
// Bytes that were freed since memory ran out.
static atomic_long budget;
static atomic_bool has_failed;
static _Thread_local int exempt;

__attribute__((constructor)) static void begin(void) {
  const char* at = getenv("NSX_FAIL_AT");
  const char* file = getenv("NSX_FAIL_MARK");
  if (at == NULL || file == NULL || strncmp(program_invocation_short_name, "nsx-", 4) != 0) return;
  const int fd = open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) _exit(99);
  // Shared, so that processes in other roots set it, too.
  mark = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mark == MAP_FAILED) _exit(99);
  is_full_mode = getenv("NSX_FAIL_FULL") != NULL;
  fail_at = atol(at);
}

static bool is_of_ncurses(const void* code) {
  Dl_info info;
  return dladdr(code, &info) != 0 && info.dli_fname != NULL &&
         (strstr(info.dli_fname, "/libtinfo") != NULL ||
          strstr(info.dli_fname, "/libncurses") != NULL);
}

static bool is_granted(size_t size, const void* caller) {
  if (fail_at == 0 || exempt > 0) return true;
  const long number = ++count;
  if (number < fail_at) return true;
  if (number > fail_at) {
    if (!is_full_mode) return true;
    const long wanted = (long)size + 32;
    long left = budget;
    while (left >= wanted) {
      if (atomic_compare_exchange_weak(&budget, &left, left - wanted)) return true;
    }
  }
  *mark = 'f';
  if (is_of_ncurses(caller)) return true;
  has_failed = true;
  errno = ENOMEM;
  return false;
}

static void give_back(size_t size) {
  if (has_failed) budget += (long)size;
}

void* malloc(size_t size) {
  return is_granted(size, __builtin_return_address(0)) ? __libc_malloc(size) : NULL;
}

void* calloc(size_t number, size_t size) {
  return is_granted(number * size, __builtin_return_address(0)) ? __libc_calloc(number, size)
                                                                : NULL;
}

void* realloc(void* old, size_t size) {
  if (!is_granted(size, __builtin_return_address(0))) return NULL;
  give_back(old != NULL ? malloc_usable_size(old) : 0);
  return __libc_realloc(old, size);
}

void* reallocarray(void* old, size_t number, size_t size) {
  size_t total = 0;
  if (__builtin_mul_overflow(number, size, &total)) {
    errno = ENOMEM;
    return NULL;
  }
  if (!is_granted(total, __builtin_return_address(0))) return NULL;
  give_back(old != NULL ? malloc_usable_size(old) : 0);
  return __libc_realloc(old, total);
}

void* memalign(size_t alignment, size_t size) {
  return is_granted(size, __builtin_return_address(0)) ? __libc_memalign(alignment, size) : NULL;
}

void* aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void** memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory != NULL ? 0 : ENOMEM;
}

char* strdup(const char* text) {
  const size_t size = strlen(text) + 1;
  char* copy = is_granted(size, __builtin_return_address(0)) ? __libc_malloc(size) : NULL;
  return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void free(void* memory) {
  if (memory != NULL) give_back(malloc_usable_size(memory));
  __libc_free(memory);
}

int munmap(void* memory, size_t size) {
  const int failed = (int)syscall(SYS_munmap, memory, size);
  if (failed == 0) give_back(size);
  return failed;
}

// A command that waits between two updates (by sleep_for: this call) has nothing to fail meanwhile.
int nanosleep(const struct timespec* wanted, struct timespec* left) {
  if (fail_at != 0) return 0;
  return (int)syscall(SYS_nanosleep, wanted, left);
}

// A call that is left alone.
#define LEFT_ALONE(type, name, parameters, arguments)           \
  type name parameters {                                        \
    static type(*real) parameters;                              \
    ++exempt;                                                   \
    if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, #name); \
    type result = real arguments;                               \
    --exempt;                                                   \
    return result;                                              \
  }
LEFT_ALONE(struct passwd*, getpwuid, (uid_t uid), (uid))
LEFT_ALONE(struct passwd*, getpwnam, (const char* name), (name))
LEFT_ALONE(struct group*, getgrgid, (gid_t gid), (gid))
LEFT_ALONE(struct group*, getgrnam, (const char* name), (name))
LEFT_ALONE(void*, newterm, (const char* type, FILE* output, FILE* input), (type, output, input))
