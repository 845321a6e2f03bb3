/** Histories of isrcs: what they permute, and that nothing else changes. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { reader } from '../../src/lab/crossover/summary.ts';
import { downstreamRuns } from '../../src/lab/downstream/downstream.ts';
import { downstreamStagesTable, downstreamTable } from '../../src/lab/downstream/tables.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { Input } from '../../src/trace/input.ts';
import { upcall } from '../support/cli.ts';
import { temporaryFolder } from '../support/files.ts';

const folder = temporaryFolder();
const trace = join(folder, 'load.trace');
const synth = ['--kind', 'poisson', '--sends', '150', '--vcpus', '1', '--ports', '48', '--seed', '3'];
assert.equal(upcall(['trace', 'synth', ...synth, '--out', trace]).code, 0);

test('lowest-first gives every port its isrc again, a queue spreads them; every port keeps its number', async () => {
  const scenarios = ['linear', 'fifo-list'].map((strategy) => scenarioOf({ ...DEFAULT_NAMES, strategy }));
  const churn = { rounds: 40, group: 6, spare: 32, seed: 1 };
  const histories = ['none', 'churn', 'shuffle'] as const;
  const runs = await downstreamRuns(new Input(trace, true), scenarios, histories, churn);
  const name = (run: (typeof runs)[number]) => `${run.history} ${run.scenario.strategy.name}`;
  assert.deepEqual(runs.map(name), [
    'none linear',
    'churn linear',
    'shuffle (random)',
    'none fifo-list',
    'churn fifo-list',
  ]);
  const [, linear, random, boot, fifo] = runs.map((run) => run.touched);
  assert.equal(linear!.counters, boot!.counters);
  assert.ok(fifo!.counters > boot!.counters && random!.counters > boot!.counters);
  for (const run of runs) {
    // Ports keep their numbers, so each has the same line of the table.
    assert.equal(run.touched.portTable, boot!.portTable);
    assert.equal(run.touched.ports, boot!.ports);
    assert.equal(run.before.binds, run.history === 'none' ? 0 : 32 + (run.history === 'churn' ? 240 : 48));
  }
  const main = downstreamTable(runs);
  const cell = reader(main);
  for (const row of main.rows) {
    const none = cell(row, 'history') === 'none';
    if (none) assert.equal(cell(row, 'upcall_difference_cycles'), 0);
    assert.equal(cell(row, 'before_find_mean_cycles') === null, none);
  }
  const stages = downstreamStagesTable(runs);
  const of = reader(stages);
  for (const row of stages.rows) {
    assert.notEqual(of(row, 'history'), 'none');
    assert.equal(of(row, 'difference_cycles'), Number(of(row, 'cycles')) - Number(of(row, 'boot_cycles')));
  }
});

test('downstream as a command: the same twice, and errors that say what to do', () => {
  const args = ['downstream', trace, '--strategy', 'slist', '--rounds', '5', '--spare', '8'];
  const csv = upcall([...args, '--format', 'csv']);
  assert.equal(csv.code, 0, csv.stderr);
  assert.equal(upcall([...args, '--format', 'csv']).stdout, csv.stdout);
  assert.equal(csv.stdout.trimEnd().split('\n').length, 1 + 3);
  assert.match(upcall([...args, '--format', 'md']).stdout, /^\| machine \| cache \| history \| strategy \|/);
  for (const [more, says] of [
    [['--history', 'chrn'], 'unknown history "chrn", did you mean churn?'],
    [['--guest', 'linux-2l'], 'linux-2l'],
    [['--rounds', '0'], '--rounds is 0, expected 1..1000000'],
  ] as const) {
    const { code, stderr } = upcall([...args.slice(0, 2), ...more]);
    assert.equal(code, 2, stderr);
    assert.ok(stderr.includes(says), stderr);
  }
});
