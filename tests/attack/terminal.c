// SPDX-License-Identifier: MIT
// Types its argument into the terminal of the process that started it (TIOCSTI, as in CVE-2016-2779): through
// each inherited descriptor, and through /dev/tty. Prints how often that worked.
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int type(int fd, const char* text) {
  for (; *text != '\0'; text++) {
    if (ioctl(fd, TIOCSTI, text) != 0) return 0;
  }
  return 1;
}

int main(int argc, char** argv) {
  int typed = 0;
  if (argc != 2) errx(2, "one argument: what to type");
  for (int fd = 0; fd < 256; fd++) typed += type(fd, argv[1]);
  int tty = open("/dev/tty", O_RDWR | O_NOCTTY);
  if (tty >= 0) typed += type(tty, argv[1]);
  printf("typed %d times\n", typed);
  return 0;
}
