/**
 * A domain's event-channel state in the modelled memory: the pages it shares with the guest, and the part of
 * struct domain, struct vcpu and struct evtchn that the paths here touch.
 *
 * Sizes follow Xen (a channel is a 64-byte aligned object, 64 to a 4-KiB bucket); the offsets inside Xen's private
 * structures are ours.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { LINE_BYTES, type Memory, PAGE_BYTES } from '../x86/memory.ts';
import { PORTS, SHARED_INFO, type SharedPages } from './abi.ts';

/** Offsets in struct evtchn (ours), and the channel states (Xen's). */
export const EVTCHN = { lock: 0, state: 8, notifyVcpu: 12, remotePort: 16, bytes: 64 } as const;

/** Channel states besides `ChannelKind`. */
export const ECS_FREE = 0;
export const ECS_RESERVED = 1;

/** Offsets in struct domain (ours). */
export const DOMAIN = { validEvtchns: 0, buckets: 8, vcpus: 16, sharedInfo: 24, eventLock: 64 } as const;

/** Offset in struct vcpu (ours). */
export const VCPU = { vcpuInfo: 0, bytes: 128 } as const;

const BUCKET_CHANNELS = 64;

/** Event-channel state of one domain. */
export class Domain implements SharedPages {
  readonly vcpus: number;
  readonly sharedInfo: Addr;
  readonly vcpuInfo: readonly Addr[];
  /** struct domain. */
  readonly base: Addr;
  /** Array of bucket pointers. */
  readonly buckets: Addr;
  readonly #memory: Memory;
  readonly #vcpu: Addr;

  /** Most channels it can have: 4,096, or 131,072 with the FIFO ABI. */
  readonly ports: number;

  /**
   * @param vcpus 1..64
   * @param vcpuInfo where the guest registered each vCPU's vcpu_info
   * @param ports most channels, by its ABI
   */
  constructor(memory: Memory, vcpus: number, vcpuInfo: readonly Addr[], ports = PORTS) {
    if (vcpuInfo.length !== vcpus) throw new ModelBug('one vcpu_info for each vCPU', { vcpus });
    this.#memory = memory;
    this.ports = ports;
    this.vcpus = vcpus;
    this.vcpuInfo = vcpuInfo;
    this.sharedInfo = memory.place('xen: shared_info', SHARED_INFO.bytes, PAGE_BYTES);
    this.base = memory.place('xen: struct domain', 128, PAGE_BYTES);
    this.#vcpu = memory.place('xen: struct vcpu[]', VCPU.bytes * vcpus, LINE_BYTES);
    this.buckets = memory.place('xen: evtchn bucket pointers', (ports / BUCKET_CHANNELS) * 8, LINE_BYTES);
    memory.poke64(this.base + DOMAIN.buckets, this.buckets);
    memory.poke64(this.base + DOMAIN.vcpus, this.#vcpu);
    memory.poke64(this.base + DOMAIN.sharedInfo, this.sharedInfo);
    for (let v = 0; v < vcpus; v++) memory.poke64(this.vcpu(v) + VCPU.vcpuInfo, vcpuInfo[v]!);
    // Every port starts masked, as FreeBSD leaves the page after its initialisation.
    for (let w = 0; w < 64; w++) memory.poke64(this.sharedInfo + SHARED_INFO.mask + w * 8, -1, -1);
    this.addBucket();
    memory.poke32(this.channel(0) + EVTCHN.state, ECS_RESERVED);
  }

  /** struct vcpu of a vCPU. */
  vcpu(vcpu: Vcpu): Addr {
    return this.#vcpu + vcpu * VCPU.bytes;
  }

  /** Number of channels that exist; a port below it has a struct evtchn. */
  get validEvtchns(): number {
    return this.#memory.peek32(this.base + DOMAIN.validEvtchns);
  }

  /** struct evtchn of a port that exists. */
  channel(port: Port): Addr {
    const bucket = this.#memory.peek32(this.buckets + (port >>> 6) * 8);
    if (bucket === 0) throw new ModelBug('port without a channel', { port });
    return bucket + (port & 63) * EVTCHN.bytes;
  }

  /** Adds 64 channels; false when all of the ABI exist. The caller charges the allocation. */
  addBucket(): boolean {
    const valid = this.validEvtchns;
    if (valid === this.ports) return false;
    const bucket = this.#memory.place('xen: evtchn bucket', BUCKET_CHANNELS * EVTCHN.bytes, PAGE_BYTES);
    this.#memory.poke64(this.buckets + (valid >>> 6) * 8, bucket);
    this.#memory.poke32(this.base + DOMAIN.validEvtchns, valid + BUCKET_CHANNELS);
    return true;
  }
}
