/** The tables of docs/hypervisor.md: exits by mode and state, and what the ends of the ranges come to. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ScenarioNames } from '../../src/lab/scenario.ts';
import type { MachineValues } from '../../src/x86/machine.ts';
import { machineByName } from '../../src/x86/machines/catalogue.ts';
import type { XenStats } from '../../src/xen/stats.ts';
import { countsOf, cyclesOf, ENCOUNTERS } from '../support/one-event.ts';
import { ROOT } from '../support/root.ts';

const PAGE = readFileSync(join(ROOT, 'docs', 'hypervisor.md'), 'utf8');
/** By how much a figure of the page may be off before it has to be written again. */
const TOLERANCE = 0.05;

/** Cells of the table whose header begins with these words, the header first. */
function tableOf(start: string): string[][] {
  const lines = PAGE.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${start} |`));
  assert.ok(from >= 0, `no table that starts with ${start}`);
  const end = lines.findIndex((line, i) => i > from && !line.startsWith('|'));
  const cells = lines.slice(from, end).map((line) => line.slice(2, -2).split(' | '));
  return [cells[0]!, ...cells.slice(2)];
}

const COLUMNS: Readonly<Record<string, Partial<ScenarioNames>>> = {
  '`lapic`': { machine: 'zen5', delivery: 'lapic' },
  '`lapic`, posted': { machine: 'skylake-sp', delivery: 'lapic' },
  '`vector`': { machine: 'zen5', delivery: 'vector' },
  '`gsi`': { machine: 'zen5', delivery: 'gsi' },
};

/** The exits as a cell of the page has them. */
function exitsOf(stats: XenStats): string {
  const counts: ReadonlyArray<readonly [string, number]> = [
    ['kick', stats.exits_interrupt],
    ['window', stats.exits_window],
    ['EOI', stats.exits_eoi],
  ];
  const words = counts.flatMap(([word, n]) => (n === 0 ? [] : [n === 1 ? word : `${n} ${word}`]));
  return words.length === 0 ? 'none' : words.join(', ');
}

const [modes, ...states] = tableOf('state of the vCPU');
for (const [state, ...cells] of states) {
  test(`exits of a vCPU that ${state}`, () => {
    const found = modes!.slice(1).map((mode) => exitsOf(countsOf(COLUMNS[mode]!, ENCOUNTERS[state!]!)));
    assert.deepEqual(found, cells);
  });
}

test('the page has every state that is known', () => {
  assert.deepEqual(
    states.map(([state]) => state),
    Object.keys(ENCOUNTERS),
  );
});

const HALTED = ENCOUNTERS['blocked, its pCPU idle']!;
const [, ...ranges] = tableOf('machine | number');
const NUMBERS = [...new Set(ranges.map(([, name]) => name!.replaceAll('`', '')))].filter(
  (name) => name !== 'all' && name !== 'none',
) as Array<keyof MachineValues>;

/** The scenario in which a row's numbers are at one end. */
function atEnd(machine: string, name: string, end: 'low' | 'high'): Partial<ScenarioNames> {
  const { values } = machineByName(machine);
  const names = name === 'all' ? NUMBERS : name === 'none' ? [] : [name as keyof MachineValues];
  return { machine, set: names.map((n) => `${n}=${values[n][end]}`) };
}

for (const [machine, name, ...cells] of ranges) {
  const [m, n] = [machine!.replaceAll('`', ''), name!.replaceAll('`', '')];
  test(`ranges on ${m}: ${n}`, () => {
    const of = (end: 'low' | 'high') => {
      const scenario = atEnd(m, n, end);
      const running = cyclesOf(scenario, ENCOUNTERS.runs!);
      return [running.delivery, running.upcall, cyclesOf(scenario, HALTED).delivery];
    };
    const [low, high] = [of('low'), of('high')];
    cells.forEach((cell, i) => {
      const said = cell.split(' to ').map((text) => Number(text.replaceAll(',', '')));
      const found = said.length === 1 ? [low[i]!] : [low[i]!, high[i]!];
      const what = `${cell}, found ${found.join(' to ')}`;
      said.forEach((cycles, k) => {
        assert.ok(Math.abs(cycles - found[k]!) <= TOLERANCE * found[k]!, what);
      });
    });
  });
}
