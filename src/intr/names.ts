/** What stands where in the modelled kernel, as FreeBSD calls it. For reports. */
import type { Addr, Vcpu } from '../model/units.ts';
import type { Memory, Namer } from '../x86/memory.ts';
import { arrayNamer, type Fields, structNamer, wordNamer } from '../x86/names.ts';
import { VCPU_INFO } from '../xen/abi.ts';
import {
  CPU_AREA,
  EVENT,
  HANDLER,
  INTSRC,
  ITHREAD,
  MTX_LOCK,
  type PcpuDataLayout,
  PIC,
  SOFTC_BUCKET,
  type Statics,
  THREAD,
  XENISRC_BUCKET,
  type XenIsrcLayout,
} from './layout.ts';

/** The isrcs as a namer finds them: the table of vectors, and the first vector of an event channel. */
export interface Vectors {
  readonly memory: Memory;
  readonly table: Addr;
  readonly first: number;
  /** Number of vectors. */
  readonly count: number;
}

const EVENT_FIELDS: Fields = [
  [0, 'ie_list'],
  [EVENT.handlers, 'ie_handlers'],
  [EVENT.lockObject, 'ie_lock'],
  [EVENT.source, 'ie_source'],
  [EVENT.thread, 'ie_thread'],
  [EVENT.preIthread, 'ie_pre_ithread'],
  [EVENT.postIthread, 'ie_post_ithread'],
  [EVENT.postFilter, 'ie_post_filter'],
  [EVENT.flags, 'ie_flags'],
  [EVENT.phase, 'ie_phase'],
  [EVENT.active, 'ie_active[0]'],
  [EVENT.active + 4, 'ie_active[1]'],
];

const HANDLER_FIELDS: Fields = [
  [HANDLER.filter, 'ih_filter'],
  [HANDLER.handler, 'ih_handler'],
  [HANDLER.argument, 'ih_argument'],
  [HANDLER.flags, 'ih_flags'],
  [HANDLER.next, 'ih_next'],
];

const THREAD_FIELDS: Fields = [
  [THREAD.lock, 'td_lock'],
  [THREAD.flags, 'td_flags'],
  [THREAD.inhibitors, 'td_inhibitors'],
  [THREAD.owepreempt, 'td_owepreempt'],
  [THREAD.nesting, 'td_intr_nesting_level'],
  [THREAD.critnest, 'td_critnest'],
  [THREAD.spinlockCount, 'td_md.md_spinlock_count'],
  [THREAD.intrFrame, 'td_intr_frame'],
];

const ITHREAD_FIELDS: Fields = [
  [ITHREAD.event, 'it_event'],
  [ITHREAD.thread, 'it_thread'],
  [ITHREAD.need, 'it_need'],
];

/** What comes from each malloc bucket, isrcs apart: they share theirs with the handlers. */
const OF_BUCKET: Readonly<Record<number, readonly [kind: string, fields: Fields]>> = {
  [EVENT.bucket]: ['struct intr_event', EVENT_FIELDS],
  [HANDLER.bucket]: ['struct intr_handler', HANDLER_FIELDS],
  [ITHREAD.bucket]: ['struct intr_thread', ITHREAD_FIELDS],
  [THREAD.bucket]: ['struct thread of an ithread', THREAD_FIELDS],
  [SOFTC_BUCKET]: ["driver's softc", [[0, 'count of the filter']]],
};

/** Names of the static variables. */
const STATIC_NAMES: Readonly<Record<keyof Statics, string>> = {
  sharedInfoPtr: 'HYPERVISOR_shared_info',
  isrcLock: 'xen_intr_isrc_lock',
  autoVectorCount: 'xen_intr_auto_vector_count',
  firstEvtchnIrq: 'first_evtchn_irq',
  x86Lock: 'xen_intr_x86_lock',
  availList: 'avail_list',
  needsAck: 'xen_evtchn_needs_ack',
  numIoIrqs: 'num_io_irqs',
  interruptSourcesPtr: 'interrupt_sources',
  intrTableLock: 'intrsrc_lock',
  icuLock: 'icu_lock',
  eventListLock: 'event_lock',
  counterLock: 'intrcnt_lock',
  vmIntrPtr: 'vm_cnt.v_intr',
  x2apicMode: 'x2apic_mode',
  apicEoi: 'apic_ops.eoi',
  ibrsActive: 'hw_ibrs_ibpb_active',
  mdsHandler: 'mds_handler',
  apicCpuids: 'apic_cpuids',
};

/** xen_intr_port_to_isrc. */
export const portTableNamer = wordNamer(
  'xen_intr_port_to_isrc',
  8,
  (first, last) => `ports ${first}-${last}`,
);

/** interrupt_sources[]. */
export const vectorTableNamer = wordNamer(
  'interrupt_sources[]',
  8,
  (first, last) => `vectors ${first}-${last}`,
);

/** idt[]. */
export const gatesNamer = wordNamer('idt[]', 16, (first, last) => `vectors ${first}-${last}`);

/** xen_intr_pic. */
export const picNamer = structNamer('xen_intr_pic', [
  [PIC.disableSource, 'pic_disable_source'],
  [PIC.vector, 'pic_vector'],
]);

/** The thread that upcalls of a vCPU interrupt. */
export function threadNamer(name: string): Namer {
  return structNamer(name, THREAD_FIELDS);
}

