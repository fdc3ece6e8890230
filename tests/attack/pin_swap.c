// SPDX-License-Identifier: MIT
// Continually exchanges two names: pin_swap A B. A process that checks A first and uses it later may
// use B by then. Runs until it is killed.
#include <err.h>
#include <fcntl.h>
#include <stdio.h>

int main(int argc, char** argv) {
  if (argc != 3) errx(2, "usage: pin_swap A B");
  for (;;) {
    if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) != 0) err(1, "exchange");
  }
}
