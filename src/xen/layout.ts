/**
 * Xen's private structures, as far as the paths here touch them. Sizes follow Xen (a channel is a 64-byte aligned
 * object, 64 to a 4-KiB bucket); the offsets inside are ours.
 */

/** Offsets in struct evtchn (ours), and the channel states (Xen's). */
export const EVTCHN = { lock: 0, state: 8, notifyVcpu: 12, remotePort: 16, consumer: 20, bytes: 64 } as const;

/** Channel states besides `ChannelKind`. */
export const ECS_FREE = 0;
export const ECS_RESERVED = 1;

/** Offsets in struct domain (ours). */
export const DOMAIN = {
  validEvtchns: 0,
  buckets: 8,
  vcpus: 16,
  sharedInfo: 24,
  evtchnFifo: 32,
  /** The first bucket, which needs no look-up. */
  evtchn: 40,
  eventLock: 64,
  bytes: 128,
} as const;

/** Offsets in struct vcpu (ours): scheduling fields on a line of their own, and so the fields of the control block. */
export const VCPU = {
  vcpuInfo: 0,
  upcallVector: 8,
  lapicEnabled: 12,
  virqLock: 16,
  virqToEvtchn: 24,
  pauseFlags: 64,
  isRunning: 68,
  processor: 72,
  runstate: 76,
  window: 128,
  eventInjection: 132,
  bytes: 192,
} as const;

/** Channels of a bucket. */
export const BUCKET_CHANNELS = 64;
