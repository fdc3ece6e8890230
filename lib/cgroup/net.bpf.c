// SPDX-License-Identifier: MIT
/* Counts and limits the packets of a cgroup in the kernel: one program for each direction, run for
 * each packet of the sockets that were created in the cgroup or a descendant. */

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "cgroup/net_layout.h"
#include "kernel/in_kernel.h"

#define NSEC_PER_SEC 1000000000ULL
#define BURST (NSEC_PER_SEC / 10)
/* TCP that lost everything it sent is silent for 200 ms (its shortest retransmission timeout), and
 * for twice as long if the retransmission is lost, too, or late on a busy machine. With 100 ms of
 * credit it would only reach half of the rate, so it keeps the credit for that time. */
#define CREDIT_AFTER_DROP (2 * NSEC_PER_SEC / 5)
#define AFTER_DROP (2 * CREDIT_AFTER_DROP)

#define DROP 0
#define PASS 1

ARRAY(buckets, struct nsx_net_bucket);
MAP(counters, BPF_MAP_TYPE_PERCPU_ARRAY, struct nsx_net_counters);

static __always_inline __u8 byte_at(struct __sk_buff *skb, __u32 offset) {
  __u8 byte = 0;
  bpf_skb_load_bytes(skb, offset, &byte, sizeof byte);
  return byte;
}

/* Returns the length of a packet's headers, from IP to TCP or UDP. */
static __always_inline __u32 header_length(struct __sk_buff *skb) {
  __u32 length;
  __u8 protocol;
  if (skb->protocol == bpf_htons(ETH_P_IP)) {
    length = (byte_at(skb, 0) & 0xf) * 4;
    protocol = byte_at(skb, 9);
  } else {
    length = 40;
    protocol = byte_at(skb, 6);
    for (int extensions = 0; extensions < 4; ++extensions) {
      if (protocol != IPPROTO_HOPOPTS && protocol != IPPROTO_ROUTING && protocol != IPPROTO_DSTOPTS)
        break;
      protocol = byte_at(skb, length);
      length += (byte_at(skb, length + 1) + 1) * 8;
    }
  }
  if (protocol == IPPROTO_TCP) return length + (byte_at(skb, length + 12) >> 4) * 4;
  if (protocol == IPPROTO_UDP) return length + 8;
  return length;
}

/* Whether a packet of this length may pass. A packet of any length may pass while there is credit,
 * and leaves a debt, so that the largest packets pass at the lowest rates. */
static __always_inline int take(struct nsx_net_bucket *bucket, __u64 length) {
  const __u64 rate = bucket->rate;
  if (rate == NSX_NET_NO_LIMIT) return PASS;
  if (rate == 0) return DROP;
  const __u64 cost = (length * NSEC_PER_SEC + rate - 1) / rate;
  const __u64 now = bpf_ktime_get_ns();
  int verdict = DROP;
  bpf_spin_lock(&bucket->lock);
  const __u64 oldest = now < bucket->credit_grows_to ? now - CREDIT_AFTER_DROP : now;
  if (bucket->paid_until < oldest) bucket->paid_until = oldest;
  if (bucket->paid_until < now + BURST) {
    bucket->paid_until += cost;
    verdict = PASS;
  } else {
    bucket->credit_grows_to = now + AFTER_DROP;
  }
  bpf_spin_unlock(&bucket->lock);
  return verdict;
}

static __always_inline int count(struct __sk_buff *skb, __u32 direction) {
  struct nsx_net_bucket *bucket = bpf_map_lookup_elem(&buckets, &direction);
  struct nsx_net_counters *counter = bpf_map_lookup_elem(&counters, &direction);
  if (!bucket || !counter) return PASS;
  /* Count packets on the wire: one that the network card will split, or has merged, counts as
   * several, each with its headers. */
  const __u32 segments = skb->gso_segs;
  __u64 packets = 1;
  __u64 bytes = skb->len;
  if (segments > 1) {
    packets = segments;
    bytes += (__u64)(segments - 1) * header_length(skb);
  }
  const int verdict = take(bucket, bytes);
  /* Atomic, as an interrupt on this CPU may also update the counters. */
  if (verdict == PASS) {
    __sync_fetch_and_add(&counter->bytes, bytes);
    __sync_fetch_and_add(&counter->packets, packets);
  } else {
    __sync_fetch_and_add(&counter->dropped_bytes, bytes);
    __sync_fetch_and_add(&counter->dropped_packets, packets);
  }
  return verdict;
}

SEC("incoming")
int count_in(struct __sk_buff *skb) {
  return count(skb, NSX_NET_IN);
}

SEC("outgoing")
int count_out(struct __sk_buff *skb) {
  return count(skb, NSX_NET_OUT);
}

/* Tells the kernel that functions for GPL programs may be called. */
const char program_license[] SEC("license") = "Dual MIT/GPL";
