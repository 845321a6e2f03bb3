/** The commands as a user runs them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, lstatSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAIN, upcall } from '../support/cli.ts';
import { temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
const micro = (name: string) => join(ROOT, 'traces', 'micro', `${name}.trace`);

test('scan answers one call as JSON', () => {
  const args = ['scan', '--ports', '3,10,40', '--last', '0,10', '--guest', 'freebsd-c', '--format', 'json'];
  const answer = JSON.parse(upcall(args).stdout);
  assert.deepEqual(answer.order, [3, 10, 40]);
  assert.equal(answer.active_reads, 5);
  assert.ok(Number.isInteger(answer.cycles) && answer.cycles > 100);
  assert.match(answer.validation, /transitions: unvalidated/);
});

test('explain shows an upcall and a bind micro-op by micro-op, in every format', () => {
  const out = join(folder, 'explain');
  const upcalls = ['explain', 'upcall', '--ports', '3,70', '--guest', 'freebsd-a'];
  const table = upcall([...upcalls, '--out', out]);
  assert.equal(table.code, 0, table.stderr);
  const [, cycles, uops] = /^(\d+) cycles, (\d+) micro-ops/m.exec(table.stdout)!;
  assert.deepEqual(readdirSync(out).sort(), [
    'explain-bounds.csv',
    'explain-bounds.json',
    'explain.csv',
    'explain.json',
  ]);
  const rows: Array<Record<string, number>> = JSON.parse(
    upcall([...upcalls, '--format', 'json']).stdout,
  ).rows;
  assert.equal(rows.length, Number(uops));
  assert.equal(
    rows.reduce((sum, r) => sum + r.moved!, 0),
    Number(cycles),
  );
  assert.equal(
    upcall([...upcalls, '--format', 'csv']).stdout,
    readFileSync(join(out, 'explain.csv'), 'utf8'),
  );
  const bind = ['explain', 'bind', '--strategy', 'linear', '--isrcs', '5', '--cache', 'cold'];
  assert.match(upcall(bind).stdout, /^bind on zen5, freebsd-c, linear, cold; 5 isrcs, the last one unused /);
  for (const [args, says] of [
    [['unbind'], 'unknown operation "unbind", did you mean bind?'],
    [['bind', '--ports', '3'], '--ports goes with explain upcall'],
    [['upcall', '--ports', '0'], '--ports names port 0'],
    [['upcall', '--ports', '9', '--isrcs', '8'], '--ports names port 9, expected ports that are bound: 1..8'],
    [['bind', '--isrcs', '4096'], '--isrcs is 4096, expected 1..4095'],
    [['bind', '--set', 'interruptedUser=1'], 'one bind does not depend on it'],
    [['upcall', '--set', 'population=3'], 'one upcall does not depend on it'],
  ] as const) {
    const { code, stderr } = upcall(['explain', ...args]);
    assert.equal(code, 2, args.join(' '));
    assert.ok(stderr.includes(says), stderr);
  }
});

test('scan --file answers a case a line', () => {
  const cases = join(ROOT, 'test/fixtures/scan-orders-dev.csv');
  const { stdout, code } = upcall(['scan', '--file', cases, '--format', 'csv']);
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines[0], 'id,generation,order,still_pending,last_after');
  assert.equal(lines.length, 241);
  assert.equal(lines[1], '0,freebsd-c,2211 2296 2587 2675 2843 3516 3767 3784 354 1480,1140 3157 4046,23.8');
});

test('the two reports of scan have names of their own, whatever goes to standard output', () => {
  const out = join(folder, 'scans');
  const cases = join(ROOT, 'test/fixtures/scan-orders-dev.csv');
  assert.equal(upcall(['scan', '--ports', '3', '--format', 'json', '--out', out]).code, 0);
  assert.equal(upcall(['scan', '--file', cases, '--out', out]).code, 0);
  assert.deepEqual(readdirSync(out).sort(), ['scan-orders.csv', 'scan-orders.json', 'scan.csv', 'scan.json']);
});

test('replay writes runs, stages, hist and lines with sidecars that hash to them', () => {
  const out = join(folder, 'replay');
  const result = upcall([
    'replay',
    micro('burst'),
    micro('wrap'),
    '--machine',
    'zen5,skylake-sp',
    '--out',
    out,
  ]);
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(readdirSync(out).sort(), [
    'hist.csv',
    'hist.json',
    'lines.csv',
    'lines.json',
    'runs.csv',
    'runs.json',
    'stages.csv',
    'stages.json',
  ]);
  for (const name of ['runs', 'stages', 'hist', 'lines']) {
    const csv = readFileSync(join(out, `${name}.csv`), 'utf8');
    const sidecar = JSON.parse(readFileSync(join(out, `${name}.json`), 'utf8'));
    assert.equal(sidecar.sha256, createHash('sha256').update(csv).digest('hex'));
    assert.equal(sidecar.rows, csv.trimEnd().split('\n').length - 1);
    assert.equal(csv.split('\n')[0], sidecar.columns.map((c: { name: string }) => c.name).join(','));
    assert.ok(csv.split('\n')[1]!.startsWith(`${sidecar.schema},`));
    assert.equal(sidecar.provenance.tool, 'upcall');
    assert.equal(Object.keys(sidecar.provenance.inputs).length, 2);
  }
  const runs = readFileSync(join(out, 'runs.csv'), 'utf8').trimEnd().split('\n');
  assert.equal(runs.length, 1 + 4);
  assert.deepEqual(runs.slice(1), [...runs.slice(1)].sort(), 'sorted by key');
});

test('the credits of stages.csv sum to the cycles of runs.csv', () => {
  const { stdout } = upcall(['replay', micro('two-vcpus'), '--format', 'json']);
  const run = JSON.parse(stdout).rows[0];
  const out = join(folder, 'stages');
  upcall(['replay', micro('two-vcpus'), '--out', out]);
  const [header, ...rows] = readFileSync(join(out, 'stages.csv'), 'utf8').trimEnd().split('\n');
  assert.ok(header!.endsWith(',cycles'));
  const sum = rows.reduce((n, row) => n + Number(row.slice(row.lastIndexOf(',') + 1)), 0);
  assert.equal(sum, run.guest_cycles + run.sender_cycles);
});

test('compare says how each strategy stands against the first', () => {
  const args = [
    'compare',
    micro('bind-unbind'),
    '--strategy',
    'slist,linear',
    '--guest',
    'freebsd-a',
    '--format',
    'json',
  ];
  const rows: Array<Record<string, number | string>> = JSON.parse(upcall(args).stdout).rows;
  const find = rows.filter((r) => r.metric === 'find_mean_cycles');
  assert.deepEqual(
    find.map((r) => [r.strategy, r.against]),
    [
      ['linear', 'slist'],
      ['slist', 'slist'],
    ],
  );
  const [linear, slist] = find as [Record<string, number>, Record<string, number>];
  assert.equal(slist.ratio, 1);
  assert.ok(Math.abs(linear.value_cycles! - slist.value_cycles! - linear.difference_cycles!) < 0.11);
});

test('whatif pairs a trace with itself: only what was changed moves', () => {
  const rows = (args: string[], trace = 'bind-unbind'): Array<Record<string, number | string>> =>
    JSON.parse(upcall(['whatif', micro(trace), ...args, '--format', 'json']).stdout).rows;
  const same = rows(['--set', 'machine=zen5']);
  assert.ok(same.every((r) => r.was === r.is));
  const handler = rows(['--set', 'handler=700'], 'one-event');
  const upcalls = handler.find((r) => r.item === 'mean_cycles' && r.operation === 'upcall')!;
  assert.ok(Number(upcalls.difference) >= 700);
  const cold = rows([
    '--set',
    'cache=cold',
    '--set',
    'load=2',
    '--set',
    'population=40',
    '--set',
    'strategy=linear',
  ]);
  const bind = cold.find((r) => r.item === 'mean_cycles' && r.operation === 'bind')!;
  assert.ok(Number(bind.difference) > 0);
});

test('check: different is 3 and says what, incomparable is 4', () => {
  const baseline = join(folder, 'baselines');
  cpSync(join(ROOT, 'reports', 'baselines'), baseline, { recursive: true });
  const check = () => upcall(['check', '--baseline', baseline, '--format', 'json']);
  const runs = join(baseline, 'runs.csv');
  const lines = readFileSync(runs, 'utf8').split('\n');
  const cells = lines[1]!.split(',');
  const column = lines[0]!.split(',').indexOf('guest_cycles');
  cells[column] = String(Number(cells[column]) + 1);
  lines[1] = cells.join(',');
  writeFileSync(runs, lines.join('\n'));
  const different = check();
  assert.equal(different.code, 3);
  const { status, differences } = JSON.parse(different.stdout);
  assert.equal(status, 'different');
  assert.deepEqual(
    differences.map((d: { column: string }) => d.column),
    ['guest_cycles'],
  );
  rmSync(runs);
  assert.equal(check().code, 4);
});

test('a repeatable option takes one value, so that a trace may stand behind it', () => {
  const args = ['replay', '--set', 'robEntries=300', micro('burst'), '--format', 'json'];
  assert.equal(JSON.parse(upcall(args).stdout).rows[0].changes, 'robEntries=300');
});

test('reports that an earlier command wrote together with replaced ones go, and nothing else', () => {
  const out = join(folder, 'again');
  assert.equal(upcall(['compare', micro('burst'), '--out', out]).code, 0);
  assert.equal(upcall(['scan', '--ports', '3', '--out', out]).code, 0);
  writeFileSync(join(out, 'mine.csv'), 'mine\n');
  const { code, stderr } = upcall(['replay', micro('wrap'), '--out', out]);
  assert.equal(code, 0);
  assert.match(
    stderr,
    /^removed from .*: compare-ranking\.csv, compare-ranking\.json, compare\.csv, compare\.json\n$/,
  );
  const names = ['hist', 'lines', 'runs', 'scan', 'stages'].flatMap((name) => [
    `${name}.csv`,
    `${name}.json`,
  ]);
  assert.deepEqual(readdirSync(out).sort(), [...names, 'mine.csv'].sort());
});

test('synth writes through a symbolic link', () => {
  const target = join(folder, 'target.trace');
  const link = join(folder, 'link.trace');
  symlinkSync('target.trace', link);
  const args = ['--kind', 'poisson', '--sends', '4', '--vcpus', '1', '--seed', '1', '--out', link];
  for (const before of ['dangling', 'there']) {
    assert.equal(upcall(['trace', 'synth', ...args]).code, 0, before);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.match(readFileSync(target, 'utf8'), /# end rows=20\n$/);
    writeFileSync(target, 'old');
  }
});

test('synth is the same for the same seed, and replays', () => {
  const make = (name: string, seed: string) => {
    const path = join(folder, name);
    const args = ['--kind', 'poisson', '--sends', '400', '--vcpus', '2', '--seed', seed, '--out', path];
    assert.equal(upcall(['trace', 'synth', ...args]).code, 0);
    return path;
  };
  const one = make('one.trace.gz', '3');
  assert.deepEqual(readFileSync(one), readFileSync(make('two.trace.gz', '3')));
  assert.notDeepEqual(readFileSync(one), readFileSync(make('three.trace.gz', '4')));
  const run = JSON.parse(upcall(['replay', one, '--format', 'json']).stdout).rows[0];
  assert.equal(run.sends, 400);
  assert.equal(run.delivered + run.coalesced, 400);
});

test('a trace comes from standard input as well', () => {
  const input = readFileSync(micro('one-event'), 'utf8');
  const run = JSON.parse(upcall(['replay', '-', '--format', 'json'], { input }).stdout).rows[0];
  assert.equal(run.delivered, 1);
});

test('a reader that closes the pipe early is no error', () => {
  const command = `"${process.execPath}" "${MAIN}" machines show zen5 --format csv | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const result = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
  assert.match(result.stdout, /^schema,machine[^\n]*\n0\n$/);
  assert.equal(result.stderr, '');
});

test('schema describes every column of every report', () => {
  const { rows } = JSON.parse(upcall(['schema', '--format', 'json']).stdout);
  const runs = rows.filter((r: { table: string }) => r.table === 'upcall.runs/2.0');
  assert.ok(runs.length > 60);
  assert.ok(rows.every((r: { what: string }) => r.what.length > 3));
});
