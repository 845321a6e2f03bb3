/**
 * The unit allocator's structures: what check_unrhdr of sys/kern/subr_unit.c asserts, after every operation, and the
 * lists that small cases must leave.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strategyByName } from '../../src/intr/alloc/strategies.ts';
import { NBITS, UNR, UNRHDR } from '../../src/intr/alloc/unr/layout.ts';
import { RandomStream } from '../../src/model/random.ts';
import { PORTS } from '../../src/xen/abi.ts';
import { Contract } from '../contract/contract.ts';

const strategy = { ...strategyByName('unr'), order: 'lowest' } as const;

/** What the header and its list say. */
interface Units {
  readonly first: number;
  readonly last: number;
  /** `+3` for a run of three used ones, `-3` of free ones, a bitmap as its bits, `#` for used. */
  readonly list: readonly string[];
}

/** Reads the list and asserts that it agrees with the counts in the header. */
function check(contract: Contract): Units {
  const { memory } = contract.os.image;
  const uh = memory.regions.find((r) => r.name === 'struct unrhdr of the isrcs')!.start;
  const word = (offset: number) => memory.peek32(uh + offset);
  const list: string[] = [];
  let used = word(UNRHDR.first);
  let pieces = 0;
  let all = word(UNRHDR.first) + word(UNRHDR.last);
  let link = uh + UNRHDR.head;
  for (let up = memory.peek32(link); up !== 0; up = memory.peek32(up)) {
    assert.equal(memory.peek32(up + 8), link, 'the link back leads to what leads here');
    link = up;
    const len = memory.peek32(up + UNR.len);
    const ptr = memory.peek32(up + UNR.ptr);
    all += len;
    pieces++;
    if (ptr === 0 || ptr === uh) {
      list.push(`${ptr === uh ? '+' : '-'}${len}`);
      if (ptr === uh) used += len;
      continue;
    }
    assert.ok(len <= NBITS);
    pieces++;
    const bits = Array.from({ length: len }, (_, i) => (memory.peek32(ptr + 4 * (i >>> 5)) >>> (i & 31)) & 1);
    used += bits.reduce((sum, bit) => sum + bit, 0);
    list.push(bits.map((bit) => '.#'[bit]).join(''));
  }
  assert.equal(memory.peek32(uh + UNRHDR.head + 8), link, 'the tail is the last link');
  assert.equal(used, word(UNRHDR.busy), 'busy');
  assert.equal(pieces, word(UNRHDR.alloc), 'alloc');
  assert.equal(all, PORTS, 'every number is somewhere');
  assert.equal(memory.peek32(uh + UNRHDR.ppfree), 0, 'nothing waits to be freed');
  return { first: word(UNRHDR.first), last: word(UNRHDR.last), list };
}

test('small cases leave the lists that the C leaves', () => {
  const contract = new Contract(strategy, 'freebsd-c');
  for (let port = 1; port <= 400; port++) contract.take(0, port);
  assert.deepEqual(check(contract), { first: 400, last: 3696, list: [] });
  contract.give(0, 400);
  assert.deepEqual(check(contract), { first: 399, last: 3697, list: [] });
  contract.give(0, 390);
  assert.deepEqual(check(contract), { first: 389, last: 3697, list: ['-1', '+9'] });
  contract.give(0, 391);
  assert.deepEqual(check(contract), { first: 389, last: 3697, list: ['-2', '+8'] });
  contract.give(0, 50);
  assert.deepEqual(check(contract).list, ['-1', '+339', '-2', '+8']);
  // Three pieces that fit into 256 bits become a bitmap.
  contract.give(0, 60);
  assert.deepEqual(check(contract), { first: 49, last: 3697, list: ['.#########.', '+329', '-2', '+8'] });
  contract.take(0, 50);
  assert.deepEqual(check(contract).list, ['##########.', '+329', '-2', '+8']);
  // A bitmap that is full is a run again, and a used run at the start belongs to `first`.
  contract.take(0, 60);
  assert.deepEqual(check(contract), { first: 389, last: 3697, list: ['-2', '+8'] });
});

test('the lists agree with the counts after every operation, with runs and with bitmaps', () => {
  const contract = new Contract(strategy, 'freebsd-c');
  const random = new RandomStream(5, 'unr');
  let runs = 0;
  let bitmaps = 0;
  let longest = 0;
  for (let i = 0; i < 20_000; i++) {
    const port = 1 + random.below(900);
    if (contract.live.has(port)) contract.give(0, port);
    else contract.take(0, port);
    const { list } = check(contract);
    runs += list.filter((e) => /^[+-]/.test(e)).length;
    bitmaps += list.filter((e) => /^[.#]/.test(e)).length;
    longest = Math.max(longest, list.length);
  }
  assert.ok(runs > 1000 && bitmaps > 1000 && longest > 3, `${runs} runs, ${bitmaps} bitmaps, ${longest}`);
});
