// SPDX-License-Identifier: MIT
// Marks a cgroup as delegated, as systemd does: attack-delegate DIRECTORY
#include <stdio.h>
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	if (argc != 2 || setxattr(argv[1], "trusted.delegate", "1", 1, 0) != 0) {
		perror("attack-delegate");
		return 1;
	}
	return 0;
}
