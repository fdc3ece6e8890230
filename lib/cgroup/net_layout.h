// SPDX-License-Identifier: MIT
#pragma once
/* The maps of net.bpf.c, as it and the library see them: plain C. */

#include <linux/bpf.h>
#include <linux/types.h>

/* The keys of both maps. */
#define NSX_NET_IN 0
#define NSX_NET_OUT 1
#define NSX_NET_DIRECTIONS 2

#define NSX_NET_NO_LIMIT (~0ULL)

/* A token bucket, kept as a point in time: each packet moves it on by as long as the packet takes
 * at the rate. How far it lies ahead of now is what has passed too early. */
struct nsx_net_bucket {
  struct bpf_spin_lock lock;
  __u32 unused;
  __u64 rate;            /* bytes a second, or NSX_NET_NO_LIMIT */
  __u64 paid_until;      /* CLOCK_MONOTONIC, nanoseconds */
  __u64 credit_grows_to; /* until when a sender that waits after a drop is given more credit */
};

struct nsx_net_counters {
  __u64 bytes; /* of what has passed */
  __u64 packets;
  __u64 dropped_bytes;
  __u64 dropped_packets;
};
