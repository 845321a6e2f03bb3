/**
 * Instructions per call against callgrind's count of FreeBSD's own functions (ground truth, gcc 12): within 5 %.
 * The count does not depend on the machine.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strategyByName } from '../../src/intr/alloc/strategies.ts';
import { runAlone } from '../../src/intr/os.ts';
import { createIsrcs } from '../../src/intr/populate.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { plainCase, ScanBench } from '../../src/lab/scan.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';

function within5Percent(got: number, counted: number, what: string): void {
  assert.ok(Math.abs(got / counted - 1) <= 0.05, `${what}: ${got} instructions, counted ${counted}`);
}

test('real_upcall_old and real_upcall_new: 8 ports in one word', () => {
  const ports = [0, 8, 16, 24, 32, 40, 48, 56].map((bit) => 5 * 64 + bit + 5);
  for (const [guest, counted] of [
    ['freebsd-a', 1162],
    ['freebsd-c', 1263],
  ] as const) {
    const bench = new ScanBench(scenarioOf({ ...DEFAULT_NAMES, guest }));
    within5Percent(bench.run(plainCase(ports, 63, 63), true).instructions, counted, guest);
  }
});

test('real_find_unused over 128 isrcs, real_alloc_pop', () => {
  for (const [strategy, n, counted] of [
    ['linear', 128, 2444],
    ['slist', 4095, 27],
  ] as const) {
    const bench = new BenchGuest({ ...scenarioOf(DEFAULT_NAMES), strategy: strategyByName(strategy) });
    const { os, cpus } = bench.guest.freeBsd;
    const cpu = cpus[0]!;
    const isrcs = createIsrcs(os, cpu, n);
    runAlone(os.generation.putBack(os, cpu, isrcs[n - 1]!));
    const before = cpu.core.instructionCount;
    bench.measure(os.allocator.alloc(cpu, n));
    within5Percent(cpu.core.instructionCount - before - 1, counted, strategy);
  }
});
