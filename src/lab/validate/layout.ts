/**
 * Structures of the measured kernels: offsets in bytes of kernels/layout.h of the ground truth. Only what the
 * kernels touch is named.
 */

/** struct evsrc and, over it, struct evfree: everything up to the link is on the first line. */
export const SOURCE = { pic: 0, event: 8, count: 16, kind: 48, vector: 56, link: 56, bytes: 88 } as const;

/** struct pool: a free list behind a sleep mutex, one line. */
export const POOL = { lock: 24, head: 40, tail: 48, bytes: 64 } as const;

/** The mutex word of a pool that nobody holds. */
export const UNOWNED = 4;

/** struct bpool: summary word, table, and 64 words from the second line on. */
export const BITMAP = { sum: 0, table: 8, words: 64, bytes: 64 + 512 } as const;

/** struct event, 200 bytes in a bucket of 256. */
export const EVENT = {
  first: 16,
  source: 96,
  postFilter: 128,
  flags: 144,
  phase: 184,
  active: 188,
  bucket: 256,
} as const;

/** struct evhandler, 80 bytes in a bucket of 128. */
export const HANDLER = { filter: 0, argument: 16, flags: 24, next: 64, bucket: 128 } as const;

/** struct picops: the function that tells a source's vector. */
export const PICOPS = { vector: 48, bytes: 128 } as const;

/** struct shared: pending and mask words. */
export const SHARED = { pending: 0x800, mask: 0xa00, end: 0xc00, bytes: 4096 } as const;

/** struct vcpu, 64 bytes. */
export const VCPU = { upcallPending: 0, selector: 8, bytes: 64 } as const;

/** struct scanstate: cursors, enabled words, and the pointer to the vcpu on a line of its own. */
export const SCAN = { lastWord: 0, lastBit: 4, enabled: 8, vcpu: 528, bytes: 576 } as const;

/** struct percpu, behind %gs. */
export const PERCPU = { thread: 0, scan: 16, monitorbuf: 64, vIntr: 128, bytes: 256 } as const;

/** struct thread. */
export const THREAD = { critnest: 128, owepreempt: 132, nesting: 136, frame: 144, bytes: 192 } as const;
