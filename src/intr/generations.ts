/** The generations of FreeBSD's interrupt code that have a name on the command line. */
import { unknownName } from '../model/errors.ts';
import { bindPort } from './bind.ts';
import { findA, putBackA, releaseIsrcA, takeIsrcA } from './bind-a.ts';
import { findC, putBackC, releaseIsrcC, takeIsrcC } from './bind-c.ts';
import { IDT_EVTCHN } from './entry.ts';
import { PCPU_DATA_A, PCPU_DATA_C, XENISRC_A, XENISRC_C } from './layout.ts';
import type { Generation } from './os.ts';
import { unbindPort } from './release.ts';
import { GENERATION_A, GENERATION_C } from './source-files.ts';
import { scanA, upcallA } from './upcall-a.ts';
import { scanC, upcallC } from './upcall-c.ts';

/** Generation A2: one file, one lock. */
export const FREEBSD_A: Generation = {
  id: GENERATION_A,
  name: 'freebsd-a',
  what: 'sys/x86/xen/xen_intr.c of 2021 to 2023: FreeBSD 13.1 and later 13.x',
  vector: IDT_EVTCHN,
  isrc: XENISRC_A,
  pcpu: PCPU_DATA_A,
  upcall: upcallA,
  scan: scanA,
  find: findA,
  putBack: putBackA,
  bind: (os, cpu, kind, handler, vcpu) => bindPort(os, cpu, kind, handler, vcpu, takeIsrcA),
  unbind: (os, cpu, port) => unbindPort(os, cpu, port, releaseIsrcA),
};

/** Generation C: the end of the 2023 series. */
export const FREEBSD_C: Generation = {
  id: GENERATION_C,
  name: 'freebsd-c',
  what: 'sys/x86/xen/xen_arch_intr.c and sys/dev/xen/bus/xen_intr.c: main since 2023, FreeBSD 14',
  vector: IDT_EVTCHN,
  isrc: XENISRC_C,
  pcpu: PCPU_DATA_C,
  upcall: upcallC,
  scan: scanC,
  find: findC,
  putBack: putBackC,
  bind: (os, cpu, kind, handler, vcpu) => bindPort(os, cpu, kind, handler, vcpu, takeIsrcC),
  unbind: (os, cpu, port) => unbindPort(os, cpu, port, releaseIsrcC),
};

/** All generations, in the order in which they are listed. */
export const GENERATIONS: readonly Generation[] = [FREEBSD_A, FREEBSD_C];

/** The generation of that name; a UserError (exit 2) with the nearest name otherwise. */
export function generationByName(name: string): Generation {
  const generation = GENERATIONS.find((g) => g.name === name);
  if (generation === undefined)
    throw unknownName(
      'guest',
      name,
      GENERATIONS.map((g) => g.name),
    );
  return generation;
}
