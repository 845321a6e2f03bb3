/** Inputs that can be read once only, and outputs that take no more: pipes, standard streams, full disks. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { MAIN, type Outcome, upcall } from '../support/cli.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
const burst = join(ROOT, 'traces/micro/burst.trace');
const wrap = join(ROOT, 'traces/micro/wrap.trace');
const UPCALL = `"${process.execPath}" "${MAIN}"`;

/** Runs a line of bash. */
function bash(line: string): Outcome {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8', timeout: 20_000 });
  return { code: status, stdout, stderr };
}

function tracesOf({ code, stdout, stderr }: Outcome): string[] {
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).rows.map((r: { trace: string; strategy: string }) => `${r.trace} ${r.strategy}`);
}

test('a trace comes through a pipe by any name of it, plain or compressed, for several runs too', () => {
  const several = '--strategy linear,slist --format json';
  const both = ['burst linear', 'burst slist'];
  assert.deepEqual(tracesOf(bash(`cat ${burst} | ${UPCALL} replay - ${several}`)), both);
  assert.deepEqual(tracesOf(bash(`gzip -c ${burst} | ${UPCALL} replay - ${several}`)), both);
  assert.deepEqual(tracesOf(bash(`cat ${burst} | ${UPCALL} replay /dev/stdin ${several}`)), both);
  assert.deepEqual(tracesOf(bash(`${UPCALL} replay <(gzip -c ${burst}) <(cat ${wrap}) ${several}`)), [
    ...both,
    'wrap linear',
    'wrap slist',
  ]);
  assert.deepEqual(
    tracesOf(upcall(['replay', '/dev/stdin', '--format', 'json'], { input: readFileSync(burst, 'utf8') })),
    ['burst slist'],
  );
});

test('whatif and scan --file read standard input', () => {
  const { rows } = JSON.parse(
    upcall(['whatif', '-', '--set', 'load=2', '--format', 'json'], { input: readFileSync(burst, 'utf8') })
      .stdout,
  );
  assert.ok(rows.length > 30);
  const cases = readFileSync(join(ROOT, 'test/fixtures/scan-orders-dev.csv'), 'utf8');
  const { stdout } = upcall(['scan', '--file', '-', '--format', 'csv'], { input: cases });
  assert.equal(stdout.trimEnd().split('\n').length, 241);
});

test('what came through a pipe is in the provenance', () => {
  const input = gzipSync(readFileSync(burst));
  const out = join(folder, 'piped');
  const { status } = spawnSync(process.execPath, [MAIN, 'compare', '-', '--out', out], { input });
  assert.equal(status, 0);
  const { provenance } = JSON.parse(readFileSync(join(out, 'runs.json'), 'utf8'));
  assert.deepEqual(provenance.inputs, { '-': createHash('sha256').update(input).digest('hex') });
});

test('two pipes of one name are refused, a wrong trace ends the wait for more of it', () => {
  const twice = bash(`${UPCALL} replay <(cat ${burst}) <(cat ${burst})`);
  assert.match(twice.stderr, /^upcall: \/dev\/fd\/\d+ and \/dev\/fd\/\d+ are both named "burst"/);
  assert.equal(twice.code, 2);
  const started = process.hrtime.bigint();
  const wrong = bash(`${UPCALL} replay <(exec 2>&-; echo garbage; sleep 10)`);
  assert.match(wrong.stderr, /:1: found "garbage", expected "# upcall-trace 3"/);
  assert.ok(process.hrtime.bigint() - started < 9_000_000_000n);
});

test('standard output that takes no more is one line and exit code 2, even if it took a part', () => {
  const full = join(folder, 'full');
  const part = bash(`ulimit -f 1; exec ${UPCALL} machines show zen5 > "${full}"`);
  assert.equal(statSync(full).size, 1024);
  assert.match(part.stderr, /^upcall: cannot write to standard output: EFBIG[^\n]*\n$/);
  assert.equal(part.code, 2);
  const readOnly = fileIn(folder, 'read-only', '');
  const json = bash(`exec ${UPCALL} scan --ports 3 --format json 1< "${readOnly}"`);
  assert.equal(JSON.parse(json.stderr).error.code, 'cannot-write');
  assert.equal(json.code, 2);
  const help = bash(`exec ${UPCALL} --help 1< "${readOnly}"`);
  assert.deepEqual([help.code, help.stderr.trimEnd().split('\n').length], [2, 1]);
});

test('standard error that takes nothing does not change the exit code', () => {
  const nothing = openSync(fileIn(folder, 'deaf', ''), 'r');
  const { status } = spawnSync(process.execPath, [MAIN, 'replay', join(folder, 'nothing')], {
    stdio: ['ignore', 'pipe', nothing],
  });
  closeSync(nothing);
  assert.equal(status, 6);
});
