// SPDX-License-Identifier: MIT
/* Reads all tasks in the kernel for the census: an iterator of tasks, run once for each. What it
 * finds is left in maps that the library shares. Pointers are followed without locks, so a task
 * that changes meanwhile is marked, and read again from /proc. */

#include "discovery/census_layout.h"
#include "discovery/follow.h"

/* What is used of the kernel's structures. */
BEGIN_KERNEL_STRUCTURES
struct ns_common {
  unsigned int inum;
  __u64 ns_id;
};
struct user_namespace {
  struct user_namespace *parent;
  struct {
    __u32 val;
  } owner;
  struct ns_common ns;
};
struct pid_namespace {
  struct task_struct *child_reaper;
  struct pid_namespace *parent;
  struct user_namespace *user_ns;
  struct ns_common ns;
};
struct uts_namespace {
  struct user_namespace *user_ns;
  struct ns_common ns;
};
struct ipc_namespace {
  struct user_namespace *user_ns;
  struct ns_common ns;
};
struct mnt_namespace {
  struct user_namespace *user_ns;
  struct ns_common ns;
};
struct net {
  struct user_namespace *user_ns;
  struct ns_common ns;
};
struct time_namespace {
  struct user_namespace *user_ns;
  struct ns_common ns;
};
struct cgroup_namespace {
  struct user_namespace *user_ns;
  struct ns_common ns;
};
struct nsproxy {
  struct uts_namespace *uts_ns;
  struct ipc_namespace *ipc_ns;
  struct mnt_namespace *mnt_ns;
  struct pid_namespace *pid_ns_for_children;
  struct net *net_ns;
  struct time_namespace *time_ns;
  struct time_namespace *time_ns_for_children;
  struct cgroup_namespace *cgroup_ns;
};
struct upid {
  int nr;
  struct pid_namespace *ns;
};
struct pid {
  unsigned int level;
  __u64 ino;
  struct upid numbers[1];
};
struct cred {
  struct {
    __u32 val;
  } euid;
  struct user_namespace *user_ns;
};
struct signal_struct {
  int nr_threads;
};
struct super_block {
  unsigned long s_magic;
};
struct inode {
  struct super_block *i_sb;
  unsigned long i_ino;
};
struct sock_common {
  struct {
    struct net *net;
  } skc_net;
};
struct sock {
  struct sock_common __sk_common;
};
struct socket {
  struct sock *sk;
};
struct file {
  unsigned int f_mode;
  const struct file_operations *f_op;
  void *private_data;
  struct inode *f_inode;
};
struct fdtable {
  unsigned int max_fds;
  struct file** fd;
  unsigned long *open_fds;
};
struct files_struct {
  struct fdtable *fdt;
};
struct kernfs_node {
  __u64 id;
};
struct cgroup {
  struct kernfs_node *kn;
};
struct css_set {
  struct cgroup *dfl_cgrp;
};
struct task_struct {
  unsigned int flags;
  int pid;
  int tgid;
  struct task_struct *real_parent;
  struct task_struct *group_leader;
  struct pid *thread_pid;
  __u64 start_boottime;
  struct cred *real_cred;
  struct files_struct *files;
  struct nsproxy *nsproxy;
  struct signal_struct *signal;
  struct css_set *cgroups;
};
END_KERNEL_STRUCTURES

ARRAY(state_map, struct nsx_census_state);
ARRAY(tasks_map, struct nsx_census_task);
ARRAY(namespaces_map, struct nsx_census_namespace);
ARRAY(holders_map, struct nsx_census_holder);
ARRAY(seen_map, struct nsx_census_seen);
ARRAY(scratch_map, struct nsx_census_scratch);

#define NSFS_MAGIC 0x6e736673
#define SOCKFS_MAGIC 0x534f434b
#define FMODE_PATH 0x4000u

enum file_type { FILE_OTHER = 1, FILE_NAMESPACE, FILE_SOCKET };

struct walk {
  struct nsx_census_state *state;
  struct nsx_census_task *record;
  struct nsx_census_scratch *scratch;
};

static long look_at_descriptor(__u32 number, struct walk *walk);
static void look_at_users(__u64 address);
static void look_at_pids(__u64 address);
static void describe(__u64 inode_and_kind, __u64 id, __u64 address, __u64 owner_and_parent,
                     __u64 creator);
static __u32 is_new(__u64 inode, __u64 id, __u64 address);

