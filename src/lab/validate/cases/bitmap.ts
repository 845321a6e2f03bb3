/** Cases of the bitmaps: 4,095 sources; one of them is free, in a given word or a random one, or none is. */
import { NOW } from '../../../x86/core.ts';
import type { Machine } from '../../../x86/machine.ts';
import { LINE_BYTES } from '../../../x86/memory.ts';
import { bitHi, bitLo } from '../../../x86/word64.ts';
import { type Case, randomEffort, steadyEffort } from '../case.ts';
import { bitmapAlloc, bitmapFree, summaryAlloc, summaryFree, wordsOf } from '../kernels/bitmap.ts';
import { BITMAP, SOURCE } from '../layout.ts';
import { MOST_SOURCES, type Parameters } from '../parameters.ts';
import { Places } from '../places.ts';
import { type Layout, populate } from '../population.ts';
import { Room } from '../room.ts';

const USED = 1;
/** The free bit of a word that is given by its number alone. */
const BIT_OF_WORD = 32;
const INSTRUCTIONS = 200;

/** bmp_alloc, bmp_free, hbmp_alloc and hbmp_free. */
export function bitmapCase(
  machine: Machine,
  p: Parameters,
  layout: Layout,
  summary: boolean,
  frees: boolean,
): Case {
  const room = new Room(machine);
  const { core, memory, uncore } = room;
  const { slots, sources, data, lines } = populate(room, MOST_SOURCES, layout);
  const pool = memory.place('bitmap pool', BITMAP.bytes, LINE_BYTES);
  data.add(pool, BITMAP.bytes);
  memory.poke64(pool + BITMAP.table, slots);
  const touched = [...lines];
  for (let line = 0; line < BITMAP.bytes; line += LINE_BYTES) touched.push(pool + line);
  const common = { core, uncore, data, touched };
  /** Stores a word and its summary bit: empty, or with one bit. */
  const setWord = (w: number, bit: number) => {
    core.store64(pool + BITMAP.words + 8 * w, bit < 0 ? 0 : bitLo(bit), bit < 0 ? 0 : bitHi(bit), NOW);
    const empty = bit < 0;
    core.store64(pool + BITMAP.sum, empty ? 0 : bitLo(w), empty ? 0 : bitHi(w), NOW);
  };
  if (frees) {
    const index = p.integer('idx', 0, MOST_SOURCES - 1);
    const restore = () => {
      core.store32(sources[index]! + SOURCE.kind, USED, NOW);
      setWord(index >>> 6, -1);
    };
    const call = () => (summary ? summaryFree : bitmapFree)(core, pool, index);
    return { ...common, effort: steadyEffort(INSTRUCTIONS), restore, call };
  }
  const alloc = summary ? summaryAlloc : bitmapAlloc;
  const words = wordsOf(pool);
  const call = () => alloc(core, words, USED);
  const word = p.numbered('free', 'word', 0, 63);
  if (word === undefined && p.word('free', ['rand', 'none']) === 'rand') {
    const effort = randomEffort(INSTRUCTIONS);
    const places = new Places('bitmap', MOST_SOURCES, effort);
    const restore = () => {
      const index = places.next();
      setWord(index >>> 6, index & 63);
    };
    return { ...common, effort, restore, call };
  }
  const restore = () => {
    if (word !== undefined) setWord(word, BIT_OF_WORD);
  };
  return { ...common, effort: steadyEffort(INSTRUCTIONS), restore, call };
}
