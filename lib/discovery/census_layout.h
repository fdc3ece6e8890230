// SPDX-License-Identifier: MIT
#pragma once
/* The layout of the maps in census.bpf.c, shared with the library. Plain C. */

#include <linux/types.h>

/* The namespaces of a task: the eight kinds in the order of nsx::Kind, then those for children. */
enum nsx_census_slot {
  NSX_CENSUS_CGROUP,
  NSX_CENSUS_IPC,
  NSX_CENSUS_MNT,
  NSX_CENSUS_NET,
  NSX_CENSUS_PID,
  NSX_CENSUS_TIME,
  NSX_CENSUS_USER,
  NSX_CENSUS_UTS,
  NSX_CENSUS_PID_FOR_CHILDREN,
  NSX_CENSUS_TIME_FOR_CHILDREN,
  NSX_CENSUS_SLOTS
};

/* What the caller wants beyond processes. */
#define NSX_CENSUS_WANTS_THREADS 1u
#define NSX_CENSUS_WANTS_DESCRIPTORS 2u

/* One element: what the caller asks, and how many elements of the other maps are in use. */
struct nsx_census_state {
  __u32 self;      /* the caller's process, whose descriptors do not count */
  __u32 wants;     /* NSX_CENSUS_WANTS_* */
  __u32 seen_mask; /* the size of the map `seen`, a power of two, less one */
  __u32 tasks;
  __u32 namespaces;
  __u32 holders;
  __u32 overflow; /* a task or namespace did not fit */
  __u32 unused;
};

/* The task changed while it was read: its record is not valid. */
#define NSX_CENSUS_MOVED 1u
/* The namespace for the children's PIDs has an init, without which /proc does not show it. */
#define NSX_CENSUS_HAS_INIT 2u
/* The process has more descriptors than are examined. */
#define NSX_CENSUS_MANY_DESCRIPTORS 4u
/* Not all of its descriptors fit into the map `holders`. */
#define NSX_CENSUS_HOLDERS_FULL 8u

/* As many descriptors of a process are examined. */
#define NSX_CENSUS_MAX_DESCRIPTORS 65536u

/* The cgroups of a task. Tasks with equal ones have the same /proc/PID/cgroup. */
struct nsx_cgroups {
  __u64 set; /* the address of its struct css_set */
  __u64 id;  /* of the cgroup of version 2, in case another set has got that address */
};
/* A task that exits is shown in the root of each hierarchy of version 1. */
#define NSX_CENSUS_IS_EXITING (1ULL << 63) /* of `id` */

struct nsx_census_task {
  __u32 pid;
  __u32 process; /* the thread group; another number than `pid`: a thread */
  __u32 parent;
  __u32 uid;
  __u32 threads;
  __u32 flags;
  __u64 start_time;               /* nanoseconds since boot */
  __u64 pidfd_inode;              /* 0: unknown */
  struct nsx_cgroups cgroups;
  __u32 inodes[NSX_CENSUS_SLOTS]; /* 0: none, as in a zombie */
};

/* A namespace, sent at least once. */
struct nsx_census_namespace {
  __u64 id;      /* 0: the kernel has none */
  __u64 address; /* tells namespaces apart that had the same inode number one after another */
  __u32 inode;
  __u32 kind;  /* nsx::Kind */
  __u32 owner; /* inode numbers of user or pid namespaces; 0: none */
  __u32 parent;
  __u32 creator; /* of user */
  __u32 unused;
};

/* A descriptor of a namespace file, or of a socket of another net namespace. */
struct nsx_census_holder {
  __u32 process;
  __u32 descriptor;
  __u32 inode;
  __u32 is_socket;
};

/* Of the descriptors of one process at a time. */
#define NSX_CENSUS_BATCH 64u
struct nsx_census_scratch {
  __u64 table; /* where the pointers to files are */
  __u64 open;  /* descriptors seen */
  __u64 files[NSX_CENSUS_BATCH];
  struct {
    __u64 operations;
    __u64 file_type;
  } known[NSX_CENSUS_BATCH];
};

/* A namespace that was sent before; a later one may take its place. */
struct nsx_census_seen {
  __u64 id;
  __u64 address;
  __u32 inode;
  __u32 unused;
};
