// SPDX-License-Identifier: MIT
/* Looks up the processes whose PIDs are in a map: an iterator of tasks. It may sleep, because part of
 * a command line can be in swap. Anything uncertain is omitted, and read from /proc instead. */

#include "discovery/follow.h"
#include "discovery/lookup_layout.h"

BEGIN_KERNEL_STRUCTURES
struct kernfs_node {
  __u64 id;
};
struct cgroup {
  struct kernfs_node *kn;
};
struct css_set {
  struct cgroup *dfl_cgrp;
};
struct pid {
  __u64 ino;
};
struct mm_struct {
  unsigned long arg_start;
  unsigned long arg_end;
  unsigned long env_end;
};
struct vm_area_struct {
  unsigned long vm_end;
  const struct vm_operations_struct *vm_ops;
};
struct task_struct {
  unsigned int flags;
  int pid;
  int tgid;
  struct pid *thread_pid;
  __u64 start_boottime;
  struct mm_struct *mm;
  struct css_set *cgroups;
};
END_KERNEL_STRUCTURES

ARRAY(state_map, struct nsx_lookup_state);
ARRAY(processes_map, struct nsx_lookup_process);
ARRAY(text_map, struct nsx_lookup_text);

struct search {
  struct nsx_lookup_state *state;
  __u32 pid;
};

/* Both tasks and wanted processes come by ascending PID. */
SEC("lookup") static __noinline long skip(__u32 number, struct search *search);

/* Memory as far as it is used by a command line. */
struct area {
  __u64 end;
  __u64 is_plain;
};
SEC("lookup")
static __noinline long examine(struct task_struct *task, struct vm_area_struct *address,
                               struct area *area);

SEC("lookup")
int look_up(struct context *context) {
  const __u32 zero = 0;
  struct nsx_lookup_state *state = bpf_map_lookup_elem(&state_map, &zero);
  struct task_struct *trusted = context->task;
  if (!trusted || !state || state->next >= state->end) return 0;
  struct task_struct *task = CAST(trusted, task_struct);
  const __u32 pid = GET(task, pid);
  struct search search = {state, pid};
  bpf_loop(state->end - state->next, skip, &search, 0);
  const __u32 index = state->next;
  struct nsx_lookup_process *process = bpf_map_lookup_elem(&processes_map, &index);
  if (!process || process->pid != pid) return 0;

  process->start_time = GET(task, start_boottime);
  struct pid *id = GET(task, thread_pid);
  if (id && HAS_MEMBER(id, ino)) process->pidfd_inode = GET(id, ino);
  FILL_CGROUPS(&process->cgroups, task);
  process->flags = NSX_LOOKUP_FOUND;
  if (!state->wants_lines) return 0;

  struct nsx_lookup_text *text = bpf_map_lookup_elem(&text_map, &zero);
  struct mm_struct *mm = GET(task, mm);
  if (!text || !mm) return 0;
  const __u64 start = GET(mm, arg_start);
  const __u64 end = GET(mm, arg_end);
  __u64 size = end - start;
  /* Here and below: so that the compiler tests the very value that is used, as the verifier wants. */
  asm volatile("" : "+r"(size));
  if (GET(mm, env_end) == 0 || size == 0 || size > NSX_LOOKUP_MAX_LINE) return 0;
  /* Like /proc: no memory of a file, which may be on a file system that does not answer. */
  struct area area = {end, 0};
  bpf_find_vma(trusted, start, examine, &area, 0);
  if (!area.is_plain) return 0;
  __u64 at = state->used;
  asm volatile("" : "+r"(at));
  if (at > NSX_LOOKUP_TEXT - NSX_LOOKUP_MAX_LINE) return 0;
  if (bpf_copy_from_user_task(text->bytes + at, size, (const void *)start, trusted, 0)) return 0;
  /* It may have executed another program meanwhile, or moved its arguments. */
  if (GET(task, mm) != mm || GET(mm, arg_start) != start || GET(mm, arg_end) != end) return 0;
  process->line = at;
  process->size = size;
  process->flags = NSX_LOOKUP_FOUND | NSX_LOOKUP_LINE;
  state->used = at + size;
  return 0;
}

SEC("lookup") static __noinline long skip(__u32 number, struct search *search) {
  (void)number;
  const __u32 index = search->state->next;
  struct nsx_lookup_process *process = bpf_map_lookup_elem(&processes_map, &index);
  if (!process || process->pid >= search->pid) return 1;
  search->state->next = index + 1;
  return 0;
}

SEC("lookup")
static __noinline long examine(struct task_struct *task, struct vm_area_struct *address,
                               struct area *area) {
  (void)task;
  struct vm_area_struct *memory = CAST(address, vm_area_struct);
  area->is_plain = !GET(memory, vm_ops) && GET(memory, vm_end) >= area->end;
  return 0;
}

/* Tells the kernel that functions for GPL programs may be called. */
const char program_license[] SEC("license") = "Dual MIT/GPL";
