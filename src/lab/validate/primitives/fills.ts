/** Fills of a buffer: rep stos and a loop of 8-byte stores. rep stosb is charged as rep stosq: the model has no other. */
import { NOW } from '../../../x86/core.ts';
import { PAGE_BYTES } from '../../../x86/memory.ts';
import type { Figure } from '../protocol.ts';
import type { Room } from '../room.ts';
import { chill, DataLines, type State } from '../states.ts';
import { loopSites, oneCall, perOperation, primitiveFile, runLoop } from './loop.ts';

const file = primitiveFile('fills');
const rep = loopSites(file.fn('p_rep_stosq'), 3);
const storesFn = file.fn('p_store_loop');
const stores = { ...loopSites(storesFn, 2), four: storesFn.site('four stores', 7) };

/** Bytes that one turn of the loop of stores clears. */
const BYTES_A_TURN = 32;
/** Fills of a timed call. */
const FILLS = 64;

/** Ways to fill, by the kernel's name. */
export const FILL_KERNELS = ['rep_stosq', 'rep_stosb', 'store8_loop'] as const;

/** Warm: fills back to back. Cold: one fill and mfence on a buffer that left the caches. */
export function fill(room: Room, kernel: (typeof FILL_KERNELS)[number], bytes: number, state: State): Figure {
  const { core, memory, uncore } = room;
  const buffer = memory.place('buffer', bytes, PAGE_BYTES);
  const data = new DataLines(memory);
  data.add(buffer, bytes);
  const repeated = (n: number) =>
    runLoop(core, rep, n, (dep) => {
      core.free(2);
      core.repStos(buffer, bytes, NOW);
      return dep;
    });
  const stored = (n: number) =>
    runLoop(core, stores, n, (dep) => {
      let tCount = core.alu(NOW);
      core.free(1);
      for (let at = 0; at < bytes; at += BYTES_A_TURN) {
        core.at(stores.four);
        for (let word = 0; word < BYTES_A_TURN; word += 8) core.store64(buffer + at + word, 0, 0, NOW);
        tCount = core.alu(tCount);
        core.branch(at + BYTES_A_TURN < bytes, tCount);
      }
      core.at(stores.turn);
      return dep;
    });
  const run = kernel === 'store8_loop' ? stored : repeated;
  const warm = perOperation(core, run, FILLS);
  if (state === 'warm') return warm;
  chill(core, uncore, data, state);
  const { cycles } = oneCall(core, () => {
    run(1);
    core.mfence();
  });
  return { cycles, instructions: warm.instructions };
}