/** struct tdq, of which the lock is used. */
export function runQueueNamer(name: string): Namer {
  return structNamer(name, [[MTX_LOCK, 'tdq_lock']]);
}

/**
 * intrcnt[]: one word for nobody, then a count and a stray count for each isrc in the order of their creation,
 * and at the end two words for each CPU, of which the first counts its upcalls.
 *
 * @param isrcs so many have words
 */
export function counterNamer(isrcs: number): Namer {
  const range = (what: string, first: number, last: number) =>
    first > last ? '' : first === last ? `${what} ${first}` : `${what}s ${first}-${last}`;
  return wordNamer('intrcnt[]', 8, (first, last) => {
    // Word 1 + 2i counts isrc i, word 2 + 2i its strays.
    const counts = [Math.max(0, first >> 1), Math.min(isrcs - 1, (last - 1) >> 1)] as const;
    const cpus = [Math.max(0, (first >> 1) - isrcs), ((last - 1) >> 1) - isrcs] as const;
    const names = [range('is_count of isrc', ...counts), range('upcalls of cpu', ...cpus)];
    return names.filter((name) => name !== '').join(', ');
  });
}

/** The DPCPU area of a vCPU. */
export function dynamicNamer(id: Vcpu, layout: PcpuDataLayout): Namer {
  const data = CPU_AREA.pcpuData;
  const enabled = data + layout.enabled;
  const fields: Fields = [
    [CPU_AREA.vcpuInfoPtr, '*vcpu_info'],
    [CPU_AREA.vcpuInfo + VCPU_INFO.upcallPending, 'vcpu_info.evtchn_upcall_pending'],
    [CPU_AREA.vcpuInfo + VCPU_INFO.pendingSel, 'vcpu_info.evtchn_pending_sel'],
    [data + layout.l1i, 'last_processed_l1i'],
    [data + layout.l2i, 'last_processed_l2i'],
    layout.counter < 0 ? [CPU_AREA.pintrcnt, 'pintrcnt'] : [data + layout.counter, 'evtchn_intrcnt'],
  ];
  return (from, to) => {
    const [first, end] = [Math.max(0, (from - enabled) >> 3), Math.min(64, (to - enabled) >> 3)];
    const words: Fields =
      first < end ? [[Math.max(from, enabled), `evtchn_enabled[${first}..${end - 1}]`]] : [];
    return structNamer(`cpu${id}: DPCPU area`, [...fields, ...words])(from, to);
  };
}

/** The static variables, whose first is the pointer to the shared page. */
export function staticsNamer(addresses: () => Statics): Namer {
  const names = Object.entries(STATIC_NAMES) as Array<[keyof Statics, string]>;
  return (from, to) => {
    const statics = addresses();
    const fields = names.map(([key, name]) => [statics[key] - statics.sharedInfoPtr, name] as const);
    return structNamer('kernel statics', fields)(from, to);
  };
}

/**
 * A page of a malloc zone. An object of the bucket that isrcs come from is one if the table of vectors says so; the
 * others there are handlers, in use or free.
 *
 * @param page address of its first byte
 */
export function heapNamer(vectors: Vectors, layout: XenIsrcLayout, bucket: number, page: () => Addr): Namer {
  const [kind, fields] = OF_BUCKET[bucket]!;
  const isrcFields = xenIsrcFields(layout);
  const isIsrc = (addr: Addr) => bucket === XENISRC_BUCKET && isrcIndex(vectors, addr) >= 0;
  const name = (i: number) => {
    const object = page() + i * bucket;
    const index = isrcIndex(vectors, isrcOf(vectors, bucket, object));
    if (index < 0) return `malloc-${bucket}, ${kind}`;
    return `${isIsrc(object) ? 'struct xenisrc' : kind} of isrc ${index}`;
  };
  return arrayNamer(bucket, name, (i) => (isIsrc(page() + i * bucket) ? isrcFields : fields));
}

/** What an object belongs to: itself, or the isrc of its event. What has no pointer to either leads nowhere. */
function isrcOf({ memory }: Vectors, bucket: number, object: Addr): Addr {
  if (bucket === EVENT.bucket) return memory.peek32(object + EVENT.source);
  if (bucket === ITHREAD.bucket) return memory.peek32(memory.peek32(object + ITHREAD.event) + EVENT.source);
  return bucket === XENISRC_BUCKET ? object : 0;
}

/** Place of an isrc in the order of creation; -1 for what is none. */
function isrcIndex({ memory, table, first, count }: Vectors, addr: Addr): number {
  const vector = memory.peek32(addr + INTSRC.index);
  const known = vector >= first && vector < count && memory.peek32(table + 8 * vector) === addr;
  return known ? vector - first : -1;
}

function xenIsrcFields(layout: XenIsrcLayout): Fields {
  return [
    [INTSRC.pic, 'is_pic'],
    [INTSRC.event, 'is_event'],
    [INTSRC.count, 'is_count'],
    [INTSRC.straycount, 'is_straycount'],
    [INTSRC.index, 'is_index'],
    [INTSRC.handlers, 'is_handlers'],
    [layout.vector, 'xi_vector'],
    [layout.type, 'xi_type'],
    [layout.cpu, 'xi_cpu'],
    [layout.port, 'xi_port'],
    [layout.virq, 'xi_virq'],
    [layout.cookie, 'xi_cookie'],
    [layout.flags, 'xi_close, xi_masked'],
    [layout.refcount, 'xi_refcount'],
  ];
}