#define ID(ns_) (HAS_MEMBER(ns_, ns.ns_id) ? GET(ns_, ns.ns_id) : 0)
#define INODE(ns_) ((ns_) ? GET(ns_, ns.inum) : 0)
#define IS_NEW(ns_) is_new(GET(ns_, ns.inum), ID(ns_), (__u64)(ns_))
#define PAIR(low, high) ((__u64)(low) | (__u64)(high) << 32)

/* Describes a namespace without a parent, and its owners, if it is new. */
#define LOOK_AT(kind, ns_)                                                            \
  do {                                                                                \
    if (!IS_NEW(ns_)) break;                                                          \
    struct user_namespace *owner_ = GET(ns_, user_ns);                                \
    describe(PAIR(GET(ns_, ns.inum), kind), ID(ns_), (__u64)(ns_), INODE(owner_), 0); \
    look_at_users((__u64)owner_);                                                     \
  } while (0)

/* The same for one of the task's own, whose number is noted in its record. */
#define LOOK(slot, kind, expression)              \
  do {                                            \
    typeof(expression) own_ = (expression);       \
    if (!own_) break;                             \
    record->inodes[slot] = GET(own_, ns.inum);    \
    LOOK_AT(kind, own_);                          \
  } while (0)

static __always_inline struct pid_namespace *namespace_of_pid(struct pid *pid) {
  const __u32 level = GET(pid, level);
  __u64 found = 0;
  if (level == 0) return GET(pid, numbers[0].ns);
  bpf_probe_read_kernel(&found, sizeof found,
                        (const char *)&pid->numbers[0].ns + level * SIZE_OF(struct upid));
  return CAST(found, pid_namespace);
}

/* Returns one more than the highest descriptor that may be open. */
static __always_inline __u32 descriptors_of(struct fdtable *table) {
  const __u32 size = GET(table, max_fds);
  if (size > NSX_CENSUS_BATCH) return size;
  /* The smallest table, which most processes have, and hardly use. */
  __u64 bits = 0;
  if (bpf_probe_read_kernel(&bits, sizeof bits, (const void *)GET(table, open_fds))) return size;
  __u32 count = 0;
  if (bits >> 32) count += 32, bits >>= 32;
  if (bits >> 16) count += 16, bits >>= 16;
  if (bits >> 8) count += 8, bits >>= 8;
  if (bits >> 4) count += 4, bits >>= 4;
  return bits ? count + 4 : 0;
}

