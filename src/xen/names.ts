/** What stands where in the pages and structures of a domain, as Xen calls it. For reports. */
import type { Named, Namer } from '../x86/memory.ts';
import { arrayNamer, type Fields, structNamer, within, wordNamer } from '../x86/names.ts';
import { SHARED_INFO } from './abi.ts';
import { BUCKET_CHANNELS, DOMAIN, EVTCHN, VCPU } from './layout.ts';

/** Bytes of each of the two bitmaps of 4,096 ports. */
const BITMAP_BYTES = 512;

const EVTCHN_FIELDS: Fields = [
  [EVTCHN.lock, 'lock'],
  [EVTCHN.state, 'state'],
  [EVTCHN.notifyVcpu, 'notify_vcpu_id'],
  [EVTCHN.remotePort, 'remote_port'],
  [EVTCHN.consumer, 'xen_consumer'],
];

const VCPU_FIELDS: Fields = [
  [VCPU.vcpuInfo, 'vcpu_info'],
  [VCPU.upcallVector, 'evtchn_upcall_vector'],
  [VCPU.virqLock, 'virq_lock'],
  [VCPU.pauseFlags, 'pause_flags'],
  [VCPU.isRunning, 'is_running'],
  [VCPU.processor, 'processor'],
  [VCPU.runstate, 'runstate'],
  [VCPU.window, 'interrupt window'],
  [VCPU.eventInjection, 'event injection'],
];

const DOMAIN_FIELDS: Fields = [
  [DOMAIN.validEvtchns, 'valid_evtchns'],
  [DOMAIN.buckets, 'evtchn_group'],
  [DOMAIN.vcpus, 'vcpu'],
  [DOMAIN.sharedInfo, 'shared_info'],
  [DOMAIN.evtchnFifo, 'evtchn_fifo'],
  [DOMAIN.evtchn, 'evtchn'],
  [DOMAIN.eventLock, 'event_lock'],
];

/** struct domain. */
export const domainNamer = structNamer('xen: struct domain', DOMAIN_FIELDS);

/** struct domain of the other ends. */
export const otherDomainNamer = structNamer('xen: struct domain of the other ends', DOMAIN_FIELDS);

/** The array of struct vcpu. */
export const vcpuNamer = arrayNamer(
  VCPU.bytes,
  (vcpu) => `xen: struct vcpu ${vcpu}`,
  () => VCPU_FIELDS,
);

/** The array of pointers to buckets of channels. */
export const bucketsNamer = wordNamer(
  'xen: evtchn bucket pointers',
  8,
  (first, last) => `ports ${first * BUCKET_CHANNELS}-${(last + 1) * BUCKET_CHANNELS - 1}`,
);

/** The channels at the other ends, in other domains. */
export const peerNamer = arrayNamer(
  EVTCHN.bytes,
  (port) => `xen: struct evtchn of the other end of port ${port}`,
  () => EVTCHN_FIELDS,
);

/** A bucket of channels whose first is that of a port. */
export function channelNamer(firstPort: number): Namer {
  return arrayNamer(
    EVTCHN.bytes,
    (i) => `xen: struct evtchn of port ${firstPort + i}`,
    () => EVTCHN_FIELDS,
  );
}

/** The page that the domain shares with Xen: 512 ports to a line of either bitmap. */
export function sharedInfoNamer(from: number, to: number): Named[] {
  const bits = (name: string, base: number) => {
    if (to <= base || from >= base + BITMAP_BYTES) return '';
    const [first, end] = [Math.max(from - base, 0) * 8, Math.min(to - base, BITMAP_BYTES) * 8];
    return `${name}, ports ${first}-${end - 1}`;
  };
  const fields = [bits('evtchn_pending', SHARED_INFO.pending), bits('evtchn_mask', SHARED_INFO.mask)];
  return [{ object: within('xen: shared_info', from), fields: fields.filter((f) => f !== '').join('; ') }];
}

/** Registers of a virtual local APIC, a line each block of four. */
export function lapicNamer(owner: string): Namer {
  const blocks: Fields = [0x100, 0x140, 0x180, 0x1c0, 0x200, 0x240].map((offset, i) => [
    offset,
    ['ISR', 'TMR', 'IRR'][i >> 1]!,
  ]);
  return structNamer(`xen: ${owner} virtual local APIC`, blocks);
}

/** A posted-interrupt descriptor. */
export function postedNamer(owner: string): Namer {
  return structNamer(`xen: ${owner} posted-interrupt descriptor`, [
    [0, 'PIR'],
    [32, 'ON, SN'],
  ]);
}

/** irq_stat[] of a pCPU. */
export function irqStatNamer(pcpu: number): Namer {
  return structNamer(`xen: irq_stat[${pcpu}]`, [
    [0, 'softirq_pending'],
    [4, 'in_mwait'],
  ]);
}

/** A line that is one lock. */
export function lockNamer(name: string): Namer {
  return structNamer(name, [[0, 'lock']]);
}

/** struct vcpu of a vCPU that is none of the guest's. */
export function otherVcpuNamer(name: string): Namer {
  return structNamer(`xen: struct vcpu of ${name}`, VCPU_FIELDS);
}
