/**
 * A domain's event-channel state in the modelled memory: the pages it shares with the guest, and the part of
 * struct domain, struct vcpu and struct evtchn that the paths here touch.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { LINE_BYTES, type Memory, PAGE_BYTES } from '../x86/memory.ts';
import { PORTS, SHARED_INFO, type SharedPages, VCPU_INFO } from './abi.ts';
import { BUCKET_CHANNELS, DOMAIN, ECS_FREE, ECS_RESERVED, EVTCHN, VCPU } from './layout.ts';
import {
  bucketsNamer,
  channelNamer,
  domainNamer,
  otherDomainNamer,
  peerNamer,
  sharedInfoNamer,
  vcpuNamer,
} from './names.ts';
import { VirtualCpu } from './virtual-cpu.ts';

/** Event-channel state of one domain. */
export class Domain implements SharedPages {
  readonly vcpus: number;
  readonly sharedInfo: Addr;
  readonly vcpuInfo: readonly Addr[];
  /** struct domain. */
  readonly base: Addr;
  /** struct domain of the other ends' owner, of which only the event_lock is used: one domain, whoever they are. */
  readonly other: Addr;
  /** Array of bucket pointers. */
  readonly buckets: Addr;
  readonly #memory: Memory;
  readonly virtualCpus: readonly VirtualCpu[];
  /** struct evtchn of the other ends, in the domains that send to this one: one for each port, and one for port 0. */
  readonly #peers: Addr;
  readonly #vcpu: Addr;

  /** Most channels it can have: 4,096, or 131,072 with the FIFO ABI. */
  readonly ports: number;

  /**
   * @param vcpus 1..64
   * @param vcpuInfo where the guest registered each vCPU's vcpu_info
   * @param vector at which upcalls arrive
   * @param ports most channels, by its ABI
   */
  constructor(memory: Memory, vcpus: number, vcpuInfo: readonly Addr[], vector: number, ports = PORTS) {
    if (vcpuInfo.length !== vcpus) throw new ModelBug('one vcpu_info for each vCPU', { vcpus });
    this.#memory = memory;
    this.ports = ports;
    this.vcpus = vcpus;
    this.vcpuInfo = vcpuInfo;
    this.sharedInfo = memory.place('xen: shared_info', SHARED_INFO.bytes, PAGE_BYTES, sharedInfoNamer);
    this.base = memory.place('xen: struct domain', DOMAIN.bytes, PAGE_BYTES, domainNamer);
    this.other = memory.place(
      'xen: struct domain of the other ends',
      DOMAIN.bytes,
      LINE_BYTES,
      otherDomainNamer,
    );
    this.#vcpu = memory.place('xen: struct vcpu[]', VCPU.bytes * vcpus, LINE_BYTES, vcpuNamer);
    this.buckets = memory.place(
      'xen: evtchn bucket pointers',
      (ports / BUCKET_CHANNELS) * 8,
      LINE_BYTES,
      bucketsNamer,
    );
    memory.poke64(this.base + DOMAIN.buckets, this.buckets);
    memory.poke64(this.base + DOMAIN.vcpus, this.#vcpu);
    memory.poke64(this.base + DOMAIN.sharedInfo, this.sharedInfo);
    this.virtualCpus = vcpuInfo.map(
      (info, v) => new VirtualCpu(memory, 'domain', v, this.vcpu(v), info, vector),
    );
    this.#peers = memory.place(
      'xen: struct evtchn of the other ends',
      ports * EVTCHN.bytes,
      PAGE_BYTES,
      peerNamer,
    );
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

  /** State of a port's channel. Not charged. */
  kindOf(port: Port): number {
    return this.#memory.peek32(this.channel(port) + EVTCHN.state);
  }

  /** struct evtchn of a port's other end, in another domain. */
  peer(port: Port): Addr {
    return this.#peers + port * EVTCHN.bytes;
  }

  /**
   * A domain of the 2-level ABI is another now, with the same vCPUs: it has one bucket of free channels, a new page of
   * zeroes to share, and nothing is pending. Not charged.
   */
  restored(): void {
    const memory = this.#memory;
    for (let at = this.sharedInfo; at < this.sharedInfo + SHARED_INFO.bytes; at += 8) memory.poke64(at, 0);
    for (const [v, info] of this.vcpuInfo.entries()) {
      memory.poke64(info + VCPU_INFO.upcallPending, 0);
      memory.poke64(info + VCPU_INFO.pendingSel, 0);
      memory.poke64(this.vcpu(v) + VCPU.virqToEvtchn, 0);
    }
    for (let port = 1; port < BUCKET_CHANNELS; port++) {
      memory.poke32(this.channel(port) + EVTCHN.state, ECS_FREE);
      memory.poke32(this.channel(port) + EVTCHN.notifyVcpu, 0);
    }
    for (let bucket = 1; bucket * BUCKET_CHANNELS < this.ports; bucket++)
      memory.poke64(this.buckets + 8 * bucket, 0);
    memory.poke32(this.base + DOMAIN.validEvtchns, BUCKET_CHANNELS);
  }

  /** Adds 64 channels; false when all of the ABI exist. The caller charges the allocation. */
  addBucket(): boolean {
    const valid = this.validEvtchns;
    if (valid === this.ports) return false;
    const bucket = this.#memory.place(
      'xen: evtchn bucket',
      BUCKET_CHANNELS * EVTCHN.bytes,
      PAGE_BYTES,
      channelNamer(valid),
    );
    this.#memory.poke64(this.buckets + (valid >>> 6) * 8, bucket);
    if (valid === 0) this.#memory.poke64(this.base + DOMAIN.evtchn, bucket);
    this.#memory.poke32(this.base + DOMAIN.validEvtchns, valid + BUCKET_CHANNELS);
    return true;
  }
}
