// SPDX-License-Identifier: MIT
#pragma once
/* The layout of the maps in lookup.bpf.c, shared with the library. Plain C. */

#include "discovery/census_layout.h"

/* Command lines up to this length are copied. */
#define NSX_LOOKUP_MAX_LINE 4096u

/* One element. */
struct nsx_lookup_state {
  __u32 next;        /* the first process that was not met yet */
  __u32 end;         /* the number of processes */
  __u32 wants_lines; /* command lines, or not */
  __u32 used;        /* bytes of the map `text` */
};

#define NSX_LOOKUP_FOUND 1u
#define NSX_LOOKUP_LINE 2u /* its command line is in the map `text` */

/* A wanted process. By ascending PID. */
struct nsx_lookup_process {
  __u32 pid;
  __u32 flags;
  __u64 start_time;  /* nanoseconds since boot */
  __u64 pidfd_inode; /* 0: unknown */
  struct nsx_cgroups cgroups;
  __u32 line;        /* where its command line begins */
  __u32 size;
};

/* One element. */
#define NSX_LOOKUP_TEXT (1u << 20)
struct nsx_lookup_text {
  char bytes[NSX_LOOKUP_TEXT];
};
