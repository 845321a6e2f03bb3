/** Sources in their layout: a contiguous table of pointers, and objects at a stride, in table order or shuffled. */
import { RandomStream } from '../../model/random.ts';
import type { Addr } from '../../model/units.ts';
import { PAGE_BYTES } from '../../x86/memory.ts';
import { SOURCE } from './layout.ts';
import { SEED } from './places.ts';
import type { Room } from './room.ts';
import { DataLines } from './states.ts';

/** First vector of the sources: what the table's index starts from. */
const FIRST = 256;

/** How objects lie: their stride in bytes, and whether their order is that of the table. */
export interface Layout {
  readonly stride: number;
  readonly shuffled: boolean;
}

/** `seq128`, `shuf256` and so on; `seq` and `shuf` alone mean the stride of the objects' buckets. */
export function layoutOf(name: string): Layout | undefined {
  const match = /^(seq|shuf)(128|256)?$/.exec(name);
  if (match === null) return undefined;
  return { stride: match[2] === undefined ? 128 : Number(match[2]), shuffled: match[1] === 'shuf' };
}

/** 0..n-1 in order, or shuffled. */
export function orderOf(n: number, shuffled: boolean): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  if (shuffled) new RandomStream(SEED, 'order of the objects').shuffle(order);
  return order;
}

/** The sources of a case. */
export interface Population {
  /** Address of the slot of the first source in the table. */
  readonly slots: Addr;
  /** Sources by index. */
  readonly sources: readonly Addr[];
  readonly data: DataLines;
  /** One address on each line of table and sources. */
  readonly lines: readonly Addr[];
}

/** Places `n` sources, all in use, and the scalars that say where they are. */
export function populate(room: Room, n: number, layout: Layout): Population {
  const { memory, scalars } = room;
  const { stride, shuffled } = layout;
  const table = memory.place('source table', (FIRST + n) * 8, PAGE_BYTES);
  const arena = memory.place('sources', n * stride, PAGE_BYTES);
  const slots = table + 8 * FIRST;
  const sources = orderOf(n, shuffled).map((place) => arena + stride * place);
  const data = new DataLines(memory);
  data.add(slots, 8 * n);
  sources.forEach((source, i) => {
    memory.poke64(slots + 8 * i, source);
    memory.poke32(source + SOURCE.kind, 1);
    data.add(source, SOURCE.bytes);
  });
  memory.poke64(scalars.table, table);
  memory.poke32(scalars.tableCount, FIRST + n);
  memory.poke32(scalars.first, FIRST);
  memory.poke32(scalars.count, n);
  const lines = [...sources];
  for (let slot = slots; slot < slots + 8 * n; slot += 64) lines.push(slot);
  return { slots, sources, data, lines };
}
