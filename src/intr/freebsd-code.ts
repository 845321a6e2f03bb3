/** The generations of FreeBSD's interrupt code, as the functions that make them up. */
import { ChannelKind } from '../xen/abi.ts';
import { bindPort, type TakeIsrc } from './bind.ts';
import { findA, putBackA, releaseIsrcA, takeIsrcA } from './bind-a.ts';
import { findC, putBackC, releaseIsrcC, takeIsrcC } from './bind-c.ts';
import { PCPU_DATA_A, PCPU_DATA_C, XENISRC_A, XENISRC_C } from './layout.ts';
import type { FreeBsdGeneration } from './os.ts';
import { type ReleaseIsrc, unbindHandle, unbindPort } from './release.ts';
import { resumeA } from './resume-a.ts';
import { resumeC } from './resume-c.ts';
import { GENERATION_A, GENERATION_C, GENERATION_C_FIFO } from './source-files.ts';
import { scanA, upcallA } from './upcall-a.ts';
import { scanC, upcallC } from './upcall-c.ts';
import { scanFifo, takeIsrcFifo } from './upcall-fifo.ts';

type Binding = Pick<FreeBsdGeneration, 'bind' | 'bindLocal' | 'unbind' | 'unbindHandle'>;

function binding(take: TakeIsrc, release: ReleaseIsrc): Binding {
  return {
    bind: (os, cpu, kind, handler, vcpu) => bindPort(os, cpu, kind, handler, vcpu, take, 0),
    bindLocal: (os, cpu, port, handler, vcpu) =>
      bindPort(os, cpu, ChannelKind.unbound, handler, vcpu, take, port),
    unbind: (os, cpu, port) => unbindPort(os, cpu, port, release),
    unbindHandle: (os, cpu, isrc) => unbindHandle(os, cpu, isrc, release),
  };
}

/** Generation A2: one file, one lock. */
export const CODE_A: FreeBsdGeneration = {
  id: GENERATION_A,
  isrc: XENISRC_A,
  pcpu: PCPU_DATA_A,
  upcall: upcallA,
  scan: scanA,
  find: findA,
  putBack: putBackA,
  resume: resumeA,
  ...binding(takeIsrcA, releaseIsrcA),
};

/** Generation C: the end of the 2023 series. */
export const CODE_C: FreeBsdGeneration = {
  id: GENERATION_C,
  isrc: XENISRC_C,
  pcpu: PCPU_DATA_C,
  upcall: upcallC,
  scan: scanC,
  find: findC,
  putBack: putBackC,
  resume: resumeC,
  ...binding(takeIsrcC, releaseIsrcC),
};

/** Generation C with the FIFO ABI: a what-if. */
export const CODE_C_FIFO: FreeBsdGeneration = {
  ...CODE_C,
  id: GENERATION_C_FIFO,
  scan: scanFifo,
  ...binding(takeIsrcFifo, releaseIsrcC),
};
