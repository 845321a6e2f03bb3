/** Single operations: on registers, on one word of memory, fences. `first touch`: what a cold line adds to sixteen. */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { LINE_BYTES, PAGE_BYTES } from '../../../x86/memory.ts';
import type { Figure } from '../protocol.ts';
import type { Room } from '../room.ts';
import { chill, DataLines, type State } from '../states.ts';
import {
  COPIES,
  type LoopSites,
  loopSites,
  oneCall,
  perOperation,
  primitiveFile,
  runCopies,
  runLoop,
} from './loop.ts';

/** One operation on the word at `addr`, if it uses one; returns when its result is there. */
type Operation = (core: Core, addr: Addr, dep: Ready) => Ready;

interface Entry {
  readonly at: LoopSites;
  readonly run: Operation;
}

const file = primitiveFile('operations');

function entry(name: string, instructions: number, run: Operation): [string, Entry] {
  return [`op_${name}`, { at: loopSites(file.fn(`p_${name}`), COPIES * instructions), run }];
}

/** Operations by the kernel's name. */
const OPERATIONS = new Map<string, Entry>([
  entry('add_lat', 1, (core, _, dep) => core.alu(dep)),
  entry('imul_lat', 1, (core, _, dep) => core.imul(dep)),
  entry('bsf_lat', 1, (core, _, dep) => core.bitScan(1, 0, dep)),
  entry('tzcnt_lat', 1, (core, _, dep) => core.bitScan(1, 0, dep)),
  entry('shl_cl_lat', 1, (core, _, dep) => core.shift(dep)),
  entry('cmov_lat', 2, (core, _, dep) => {
    core.free(1);
    return core.alu(dep);
  }),
  entry('div64', 4, (core, _, dep) => {
    const low = core.alu(dep);
    core.free(1);
    return core.alu(core.div(low));
  }),
  entry('lfence', 1, (core) => core.lfence()),
  entry('mfence', 1, (core) => core.mfence()),
  entry('store_mfence', 2, (core, addr) => {
    core.store64(addr, 1, 0, NOW);
    return core.mfence();
  }),
  entry('xchg', 1, (core, addr, dep) => core.xchg64(addr, 1, 0, dep)),
  entry('lock_add', 1, (core, addr) => core.lockAdd32(addr, 1, NOW)),
  entry('lock_and', 1, (core, addr) => core.lockAnd64(addr, 1, 0, NOW)),
  entry('lock_btr_reg', 1, (core, addr) => core.lockBitReset(addr, 1, NOW)),
  entry('lock_cmpxchg', 2, (core, addr) => core.cmpxchg64(addr, 0, 0, 1, 0, core.alu(NOW))),
  entry('plain_rmw_add', 1, (core, addr) => core.add64(addr, 1, NOW)),
  entry('store_forward', 2, (core, addr, dep) => {
    core.store64(addr, 1, 0, dep);
    return core.load64(addr, NOW);
  }),
]);

const independent = loopSites(file.fn('p_add_indep'), 6 * COPIES);

/** Whether the model has the operation. */
export function isOperation(kernel: string): boolean {
  return OPERATIONS.has(kernel);
}

/** Operations back to back. */
export function backToBack(room: Room, kernel: string): Figure {
  const { core, memory } = room;
  const word = memory.place('word', LINE_BYTES, PAGE_BYTES);
  const { at, run } = OPERATIONS.get(kernel)!;
  return perOperation(core, (n) => runCopies(core, at, n, (dep) => run(core, word, dep)));
}

/** What sixteen operations take on a cold line more than on a warm one. */
export function firstTouch(room: Room, kernel: string, state: State): Figure {
  const { core, memory, uncore } = room;
  const data = new DataLines(memory);
  const word = memory.place('word', LINE_BYTES, PAGE_BYTES);
  data.add(word, LINE_BYTES);
  const { at, run } = OPERATIONS.get(kernel)!;
  const sixteen = () => runCopies(core, at, COPIES, (dep) => run(core, word, dep));
  perOperation(core, sixteen);
  const warm = oneCall(core, sixteen);
  chill(core, uncore, data, state);
  const cold = oneCall(core, sixteen);
  return { cycles: cold.cycles - warm.cycles, instructions: cold.instructions };
}

/** Six chains of adds beside one another: a figure for each add. */
export function independentAdds(room: Room): Figure {
  const { core } = room;
  const chains = [NOW, NOW, NOW, NOW, NOW, NOW];
  const turn = () => {
    for (let copy = 0; copy < COPIES; copy++) {
      for (let chain = 0; chain < chains.length; chain++) chains[chain] = core.alu(chains[chain]!);
    }
    return NOW;
  };
  const each = COPIES * chains.length;
  return perOperation(core, (n) => runLoop(core, independent, n / each, turn), 16 * each);
}
