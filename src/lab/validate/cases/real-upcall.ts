/** Cases of the kernel's own pending scan, from its call to its return, with an event of one filter behind each port. */
import { FILTER } from '../../../intr/dispatch.ts';
import { EVENT, HANDLER, INTSRC, PCPU, SOFTC_BUCKET, THREAD, XENISRC_BUCKET } from '../../../intr/layout.ts';
import type { Addr } from '../../../model/units.ts';
import { NOW } from '../../../x86/core.ts';
import type { Machine } from '../../../x86/machine.ts';
import { PAGE_BYTES } from '../../../x86/memory.ts';
import { SITE_ADDRESS } from '../../../x86/sites.ts';
import { PORTS, SHARED_INFO, VCPU_INFO } from '../../../xen/abi.ts';
import { BenchGuest } from '../../bench-guest.ts';
import type { Guest } from '../../guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../scenario.ts';
import { type Case, steadyEffort } from '../case.ts';
import type { Parameters } from '../parameters.ts';
import { type Layout, orderOf } from '../population.ts';
import { DataLines } from '../states.ts';
import { type PendingState, pendingOf } from './ports.ts';

/** Instructions of a call for one port, about: for the number of calls only. */
const PER_PORT = 150;
/** Bytes of the per-CPU data behind its cursors: the 64 enabled words. */
const ENABLED_BYTES = 512;

/** real_upcall_old (`freebsd-a`) and real_upcall_new (`freebsd-c`). */
export function realUpcallCase(machine: Machine, p: Parameters, layout: Layout, guest: string): Case {
  const pending = pendingOf(p);
  const bench = new BenchGuest({ ...scenarioOf({ ...DEFAULT_NAMES, guest }), machine });
  const { guest: g } = bench;
  const { os, cpus } = g.freeBsd;
  const cpu = cpus[0]!;
  const { core } = cpu;
  const data = coldLines(g);
  for (let w = 0; w < 64; w++) g.memory.poke64(g.domain.sharedInfo + SHARED_INFO.mask + 8 * w, 0);
  bindAll(g, data, layout);
  return {
    core,
    uncore: g.uncore,
    data,
    touched: [],
    effort: steadyEffort(PER_PORT * pending.ports.length),
    restore: () => raise(g, pending),
    call: () => {
      bench.order.length = 0;
      bench.run(os.generation.scan(os, cpu));
    },
  };
}

/** Shared page, vcpu_info and everything per CPU but the stack. */
function coldLines(g: Guest): DataLines {
  const { memory, domain } = g;
  const { os, cpus } = g.freeBsd;
  const cpu = cpus[0]!;
  const data = new DataLines(memory);
  data.add(domain.sharedInfo + SHARED_INFO.pending, 2 * ENABLED_BYTES);
  data.add(domain.vcpuInfo[0]!, VCPU_INFO.bytes);
  data.add(cpu.pcpu, PCPU.bytes);
  data.add(cpu.thread, THREAD.bytes);
  data.add(cpu.vcpuInfoPtr, 16);
  data.add(cpu.pcpuData, os.generation.pcpu.bytes);
  data.add(cpu.vIntr, 8);
  data.add(os.image.portToIsrc, PORTS * 8);
  data.add(os.image.intrcnt, os.image.pic - os.image.intrcnt);
  return data;
}

/** An isrc with its event and a handler whose filter counts for every port, as `createIsrc` and `serve` leave them. */
function bindAll(g: Guest, data: DataLines, layout: Layout): void {
  const { memory } = g;
  const { image, generation } = g.freeBsd.os;
  const { isrc: xen } = generation;
  const place = (name: string, bucket: number) => {
    const at = memory.place(name, PORTS * bucket, PAGE_BYTES);
    data.add(at, PORTS * bucket);
    return at;
  };
  const isrcs = place('isrcs', XENISRC_BUCKET);
  const events = place('events', EVENT.bucket);
  const handlers = place('handlers', HANDLER.bucket);
  const arguments_ = place('softcs', SOFTC_BUCKET);
  orderOf(PORTS, layout.shuffled).forEach((at, port) => {
    const isrc = isrcs + at * XENISRC_BUCKET;
    const event = events + at * EVENT.bucket;
    const handler = handlers + at * HANDLER.bucket;
    const counter: Addr = image.intrcnt + 8 * (1 + 2 * port);
    memory.poke64(image.portToIsrc + 8 * port, isrc);
    memory.poke64(isrc + INTSRC.pic, image.pic);
    memory.poke64(isrc + INTSRC.event, event);
    memory.poke64(isrc + INTSRC.count, counter);
    memory.poke64(isrc + INTSRC.straycount, counter + 8);
    memory.poke32(isrc + xen.vector, port + 1);
    memory.poke32(isrc + xen.port, port);
    memory.poke32(isrc + xen.type, 4);
    memory.poke64(event + EVENT.source, isrc);
    memory.poke64(event + EVENT.handlers, handler);
    memory.poke64(handler + HANDLER.filter, SITE_ADDRESS[FILTER.count]!);
    memory.poke64(handler + HANDLER.argument, arguments_ + at * SOFTC_BUCKET);
  });
}

/** Makes the ports pending again, and puts the cursors back if the row says so. */
function raise(g: Guest, s: PendingState): void {
  const { domain } = g;
  const { os, cpus } = g.freeBsd;
  const { core, pcpuData } = cpus[0]!;
  const pendingWords = domain.sharedInfo + SHARED_INFO.pending;
  for (const { word, lo, hi } of s.words) core.store64(pendingWords + 8 * word, lo, hi, NOW);
  const info = domain.vcpuInfo[0]!;
  core.store64(info + VCPU_INFO.pendingSel, s.selectorLo, s.selectorHi, NOW);
  core.store8(info + VCPU_INFO.upcallPending, 1, NOW);
  if (!s.reset) return;
  core.store32(pcpuData + os.generation.pcpu.l1i, 63, NOW);
  core.store32(pcpuData + os.generation.pcpu.l2i, 63, NOW);
}
