// SPDX-License-Identifier: MIT
#pragma once
/* The layout of the maps in net.bpf.c, shared with the library. Plain C. */

#include <linux/bpf.h>
#include <linux/types.h>

/* The keys of both maps. */
#define NSX_NET_IN 0
#define NSX_NET_OUT 1
#define NSX_NET_DIRECTIONS 2

#define NSX_NET_NO_LIMIT (~0ULL)

/* A token bucket, stored as a point in time. Each packet advances it by the time that the packet
 * takes at the rate. Its distance from now shows how much has passed too early. */
struct nsx_net_bucket {
  struct bpf_spin_lock lock;
  __u32 unused;
  __u64 rate;            /* bytes a second, or NSX_NET_NO_LIMIT */
  __u64 paid_until;      /* CLOCK_MONOTONIC, nanoseconds */
  __u64 credit_grows_to; /* when a sender that waits after a drop stops getting more credit */
};

struct nsx_net_counters {
  __u64 bytes; /* that have passed */
  __u64 packets;
  __u64 dropped_bytes;
  __u64 dropped_packets;
};
