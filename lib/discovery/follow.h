// SPDX-License-Identifier: MIT
#pragma once
/* Following the kernel's pointers in a program that is run for each task. Plain C, for clang only. */

#include "kernel/in_kernel.h"

/* Of structures with this attribute, the loader looks up where the members are. */
#define BEGIN_KERNEL_STRUCTURES \
  _Pragma("clang attribute push(__attribute__((preserve_access_index)), apply_to = record)")
#define END_KERNEL_STRUCTURES _Pragma("clang attribute pop")

#define HAS_MEMBER(pointer, member) __builtin_preserve_field_info((pointer)->member, 2)
#define SIZE_OF(type) __builtin_preserve_type_info(*(type *)0, 1)

/* bpf_iter__task: the same in all kernels. */
struct context {
  __u64 meta;
  struct task_struct *task;
};

#ifdef NSX_PROBE_READS
/* Before Linux 6.2. */
#define GET(pointer, member)                                           \
  ({                                                                   \
    typeof((pointer)->member) value_ = 0;                              \
    bpf_probe_read_kernel(&value_, sizeof value_, &(pointer)->member); \
    value_;                                                            \
  })
#define CAST(pointer, type) ((struct type *)(pointer))
#else
/* A pointer that is cast in this way can be followed by plain loads: a bad address reads as 0.
 * The verifier takes far longer for the pointers that it trusts. */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __attribute__((section(".ksyms")));
#define GET(pointer, member) ((pointer)->member)
#define CAST(pointer, type)                                   \
  ((struct type *)bpf_rdonly_cast((const void *)(pointer),    \
                                  __builtin_btf_type_id(*(struct type *)0, 1)))
#endif

/* See struct nsx_cgroups. */
#define FILL_CGROUPS(cgroups_, task)                                            \
  do {                                                                          \
    struct css_set *set_ = GET(task, cgroups);                                  \
    (cgroups_)->set = (__u64)set_;                                              \
    (cgroups_)->id = GET(GET(GET(set_, dfl_cgrp), kn), id);                     \
    if (GET(task, flags) & PF_EXITING) (cgroups_)->id |= NSX_CENSUS_IS_EXITING; \
  } while (0)
#define PF_EXITING 4
