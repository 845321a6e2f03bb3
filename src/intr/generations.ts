/** The guests' kernels that have a name on the command line. */
import { unknownName } from '../model/errors.ts';
import { IDT_EVTCHN } from './entry.ts';
import { CODE_A, CODE_C, CODE_C_FIFO } from './freebsd-code.ts';
import { placeFreeBsd } from './freebsd-kernel.ts';
import type { AbiName, Generation } from './guest-kernel.ts';
import { HYPERVISOR_CALLBACK_VECTOR } from './linux/entry.ts';
import { placeLinux } from './linux/kernel.ts';
import { FREEBSD_LUMPS, LINUX_LUMPS } from './lumps.ts';
import type { FreeBsdGeneration } from './os.ts';

function freeBsd(name: string, what: string, abi: AbiName, code: FreeBsdGeneration): Generation {
  return {
    name,
    what,
    abi,
    vector: IDT_EVTCHN,
    findsIsrcs: true,
    unmasks: ['hypercall', 'local'],
    lumps: FREEBSD_LUMPS,
    place: (memory, vcpus) => placeFreeBsd(memory, vcpus, code, abi),
  };
}

function linux(name: string, what: string, abi: AbiName): Generation {
  return {
    name,
    what,
    abi,
    vector: HYPERVISOR_CALLBACK_VECTOR,
    findsIsrcs: false,
    unmasks: ['local'],
    lumps: LINUX_LUMPS,
    place: (memory, vcpus) => placeLinux(memory, vcpus, abi),
  };
}

/** All kernels, in the order in which they are listed. */
export const GENERATIONS: readonly Generation[] = [
  freeBsd(
    'freebsd-a',
    'sys/x86/xen/xen_intr.c of 2021 to 2023: FreeBSD 13.1 and later 13.x',
    '2-level',
    CODE_A,
  ),
  freeBsd(
    'freebsd-c',
    'sys/x86/xen/xen_arch_intr.c and sys/dev/xen/bus/xen_intr.c: main since 2023, FreeBSD 14',
    '2-level',
    CODE_C,
  ),
  freeBsd('freebsd-fifo', 'a what-if: freebsd-c with a consumer of the FIFO ABI', 'fifo', CODE_C_FIFO),
  linux('linux-2l', 'drivers/xen/events/events_2l.c, with lateeoi: Linux since 5.12', '2-level'),
  linux('linux-fifo', 'drivers/xen/events/events_fifo.c, the standard of Linux since 3.14', 'fifo'),
];

/** The kernel of that name; a UserError (exit 2) with the nearest name otherwise. */
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
