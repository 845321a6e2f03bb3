/** The functional half of the core: what each operation does to memory, against BigInt arithmetic. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ModelBug } from '../../src/model/errors.ts';
import { type Core, NOW } from '../../src/x86/core.ts';
import { lowestBitFrom } from '../../src/x86/word64.ts';
import { benchOf, lawMachine } from '../support/core.ts';

const bench = benchOf(lawMachine());
const { core, memory, data } = bench;
core.begin(0);

const word = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const lo = (x: bigint) => Number(BigInt.asIntN(32, x));
const hi = (x: bigint) => Number(BigInt.asIntN(32, x >> 32n));
const join = (l: number, h: number) => (BigInt(h >>> 0) << 32n) | BigInt(l >>> 0);
const read = () => join(memory.peek32(data), memory.peek32(data + 4));

function holds(
  property: fc.IPropertyWithHooks<[bigint, bigint]> | fc.IPropertyWithHooks<[bigint, number]>,
): void {
  fc.assert(property as fc.IProperty<unknown>, { seed: 5, numRuns: 200 });
}

test('64-bit operations agree with BigInt', () => {
  const operations: Array<[string, (c: Core, b: bigint) => void, (a: bigint, b: bigint) => bigint]> = [
    ['lockAnd64', (c, b) => c.lockAnd64(data, lo(b), hi(b), NOW), (a, b) => a & b],
    ['lockOr64', (c, b) => c.lockOr64(data, lo(b), hi(b), NOW), (a, b) => a | b],
    ['or64', (c, b) => c.or64(data, lo(b), hi(b), NOW), (a, b) => a | b],
    ['xchg64', (c, b) => c.xchg64(data, lo(b), hi(b), NOW), (_a, b) => b],
    ['store64', (c, b) => c.store64(data, lo(b), hi(b), NOW), (_a, b) => b],
  ];
  for (const [name, run, expected] of operations) {
    holds(
      fc.property(word, word, (a, b) => {
        memory.poke64(data, lo(a), hi(a));
        run(core, b);
        assert.equal(read(), expected(a, b), name);
        if (name === 'xchg64') assert.equal(join(core.lo, core.hi), a);
      }),
    );
  }
});

test('add64 carries from the low half into the high one', () => {
  holds(
    fc.property(word, fc.nat(1000), (a, n) => {
      memory.poke64(data, lo(a), hi(a));
      core.add64(data, n, NOW);
      assert.equal(read(), BigInt.asUintN(64, a + BigInt(n)));
    }),
  );
});

test('bit-string operations address the word the bit is in, and leave the old bit', () => {
  holds(
    fc.property(word, fc.nat(63), (a, bit) => {
      const mask = 1n << BigInt(bit);
      const old = (a & mask) === 0n ? 0 : 1;
      const cases: Array<[(base: number, bit: number, dep: number) => number, bigint]> = [
        [core.lockBitSet.bind(core), a | mask],
        [core.lockBitReset.bind(core), a & ~mask],
        [core.lockBitComplement.bind(core), a ^ mask],
        [core.bitSet.bind(core), a | mask],
        [core.bitReset.bind(core), a & ~mask],
        [core.bitTest.bind(core), a],
      ];
      for (const [run, after] of cases) {
        memory.poke64(data, lo(a), hi(a));
        run(data, bit, NOW);
        assert.equal(core.lo, old);
        assert.equal(read(), after);
      }
    }),
  );
});

test('compare-and-exchange stores only when the word is as expected', () => {
  holds(
    fc.property(word, word, (a, b) => {
      memory.poke64(data, lo(a), hi(a));
      core.cmpxchg64(data, lo(b), hi(b), 7, 0, NOW);
      assert.equal(core.lo, a === b ? 1 : 0);
      assert.equal(read(), a === b ? 7n : a);
      core.cmpxchg64(data, memory.peek32(data), memory.peek32(data + 4), 9, 0, NOW);
      assert.equal(read(), 9n);
    }),
  );
});

test('narrow loads and stores touch their bytes only, zero-extended', () => {
  memory.poke64(data, 0x11223344, 0x55667788);
  core.store8(data + 1, 0xab, NOW);
  core.store16(data + 4, 0xcdef, NOW);
  assert.equal(read(), 0x5566cdef1122ab44n);
  core.load8(data + 1, NOW);
  assert.equal(core.lo, 0xab);
  core.load16(data + 4, NOW);
  assert.equal(core.lo, 0xcdef);
  core.load32(data, NOW);
  assert.equal(core.lo, 0x1122ab44);
});

test('32-bit read-modify-writes', () => {
  memory.poke32(data, 41);
  core.add32(data, 1, NOW);
  assert.equal(core.lo, 42);
  core.xadd32(data, 8, NOW);
  assert.equal(core.lo, 42);
  core.and32(data, 0x30, NOW);
  assert.equal(memory.peek32(data), 0x30);
  core.or32(data, 3, NOW);
  assert.equal(memory.peek32(data), 0x33);
  core.lockAdd32(data, -3, NOW);
  assert.equal(core.lo, 0x30);
  core.xchg32(data, 5, NOW);
  assert.equal(core.lo, 0x30);
  core.cmpxchg32(data, 5, 6, NOW);
  assert.equal(core.lo, 1);
  assert.equal(memory.peek32(data), 6);
});

test('rep stos clears its bytes and no others', () => {
  for (let i = 0; i < 16; i++) memory.poke32(data + 4 * i, -1);
  core.repStos(data + 8, 48, NOW);
  const words = Array.from({ length: 16 }, (_, i) => memory.peek32(data + 4 * i));
  assert.deepEqual(words, [-1, -1, ...new Array(12).fill(0), -1, -1]);
});

test('lowest set bit at or above a position', () => {
  fc.assert(
    fc.property(word, fc.nat(63), (w, from) => {
      let expected = -1;
      for (let i = 63; i >= from; i--) if ((w >> BigInt(i)) & 1n) expected = i;
      assert.equal(lowestBitFrom(lo(w), hi(w), from), expected);
    }),
    { seed: 6, numRuns: 500 },
  );
  core.bitScan(0, 8, NOW);
  assert.equal(core.lo, 35);
});

test('a call is matched by its return, and the stack by its pops', () => {
  const sp = core.sp;
  core.push(3);
  core.call();
  core.ret();
  core.pop(3);
  assert.equal(core.sp, sp);
});

test('a null pointer is a bug of the model, as it is a panic of a kernel', () => {
  assert.throws(() => core.load64(8, NOW), ModelBug);
  assert.throws(() => core.store32(0, 1, NOW), ModelBug);
  assert.throws(() => core.lockAdd32(100, 1, NOW), ModelBug);
});
