// SPDX-License-Identifier: MIT
#pragma once
/* What programs that run in the kernel (*.bpf.c) need of it. Plain C, for clang only. */

#include <linux/bpf.h>
#include <linux/types.h>

#define SEC(name) __attribute__((section(name), used))
#undef __always_inline /* of linux/stddef.h */
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))

/* Only little-endian machines are supported. */
#define bpf_htons(number) __builtin_bswap16(number)

/* Members of the description of a map, which the loader reads from the object's BTF, if at all. */
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

/* The library makes the maps, in the size that it needs. */
#define MAP(name, kind, type_) \
  struct {                     \
    __uint(type, kind);        \
    __type(key, __u32);        \
    __type(value, type_);      \
  } name SEC(".maps")
#define ARRAY(name, type_) MAP(name, BPF_MAP_TYPE_ARRAY, type_)

/* bpf-helpers(7) */
static void *(*const bpf_map_lookup_elem)(void *map, const void *key) =
    (void *)BPF_FUNC_map_lookup_elem;
static __u64 (*const bpf_ktime_get_ns)(void) = (void *)BPF_FUNC_ktime_get_ns;
static long (*const bpf_skb_load_bytes)(const void *skb, __u32 offset, void *to, __u32 length) =
    (void *)BPF_FUNC_skb_load_bytes;
static long (*const bpf_spin_lock)(struct bpf_spin_lock *lock) = (void *)BPF_FUNC_spin_lock;
static long (*const bpf_spin_unlock)(struct bpf_spin_lock *lock) = (void *)BPF_FUNC_spin_unlock;
static long (*const bpf_probe_read_kernel)(void *to, __u32 size, const void *from) =
    (void *)BPF_FUNC_probe_read_kernel;
static long (*const bpf_find_vma)(void *task, __u64 address, void *callback, void *with,
                                  __u64 flags) = (void *)BPF_FUNC_find_vma;
static long (*const bpf_loop)(__u32 count, void *callback, void *with, __u64 flags) =
    (void *)BPF_FUNC_loop;
static long (*const bpf_copy_from_user_task)(void *to, __u32 size, const void *from, void *task,
                                             __u64 flags) = (void *)BPF_FUNC_copy_from_user_task;