SEC("census")
int read_task(struct context *context) {
  const __u32 zero = 0;
  struct nsx_census_state *state = bpf_map_lookup_elem(&state_map, &zero);
  if (!context->task || !state) return 0;
  struct task_struct *task = CAST(context->task, task_struct);
  struct nsproxy *nsproxy = GET(task, nsproxy);
  struct user_namespace *user = GET(GET(task, real_cred), user_ns);
  const __u32 process = GET(task, tgid);
  const __u32 number = GET(task, pid);
  if (number != process) {
    if (!(state->wants & NSX_CENSUS_WANTS_THREADS)) return 0;
    struct task_struct *leader = GET(task, group_leader);
    if (GET(leader, nsproxy) == nsproxy && GET(GET(leader, real_cred), user_ns) == user) return 0;
  }

  const __u32 index = state->tasks;
  struct nsx_census_task *record = bpf_map_lookup_elem(&tasks_map, &index);
  if (!record) {
    state->overflow = 1;
    return 0;
  }
  state->tasks = index + 1;
  record->pid = number;
  record->process = process;
  record->parent = GET(GET(task, real_parent), tgid);
  record->uid = GET(GET(task, real_cred), euid.val);
  record->threads = GET(GET(task, signal), nr_threads);
  record->start_time = GET(task, start_boottime);
  FILL_CGROUPS(&record->cgroups, task);
  struct pid *pid = GET(task, thread_pid);
  if (!pid) {
    /* It was reaped meanwhile. */
    record->flags = NSX_CENSUS_MOVED;
    return 0;
  }
  if (HAS_MEMBER(pid, ino)) record->pidfd_inode = GET(pid, ino);

  struct pid_namespace *pids = namespace_of_pid(pid);
  record->inodes[NSX_CENSUS_USER] = INODE(user);
  record->inodes[NSX_CENSUS_PID] = INODE(pids);
  look_at_users((__u64)user);
  look_at_pids((__u64)pids);
  __u32 flags = 0;
  if (nsproxy) {
    LOOK(NSX_CENSUS_CGROUP, NSX_CENSUS_CGROUP, GET(nsproxy, cgroup_ns));
    LOOK(NSX_CENSUS_IPC, NSX_CENSUS_IPC, GET(nsproxy, ipc_ns));
    LOOK(NSX_CENSUS_MNT, NSX_CENSUS_MNT, GET(nsproxy, mnt_ns));
    LOOK(NSX_CENSUS_NET, NSX_CENSUS_NET, GET(nsproxy, net_ns));
    LOOK(NSX_CENSUS_TIME, NSX_CENSUS_TIME, GET(nsproxy, time_ns));
    LOOK(NSX_CENSUS_UTS, NSX_CENSUS_UTS, GET(nsproxy, uts_ns));
    LOOK(NSX_CENSUS_TIME_FOR_CHILDREN, NSX_CENSUS_TIME, GET(nsproxy, time_ns_for_children));
    struct pid_namespace *children = GET(nsproxy, pid_ns_for_children);
    record->inodes[NSX_CENSUS_PID_FOR_CHILDREN] = INODE(children);
    look_at_pids((__u64)children);
    if (GET(children, child_reaper)) flags |= NSX_CENSUS_HAS_INIT;
  }

  struct files_struct *files = GET(task, files);
  if (number == process && process != state->self &&
      (state->wants & NSX_CENSUS_WANTS_DESCRIPTORS) && files) {
    struct fdtable *table = GET(files, fdt);
    struct nsx_census_scratch *scratch = bpf_map_lookup_elem(&scratch_map, &zero);
    if (!scratch) return 0;
    struct walk walk = {state, record, scratch};
    scratch->table = (__u64)GET(table, fd);
    scratch->open = 0;
    bpf_loop(descriptors_of(table), look_at_descriptor, &walk, 0);
    if (scratch->open > NSX_CENSUS_MAX_DESCRIPTORS) flags |= NSX_CENSUS_MANY_DESCRIPTORS;
    if (GET(task, files) != files) flags |= NSX_CENSUS_MOVED;
  }
  /* Unlike the rest, this one is not kept for readers without locks. */
  if (GET(task, nsproxy) != nsproxy) flags |= NSX_CENSUS_MOVED;
  record->flags |= flags;
  return 0;
}

SEC("census") static __noinline __u32 is_new(__u64 inode, __u64 id, __u64 address) {
  const __u32 zero = 0;
  struct nsx_census_state *state = bpf_map_lookup_elem(&state_map, &zero);
  if (!state) return 0;
  const __u32 index = inode & state->seen_mask;
  struct nsx_census_seen *seen = bpf_map_lookup_elem(&seen_map, &index);
  if (!seen) return 0;
  if (seen->inode == inode && seen->id == id && seen->address == address) return 0;
  seen->inode = inode;
  seen->id = id;
  seen->address = address;
  return 1;
}

SEC("census")
static __noinline void describe(__u64 inode_and_kind, __u64 id, __u64 address,
                                __u64 owner_and_parent, __u64 creator) {
  const __u32 zero = 0;
  struct nsx_census_state *state = bpf_map_lookup_elem(&state_map, &zero);
  if (!state) return;
  const __u32 index = state->namespaces;
  struct nsx_census_namespace *found = bpf_map_lookup_elem(&namespaces_map, &index);
  if (!found) {
    state->overflow = 1;
    return;
  }
  state->namespaces = index + 1;
  found->id = id;
  found->address = address;
  found->inode = inode_and_kind;
  found->kind = inode_and_kind >> 32;
  found->owner = owner_and_parent;
  found->parent = owner_and_parent >> 32;
  found->creator = creator;
}

/* A namespace and its ancestors, up to one that was described before. */
struct ascent {
  __u64 address;
};

SEC("census") static __noinline long look_at_user(__u32 level, struct ascent *ascent) {
  (void)level;
  if (!ascent->address) return 1;
  struct user_namespace *user = CAST(ascent->address, user_namespace);
  if (!IS_NEW(user)) return 1;
  struct user_namespace *parent = GET(user, parent);
  const __u32 inode = INODE(parent);
  describe(PAIR(GET(user, ns.inum), NSX_CENSUS_USER), ID(user), (__u64)user, PAIR(inode, inode),
           GET(user, owner.val));
  ascent->address = (__u64)parent;
  return 0;
}

