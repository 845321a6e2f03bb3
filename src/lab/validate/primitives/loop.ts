/**
 * How a primitive is measured: a function that does `n` operations, less an empty one, over `n`. The functions are
 * those of the ground truth's program: sixteen copies of an operation a turn of a loop, unless they say otherwise.
 */
import type { Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { type CodeFunction, SourceFile } from '../../../x86/sites.ts';
import { empty } from '../kernels/lookup.ts';
import { type Figure, timed } from '../protocol.ts';

/** Copies of an operation in the body of the loop. */
export const COPIES = 16;
/** Operations a timed call does. */
const OPERATIONS = 1024;
/** Calls before the timed one. */
const WARM_UP = 3;

/** The program's file; each of its parts has functions of its own. */
export function primitiveFile(part: string): SourceFile {
  return new SourceFile('kernels/p_kern.c', part);
}

/** Entry, turn and return of a function of one loop. */
export interface LoopSites {
  readonly enter: number;
  readonly turn: number;
  readonly leave: number;
  /** Instructions before the first turn and behind the last. */
  readonly before: number;
  readonly after: number;
}

/** The sites of a loop whose turn has `instructions`, its count and branch (three) not among them. */
export function loopSites(fn: CodeFunction, instructions: number, before = 3, after = 2): LoopSites {
  return {
    enter: fn.site('entry', before),
    turn: fn.site('turn', instructions + 3),
    leave: fn.site('return', after),
    before,
    after,
  };
}

/** The loop: `body` once a turn, with what the turn before returned. */
export function runLoop(core: Core, at: LoopSites, turns: number, body: (dep: Ready) => Ready): void {
  core.at(at.enter);
  core.free(at.before);
  let t: Ready = NOW;
  let tCount: Ready = NOW;
  for (let i = 0; i < turns; i++) {
    core.at(at.turn);
    t = body(t);
    tCount = core.alu(tCount);
    core.branch(i + 1 < turns, tCount);
  }
  core.at(at.leave);
  core.free(at.after - 1);
  core.ret();
}

/** The loop whose turn is `COPIES` operations, each needing the one before. */
export function runCopies(core: Core, at: LoopSites, n: number, operation: (dep: Ready) => Ready): void {
  runLoop(core, at, n / COPIES, (dep) => {
    for (let i = 0; i < COPIES; i++) dep = operation(dep);
    return dep;
  });
}

/** Figure of one operation of a function that does `n`, after calls that warm up. */
export function perOperation(core: Core, run: (n: number) => void, n = OPERATIONS): Figure {
  for (let i = 0; i < WARM_UP; i++) oneCall(core, () => run(n));
  return scaled(
    oneCall(core, () => run(n)),
    n,
  );
}

/** One call, less an empty one. */
export function oneCall(core: Core, f: () => void): Figure {
  const nothing = timed(core, () => empty(core)).cycles;
  const { cycles, instructions } = timed(core, f);
  return { cycles: cycles - nothing, instructions };
}

/** A figure over a number of operations. */
export function scaled({ cycles, instructions }: Figure, n: number): Figure {
  return { cycles: cycles / n, instructions: instructions / n };
}
