/** Branches on random, always or never taken bits, and calls. */
import { RandomStream } from '../../../model/random.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { LINE_BYTES, PAGE_BYTES } from '../../../x86/memory.ts';
import { SEED } from '../places.ts';
import type { Figure } from '../protocol.ts';
import type { Room } from '../room.ts';
import { loopSites, perOperation, primitiveFile, runLoop } from './loop.ts';

const WORD_BITS = 64;
/** Branches and calls of a timed call: new bits and targets each time. */
const BRANCHES = 4096;
const CALLS = 1024;
const file = primitiveFile('control');

/** Which way the branches go. */
export const DIRECTIONS = ['random', 'always taken', 'never taken'] as const;

/** One of them. */
export type Direction = (typeof DIRECTIONS)[number];

const bitsFn = file.fn('p_branch_bits');
const bits = {
  enter: bitsFn.site('entry', 4),
  word: bitsFn.site('next word', 1),
  test: Array.from({ length: WORD_BITS }, (_, i) => ({
    at: bitsFn.site(`bit ${i}`, 2),
    add: bitsFn.site(`bit ${i} is set`, 1),
  })),
  turn: bitsFn.site('turn', 3),
  leave: bitsFn.site('return', 2),
};

const oneFn = file.fn('p_branch_one');
const one = {
  enter: oneFn.site('entry', 4),
  word: oneFn.site('next word', 2),
  test: oneFn.site('a bit', 2),
  add: oneFn.site('the bit is set', 1),
  next: oneFn.site('next bit', 2),
  turn: oneFn.site('turn', 3),
  leave: oneFn.site('return', 2),
};

const direct = loopSites(file.fn('p_call_direct'), 4);
const through = loopSites(file.fn('p_call_indirect'), 8);
const pick = loopSites(file.fn('p_call_pick'), 5);
const LEAVES = Array.from({ length: 8 }, (_, i) => file.fn(`leaf${i}`).site('nop, return', 3));
const NOTHING = file.fn('nothing').site('return', 2);

/** branch_64sites, or branch_1site: a figure for each bit. */
export function branches(room: Room, direction: Direction, sites: 1 | 64): Figure {
  const { core, memory } = room;
  const words = memory.place('bits', BRANCHES / 8, PAGE_BYTES);
  const random = new RandomStream(SEED, 'bits of the branches');
  const run = sites === 1 ? oneSite : manySites;
  return perOperation(
    core,
    (n) => {
      // A branch is taken over its add where the bit is clear.
      const set = Array.from(
        { length: n },
        () => direction !== 'always taken' && (direction === 'never taken' || random.below(2) === 1),
      );
      run(core, words, set);
    },
    BRANCHES,
  );
}

function manySites(core: Core, words: number, set: readonly boolean[]): void {
  core.at(bits.enter);
  core.free(4);
  let tCount = NOW;
  for (let w = 0; w < set.length; w += WORD_BITS) {
    core.at(bits.word);
    let t = core.load64(words + w / 8, NOW);
    for (let bit = 0; bit < WORD_BITS; bit++) {
      const { at, add } = bits.test[bit]!;
      core.at(at);
      t = core.shift(t);
      if (!core.jcc(!set[w + bit]!, t)) {
        core.at(add);
        core.free(1);
      }
    }
    core.at(bits.turn);
    tCount = core.alu(tCount);
    core.branch(w + WORD_BITS < set.length, tCount);
  }
  core.at(bits.leave);
  core.free(1);
  core.ret();
}

function oneSite(core: Core, words: number, set: readonly boolean[]): void {
  core.at(one.enter);
  core.free(4);
  let tCount = NOW;
  for (let w = 0; w < set.length; w += WORD_BITS) {
    core.at(one.word);
    let t = core.load64(words + w / 8, NOW);
    let tLeft = core.alu(NOW);
    for (let bit = 0; bit < WORD_BITS; bit++) {
      core.at(one.test);
      t = core.shift(t);
      if (!core.jcc(!set[w + bit]!, t)) {
        core.at(one.add);
        core.free(1);
      }
      core.at(one.next);
      tLeft = core.alu(tLeft);
      core.jcc(bit + 1 < WORD_BITS, tLeft);
    }
    core.at(one.turn);
    tCount = core.alu(tCount);
    core.branch(w + WORD_BITS < set.length, tCount);
  }
  core.at(one.leave);
  core.free(1);
  core.ret();
}

/** op_call_direct: four calls of a leaf a turn. */
export function directCalls(room: Room): Figure {
  const { core } = room;
  const turn = () => {
    for (let i = 0; i < 4; i++) {
      core.call();
      leaf(core, LEAVES[0]!);
      core.at(direct.turn);
    }
    return NOW;
  };
  return perOperation(core, (n) => runLoop(core, direct, n / 4, turn));
}

/** op_call_indirect: four calls a turn through a pointer in memory, always to the same function. */
export function indirectCalls(room: Room): Figure {
  const { core, memory } = room;
  const pointer = memory.place('pointer', LINE_BYTES, LINE_BYTES);
  const turn = () => {
    for (let i = 0; i < 4; i++) {
      core.indirectCall(NOTHING, core.load64(pointer, NOW));
      core.at(NOTHING);
      core.free(1);
      core.ret();
      core.at(through.turn);
    }
    return NOW;
  };
  return perOperation(core, (n) => runLoop(core, through, n / 4, turn));
}

/** call_indirect_random: one call a turn, its target one of `targets` at random. */
export function pickedCalls(room: Room, targets: number): Figure {
  const { core, memory } = room;
  const list = memory.place('targets', CALLS, PAGE_BYTES);
  const table = memory.place('leaves', 8 * LEAVES.length, LINE_BYTES);
  const random = new RandomStream(SEED, 'targets of the calls');
  return perOperation(
    core,
    (n) => {
      let i = 0;
      runLoop(core, pick, n, (dep) => {
        const which = core.alu(core.load8(list + i++, NOW));
        const chosen = random.below(targets);
        const target = LEAVES[chosen]!;
        core.indirectCall(target, core.operand64(table + 8 * chosen, which));
        leaf(core, target);
        core.at(pick.turn);
        core.free(1);
        return core.alu(dep);
      });
    },
    CALLS,
  );
}

function leaf(core: Core, site: number): void {
  core.at(site);
  core.free(2);
  core.ret();
}