/* Nesting: the kernel allows 33 user and 32 pid namespaces. */
#define MAX_LEVELS 40

SEC("census") static __noinline void look_at_users(__u64 address) {
  struct ascent ascent = {address};
  bpf_loop(MAX_LEVELS, look_at_user, &ascent, 0);
}

SEC("census") static __noinline long look_at_pid(__u32 level, struct ascent *ascent) {
  (void)level;
  if (!ascent->address) return 1;
  struct pid_namespace *pids = CAST(ascent->address, pid_namespace);
  if (!IS_NEW(pids)) return 1;
  struct pid_namespace *parent = GET(pids, parent);
  struct user_namespace *owner = GET(pids, user_ns);
  describe(PAIR(GET(pids, ns.inum), NSX_CENSUS_PID), ID(pids), (__u64)pids,
           PAIR(INODE(owner), INODE(parent)), 0);
  look_at_users((__u64)owner);
  ascent->address = (__u64)parent;
  return 0;
}

SEC("census") static __noinline void look_at_pids(__u64 address) {
  struct ascent ascent = {address};
  bpf_loop(MAX_LEVELS, look_at_pid, &ascent, 0);
}

static __always_inline void add_holder(struct walk *walk, __u32 descriptor, __u32 inode,
                                       __u32 is_socket) {
  const __u32 index = walk->state->holders;
  struct nsx_census_holder *holder = bpf_map_lookup_elem(&holders_map, &index);
  if (!holder) {
    walk->record->flags |= NSX_CENSUS_HOLDERS_FULL;
    return;
  }
  walk->state->holders = index + 1;
  holder->process = walk->record->process;
  holder->descriptor = descriptor;
  holder->inode = inode;
  holder->is_socket = is_socket;
}

/* The file operations show what most files are: they are examined once. A file that was opened
 * with O_PATH has none of its own. */
static __always_inline __u32 type_of(struct nsx_census_scratch *scratch, struct file *file) {
  const __u64 operations = (__u64)GET(file, f_op);
  const __u32 place = (operations >> 6 ^ operations >> 12) & (NSX_CENSUS_BATCH - 1);
  if (scratch->known[place].operations == operations) return scratch->known[place].file_type;
  const __u64 magic = GET(GET(GET(file, f_inode), i_sb), s_magic);
  const __u32 type = magic == NSFS_MAGIC     ? FILE_NAMESPACE
                     : magic == SOCKFS_MAGIC ? FILE_SOCKET
                                             : FILE_OTHER;
  if (GET(file, f_mode) & FMODE_PATH) return type == FILE_NAMESPACE ? type : FILE_OTHER;
  scratch->known[place].operations = operations;
  scratch->known[place].file_type = type;
  return type;
}

SEC("census") static __noinline long look_at_descriptor(__u32 number, struct walk *walk) {
  struct nsx_census_scratch *scratch = walk->scratch;
  const __u32 place = number & (NSX_CENSUS_BATCH - 1);
  /* Tables have a multiple of this number of descriptors. */
  if (place == 0 &&
      bpf_probe_read_kernel(scratch->files, sizeof scratch->files,
                            (void *)(scratch->table + (__u64)number * sizeof(__u64)))) {
    walk->record->flags |= NSX_CENSUS_MOVED;
    return 1;
  }
  const __u64 address = scratch->files[place];
  if (address == 0) return 0;
  if (++scratch->open > NSX_CENSUS_MAX_DESCRIPTORS) return 1;
  struct file *file = CAST(address, file);
  const __u32 type = type_of(scratch, file);
  if (type == FILE_NAMESPACE) {
    add_holder(walk, number, GET(GET(file, f_inode), i_ino), 0);
  } else if (type == FILE_SOCKET) {
    struct socket *socket = CAST(GET(file, private_data), socket);
    struct sock *sock = GET(socket, sk);
    if (!sock) return 0;
    struct net *net = GET(sock, __sk_common.skc_net.net);
    if (!net || GET(net, ns.inum) == walk->record->inodes[NSX_CENSUS_NET]) return 0;
    LOOK_AT(NSX_CENSUS_NET, net);
    add_holder(walk, number, GET(net, ns.inum), 1);
  }
  return 0;
}

/* Tells the kernel that functions for GPL programs may be called. */
const char program_license[] SEC("license") = "Dual MIT/GPL";
