/** Published figures beside the model: where their cycles come from, and that no figure is put in by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedMachine, type Numbers } from '../../src/lab/published/changed-machine.ts';
import { compareRows } from '../../src/lab/published/compare.ts';
import { ISCA16, ISCA16_MACHINE, type PublishedRow } from '../../src/lab/published/isca16.ts';
import type { Taken } from '../../src/lab/published/path.ts';
import { machineAt } from '../../src/lab/published/ranges.ts';
import { publishedTable } from '../../src/lab/published/tables.ts';
import { machineByName } from '../../src/x86/machines/catalogue.ts';

const machine = machineByName(ISCA16_MACHINE);
const compared = compareRows(ISCA16, machine);

function rowOf(name: string): PublishedRow {
  return ISCA16.find((r) => r.name === name)!;
}

/** What the model says of a row on the machine as it is. */
function takenOf(name: string): Taken {
  return compared.find(({ row }) => row.name === name)!.taken;
}

test('the table is complete, and two of its rows set numbers', () => {
  assert.deepEqual(
    ISCA16.map((r) => [r.name, r.cycles, r.sets]),
    [
      ['Hypercall', 1228, 'exitSoftwareCycles'],
      ['Interrupt Controller Trap', 1734, 'apicEmulationCycles'],
      ['Virtual IPI', 5562, undefined],
      ['Virtual IRQ Completion', 1464, undefined],
      ['VM Switch', 10534, undefined],
      ['I/O Latency Out', 11262, undefined],
      ['I/O Latency In', 10050, undefined],
    ],
  );
});

test('the rows that set numbers come out as published, within 2 %', () => {
  for (const { row, taken } of compared.filter(({ row }) => row.sets !== undefined)) {
    assert.ok(Math.abs(taken.cycles / row.cycles - 1) <= 0.02, `${row.name}: ${taken.cycles}`);
  }
});

/** Rows by a short name. */
const ROWS = {
  call: 'Hypercall',
  trap: 'Interrupt Controller Trap',
  ipi: 'Virtual IPI',
  eoi: 'Virtual IRQ Completion',
  change: 'VM Switch',
  io: 'I/O Latency Out',
} as const;

/** What more of a number makes of each row that has it on its path, in cycles. */
const LAWS: ReadonlyArray<readonly [numbers: Numbers, more: Partial<Record<keyof typeof ROWS, number>>]> = [
  [{ vmExitCycles: 100 }, { call: 100, trap: 100, ipi: 200, eoi: 100, change: 100, io: 100 }],
  [{ vmEntryCycles: 100 }, { call: 100, trap: 100, ipi: 100, eoi: 100, change: 100, io: 100 }],
  [{ exitSoftwareCycles: 100 }, { call: 100, trap: 100, ipi: 200, eoi: 100, change: 100, io: 100 }],
  [{ apicEmulationCycles: 100 }, { trap: 100, ipi: 100 }],
  [{ scheduleCycles: 700 }, { change: 700, io: 700 }],
  [{ contextSwitchCycles: 900 }, { change: 900 }],
  [{ ipiSendCycles: 50 }, { ipi: 50 }],
  [{ ipiFlightNanos: 100 }, { ipi: 250 }],
  [{ hostInterruptCycles: 100 }, { ipi: 100 }],
  [{ eventInjectionCycles: 80 }, { ipi: 80, io: 80 }],
  [{ guestCopyCycles: 200 }, { io: 200 }],
  [{ cstateExitNanos: -1000 }, { io: -2500 }],
];

/** Retirement groups shift by this much when a lump moves. */
const SLACK = 3;

for (const [numbers, more] of LAWS) {
  const [[name, by]] = Object.entries(numbers) as [[keyof Numbers, number]];
  test(`${name} by ${by} moves the rows that have it on their path, by as much`, () => {
    const changed = changedMachine(machine, { [name]: machine.n[name] + by });
    for (const [short, full] of Object.entries(ROWS)) {
      const moved = rowOf(full).predict(changed).cycles - takenOf(full).cycles;
      const expected = more[short as keyof typeof ROWS] ?? 0;
      assert.ok(Math.abs(moved - expected) <= SLACK, `${full} moved by ${moved}, expected ${expected}`);
    }
  });
}

test('the terms of a row and its breakdown sum to the prediction', () => {
  const table = publishedTable(compared);
  const column = table.columns.findIndex((c) => c.name === 'breakdown');
  compared.forEach(({ row, taken }, i) => {
    assert.equal(
      taken.terms.reduce((sum, t) => sum + t.cycles, 0),
      taken.cycles,
      row.name,
    );
    const cycles = String(table.rows[i]![column]).match(/\d+(?=[,;]|$)/g)!;
    assert.equal(
      cycles.reduce((sum, c) => sum + Number(c), 0),
      taken.cycles,
      row.name,
    );
  });
});

test('between two pCPUs is the flight of the IPI, or the end of the C-state', () => {
  const between = (name: string, on = machine) =>
    rowOf(name)
      .predict(on)
      .terms.find((t) => t.place === 'between')!.cycles;
  assert.equal(between(ROWS.ipi), machine.ipiFlightCycles);
  assert.equal(between(ROWS.io), machine.cstateExitCycles);
  const polls = changedMachine(machine, { idleMwait: 0, cstateExitNanos: 0 });
  assert.equal(between(ROWS.io, polls), machine.ipiFlightCycles);
});

test('another guest is switched to as a whole, an idle pCPU goes back to its vCPU lazily', () => {
  const functions = (name: string) =>
    new Set(
      rowOf(name)
        .predict(machine)
        .terms.map((t) => t.fn),
    );
  assert.ok(functions(ROWS.change).has('__context_switch'));
  assert.ok(functions(ROWS.io).has('schedule') && !functions(ROWS.io).has('__context_switch'));
  assert.ok(!functions(ROWS.ipi).has('schedule'));
});

test('with APICv the receiver of an IPI does not exit and the EOI does not trap', () => {
  const apicv = changedMachine(machine, { apicv: 1 });
  const { terms } = rowOf(ROWS.ipi).predict(apicv);
  const target = new Set(terms.filter((t) => t.place === 'target').map((t) => t.fn));
  assert.deepEqual([...target], ['posted-interrupt processing']);
  const eoi = rowOf(ROWS.eoi).predict(apicv).cycles;
  assert.ok(Math.abs(eoi - apicv.n.virtualEoiCycles) <= SLACK, `${eoi}`);
});

test('ranges: the hypercall stays, every predicted row is between its ends', () => {
  for (const end of ['low', 'high'] as const) {
    const { cycles } = rowOf(ROWS.call).predict(machineAt(machine, end));
    assert.ok(Math.abs(cycles - compared[0]!.taken.cycles) <= SLACK, `${end}: ${cycles}`);
  }
  for (const { row, taken, low, high } of compared) {
    assert.ok(low <= taken.cycles && taken.cycles <= high, row.name);
  }
});

test('variants are told only where they change something, and never of a row that sets a number', () => {
  for (const { row, taken, varied } of compared) {
    if (row.sets !== undefined) assert.deepEqual(varied, []);
    for (const v of varied) assert.notEqual(v.cycles, taken.cycles, row.name);
  }
  const io = compared.find(({ row }) => row.name === ROWS.io)!;
  const polling = io.varied.find((v) => Object.keys(v.variant.numbers).join() === 'cstateExitNanos')!;
  assert.equal(io.taken.cycles - polling.cycles, machine.cstateExitCycles);
});
