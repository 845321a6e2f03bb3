/** The pending scan of both generations against what is known about it from elsewhere. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainCase, ScanBench, type ScanCase } from '../../src/lab/scan.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { readScanCases } from '../../src/trace/scan-cases.ts';
import { bitHi, bitLo } from '../../src/x86/word64.ts';
import { drawnPorts } from '../support/bitmap.ts';
import { ROOT } from '../support/root.ts';

const GUESTS = ['freebsd-a', 'freebsd-c'] as const;
const bench = Object.fromEntries(
  GUESTS.map((guest) => [guest, new ScanBench(scenarioOf({ ...DEFAULT_NAMES, guest }))]),
) as Record<(typeof GUESTS)[number], ScanBench>;

test('the eight vectors of the fact sheet on Xen, section 10.4: order and evaluations', () => {
  const vectors: Array<[ports: number[], last: [number, number], order: number[], reads: number]> = [
    [[3, 10, 40], [0, 10], [3, 10, 40], 5],
    [[3, 10, 40], [63, 63], [3, 10, 40], 5],
    [[3, 70], [0, 3], [70, 3], 6],
    [[3, 66], [0, 3], [3, 66], 8],
    [[5, 66, 130], [1, 2], [5, 66, 130], 11],
    [[63, 64], [63, 63], [63, 64], 5],
    [[5, 69], [0, 5], [5, 69], 8],
    [[5, 69], [1, 5], [5, 69], 6],
  ];
  for (const guest of GUESTS) {
    for (const [ports, last, order, reads] of vectors) {
      const result = bench[guest].run(plainCase(ports, ...last), false);
      assert.deepEqual([result.order, result.activeReads], [order, reads], `${guest} ${ports} from ${last}`);
    }
  }
});

test("what FreeBSD's own compiled scan did, with arrivals during the call: every recorded row", async () => {
  const file = join(ROOT, 'test/fixtures/scan-orders-dev.csv');
  const expected = readFileSync(file, 'utf8').trim().split('\n').slice(1);
  const cases = await readScanCases(file);
  assert.equal(cases.length, 240);
  cases.forEach((c, i) => {
    const r = bench[c.generation as (typeof GUESTS)[number]].run(c, false);
    const got = [r.order.join(' '), r.stillPending.join(' '), `${r.cursor?.word}.${r.cursor?.bit}`].join(',');
    assert.equal(got, expected[i]!.split(',').slice(10).join(','), `case ${c.id}`);
  });
});

test('drawn words: a later word before the one the cursor stands in', () => {
  const ports = drawnPorts(`
    ..1. .1.. | word 0
    .1.. .... | word 3`);
  assert.deepEqual(ports, [2, 5, 193]);
  for (const guest of GUESTS) {
    // From (0, 0) word 3 comes first and is entered at bit 1, where 193 is.
    assert.deepEqual(bench[guest].run(plainCase(ports, 0, 0), false).order, [193, 2, 5]);
    // From (0, 1) it is entered at bit 2: 193 is below and waits for the turn after the wrap.
    assert.deepEqual(bench[guest].run(plainCase(ports, 0, 1), false).order, [2, 5, 193]);
  }
});

/** A random state without arrivals. */
const port = fc.integer({ min: 1, max: 4095 });
const ports = (max: number) => fc.uniqueArray(port, { maxLength: max });
const state = fc.record({
  pending: ports(120),
  masked: ports(40),
  notEnabled: ports(40),
  unbound: ports(40),
  lastL1: fc.nat(63),
  lastL2: fc.nat(63),
  deselected: fc.nat(63),
});

function caseOf(s: {
  pending: number[];
  masked: number[];
  notEnabled: number[];
  unbound: number[];
  lastL1: number;
  lastL2: number;
  deselected: number;
}): ScanCase {
  let selectorLo = 0;
  let selectorHi = 0;
  for (const p of s.pending) {
    if (p >>> 6 === s.deselected) continue;
    selectorLo |= bitLo(p >>> 6);
    selectorHi |= bitHi(p >>> 6);
  }
  return { ...s, selectorLo, selectorHi, arrivals: [] };
}

test('against a plain oracle: every selected, pending, unmasked, enabled port once, and no other', () => {
  fc.assert(
    fc.property(state, fc.constantFrom(...GUESTS), (s, guest) => {
      const result = bench[guest].run(caseOf(s), false);
      const active = s.pending.filter(
        (p) => p >>> 6 !== s.deselected && !s.masked.includes(p) && !s.notEnabled.includes(p),
      );
      const served = active.filter((p) => !s.unbound.includes(p));
      const sorted = (xs: readonly number[]) => [...xs].sort((a, b) => a - b);
      assert.deepEqual(sorted(result.order), sorted(served));
      assert.deepEqual(result.stillPending, sorted(s.pending.filter((p) => !active.includes(p))));
      const last = result.order.at(-1);
      const [word, bit] = last === undefined ? [s.lastL1, s.lastL2] : [last >>> 6, last & 63];
      assert.deepEqual(result.cursor, { word, bit });
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('both generations serve in the same order, and the words follow each other round from the cursor', () => {
  fc.assert(
    fc.property(state, (s) => {
      const a = bench['freebsd-a'].run(caseOf(s), false).order;
      assert.deepEqual(bench['freebsd-c'].run(caseOf(s), false).order, a);
      const words = a.map((p) => p >>> 6).filter((w, i, all) => i === 0 || all[i - 1] !== w);
      const turns = words.filter((w, i) => i > 0 && w <= words[i - 1]!).length;
      assert.ok(turns <= 2, `${words} turns round ${turns} times`);
    }),
    { seed: 8, numRuns: 200 },
  );
});

test('masking a port never adds deliveries', () => {
  fc.assert(
    fc.property(state, port, (s, extra) => {
      const before = bench['freebsd-c'].run(caseOf(s), false).order;
      const after = bench['freebsd-c'].run(caseOf({ ...s, masked: [...s.masked, extra] }), false).order;
      assert.deepEqual(
        after.filter((p) => !before.includes(p)),
        [],
      );
      assert.ok(!after.includes(extra));
    }),
    { seed: 9, numRuns: 100 },
  );
});

test('the same call costs the same cycles twice once it is warm', () => {
  const c = plainCase([7, 77, 777], 63, 63);
  for (const guest of GUESTS) {
    for (let i = 0; i < 4; i++) bench[guest].run(c, true);
    assert.equal(bench[guest].run(c, true).cycles, bench[guest].run(c, true).cycles);
  }
});
