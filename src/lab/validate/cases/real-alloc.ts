/** Cases of the kernel's own allocators: generation A's scan without its lock, generation C's free list. */

import { LinearAllocator } from '../../../intr/alloc/linear.ts';
import { XENISRC_BYTES } from '../../../intr/layout.ts';
import { runAlone } from '../../../intr/os.ts';
import type { Addr } from '../../../model/units.ts';
import { NOW } from '../../../x86/core.ts';
import type { Machine } from '../../../x86/machine.ts';
import { LINE_BYTES, PAGE_BYTES } from '../../../x86/memory.ts';
import { BenchGuest } from '../../bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../scenario.ts';
import { type Case, steadyEffort } from '../case.ts';
import { MOST_SOURCES, type Parameters } from '../parameters.ts';
import { type Layout, orderOf } from '../population.ts';
import { DataLines } from '../states.ts';
import { effortOf, placesOf } from './scan.ts';

const UNBOUND = 0;
const IN_USE = 4;
const STEP = 19;

/** A guest of the machine, its isrcs, and the lines they are on. */
function population(machine: Machine, guest: string, strategy: string, n: number, layout: Layout) {
  const bench = new BenchGuest({ ...scenarioOf({ ...DEFAULT_NAMES, guest, strategy }), machine });
  const { guest: g } = bench;
  const { memory, uncore } = g;
  const { os, cpus } = g.freeBsd;
  const cpu = cpus[0]!;
  const data = new DataLines(memory);
  const arena = memory.place('isrcs', n * layout.stride, PAGE_BYTES);
  data.add(os.table.slot(0), 8 * n);
  const isrcs = orderOf(n, layout.shuffled).map((place) => arena + layout.stride * place);
  const touched: Addr[] = [...isrcs];
  isrcs.forEach((isrc, i) => {
    memory.poke64(os.table.slot(i), isrc);
    memory.poke32(isrc + os.generation.isrc.type, IN_USE);
    data.add(isrc, XENISRC_BYTES);
    touched.push(os.table.slot(i));
  });
  memory.poke32(os.image.statics.autoVectorCount, n);
  return { cpu, core: cpu.core, uncore, os, memory, data, isrcs, touched };
}

/**
 * real_find_unused: N isrcs, the last, a random one or none of them unused.
 *
 * @param clang as clang compiles it: with a frame pointer in the lookup
 */
export function findCase(machine: Machine, p: Parameters, layout: Layout, clang: boolean): Case {
  const n = p.integer('N', 1, MOST_SOURCES);
  const free = p.word('free', ['end', 'rand', 'none']);
  const { cpu, core, uncore, os, data, isrcs, touched } = population(
    machine,
    'freebsd-a',
    'linear',
    n,
    layout,
  );
  const effort = effortOf(free === 'rand', n * STEP);
  const place = placesOf(free, n, effort);
  const { type } = os.generation.isrc;
  const allocator = new LinearAllocator(os.table, clang);
  return {
    core,
    uncore,
    data,
    touched,
    effort,
    restore: () => {
      const i = place();
      if (i >= 0) core.store32(isrcs[i]! + type, UNBOUND, NOW);
    },
    call: () => runAlone(os.generation.find({ ...os, allocator }, cpu, n)),
  };
}

/** real_alloc_pop and real_release_push: a free list of `pool` isrcs, for a push without the first. */
export function freeListCase(machine: Machine, p: Parameters, layout: Layout, pops: boolean): Case {
  const n = p.integer('pool', 1, MOST_SOURCES);
  const from = population(machine, 'freebsd-c', 'slist', n, layout);
  const { cpu, core, uncore, os, memory, data, isrcs, touched } = from;
  const { availList } = os.image.statics;
  data.add(availList & -LINE_BYTES, LINE_BYTES);
  isrcs.forEach((isrc, i) => {
    memory.poke64(isrc + os.generation.isrc.link, isrcs[i + 1] ?? 0);
  });
  const first = pops ? isrcs[0]! : (isrcs[1] ?? 0);
  return {
    core,
    uncore,
    data,
    touched,
    effort: steadyEffort(STEP),
    restore: () => core.store64(availList, first, 0, NOW),
    call: () => {
      if (pops) runAlone(os.allocator.alloc(cpu, n));
      else runAlone(os.allocator.release(cpu, isrcs[0]!));
    },
  };
}
