/** Scenarios: the numbers behind them are counted as they are listed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineSummary, machinesTable } from '../../src/lab/catalogue.ts';
import { DEFAULT_NAMES, guessedNumbers, scenarioOf } from '../../src/lab/scenario.ts';

test('a guest unmasks in its own way unless another is named that it has', () => {
  const unmask = (guest: string, name?: string) =>
    scenarioOf({ ...DEFAULT_NAMES, guest, unmask: name }).unmask;
  assert.deepEqual(
    ['freebsd-c', 'linux-2l'].map((guest) => unmask(guest)),
    ['hypercall', 'local'],
  );
  assert.deepEqual(
    ['freebsd-fifo', 'linux-fifo'].map((guest) => unmask(guest, 'local')),
    ['local', 'local'],
  );
  assert.throws(() => unmask('linux-2l', 'hypercall'), /linux-2l clears the mask bit itself/);
  assert.throws(() => unmask('freebsd-c', 'locally'), /did you mean local/);
});

test('guessed numbers are those that the lists of machines show, kernel apart', () => {
  const { columns, rows } = machineSummary();
  const guessed = columns.findIndex((c) => c.name === 'guessed');
  const listed = machinesTable([]);
  const confidence = listed.columns.findIndex((c) => c.name === 'confidence');
  const kernel = listed.rows.filter((r) => r[1] === 'kernel' && r[confidence] === 'guessed').length;
  assert.ok(rows.length > 1 && kernel > 0);
  for (const row of rows) {
    const scenario = scenarioOf({ ...DEFAULT_NAMES, machine: String(row[1]) });
    assert.deepEqual(guessedNumbers(scenario), { machine: row[guessed], kernel });
  }
});
