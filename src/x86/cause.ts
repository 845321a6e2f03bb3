/**
 * Why the retirement of the oldest micro-op had to wait: the second key of every credited cycle.
 * Each cycle is credited once, to the term of the maximum that set it.
 */

/** Causes; the numbers are indices into the credit table and into `CAUSES`. */
export const Cause = {
  dispatch: 0,
  fetch: 1,
  icache: 2,
  mispredict: 3,
  window: 4,
  execute: 5,
  l1d: 6,
  forward: 7,
  l2: 8,
  l3: 9,
  dram: 10,
  transfer: 11,
  port: 12,
  lock: 13,
  drain: 14,
  serialise: 15,
  transition: 16,
  lump: 17,
} as const;

/** Names and meanings in the order of the numbers; the names are what reports print. */
export const CAUSES: ReadonlyArray<readonly [name: string, what: string]> = [
  ['dispatch', 'dispatch or retire width'],
  ['fetch', 'front-end width and taken branches'],
  ['icache', 'instruction line not in L1I'],
  ['mispredict', 'refill after a wrongly predicted branch or target'],
  ['window', 'reorder buffer, load queue or store queue full'],
  ['execute', 'latency of arithmetic on the critical path'],
  ['l1d', 'L1D load-to-use latency'],
  ['forward', 'store-to-load forwarding'],
  ['l2', 'data from L2'],
  ['l3', 'data from L3'],
  ['dram', 'data from memory'],
  ['transfer', 'line held by another core'],
  ['port', 'all suitable execution ports taken'],
  ['lock', 'locked read-modify-write'],
  ['drain', 'older stores not yet in L1D'],
  ['serialise', 'serialising or microcoded instruction'],
  ['transition', 'VM exit and entry, hypercall, injection (a lump)'],
  ['lump', 'kernel or hypervisor code modelled as one number'],
];

/** Number of causes. */
export const CAUSE_COUNT = CAUSES.length;
