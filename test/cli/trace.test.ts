/** `upcall trace ...` as a user runs it: both forms, files and pipes, exit codes, what is left behind. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { MAIN, type Outcome, upcall } from '../support/cli.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
const micro = (name: string) => join(ROOT, `traces/micro/${name}.trace`);
const recorded = join(ROOT, 'traces/recorded', readdirSync(join(ROOT, 'traces/recorded')).sort()[0]!);

function done(outcome: Outcome): Outcome {
  assert.equal(outcome.code, 0, outcome.stderr);
  return outcome;
}

/** Runs `upcall trace ...` with bytes on its standard input. */
function piped(input: Uint8Array, ...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'trace', ...args], { input });
  return { code: status, stdout: String(stdout), stderr: String(stderr) };
}

function binaryOf(path: string, name: string): string {
  const out = join(folder, name);
  done(upcall(['trace', 'convert', path, '--out', out]));
  return out;
}

test('info tells the same of a file, a pipe, either form and any compression', () => {
  const info = (...args: string[]) =>
    JSON.parse(done(upcall(['trace', 'info', ...args, '--format', 'json'])).stdout);
  const text = info(micro('two-vcpus'));
  assert.deepEqual(Object.keys(text), [
    'format',
    'records',
    'events',
    'per_pcpu',
    'first_tsc',
    'last_tsc',
    'lost_records',
    'skewed',
    'unmatched',
    'skipped',
    'quality',
    'version',
    'name',
    'clock_hz',
    'vcpus',
    'per_vcpu',
    'notes',
  ]);
  const rows = readFileSync(micro('two-vcpus'), 'utf8')
    .split('\n')
    .filter((line) => /^\d/.test(line));
  assert.equal(text.records, rows.length);
  assert.equal(text.events.send, rows.filter((row) => row.split(',')[1] === 'send').length);
  assert.deepEqual([text.first_tsc, text.last_tsc], [0, Number(rows.at(-1)!.split(',')[0])]);
  assert.equal(text.quality, `complete: ${rows.length} records, none lost`);
  const binary = binaryOf(micro('two-vcpus'), 'info.utt');
  const { format, version, ...same } = info(binary);
  assert.deepEqual({ ...text, ...same }, text);
  assert.equal(format, 'upcall-trace-binary');
  assert.ok(version >= text.version);
  for (const bytes of [readFileSync(binary), gzipSync(readFileSync(binary))]) {
    const { stdout } = done(piped(bytes, 'info', '-', '--format', 'json'));
    assert.deepEqual(JSON.parse(stdout), info(binary));
  }
  const line = `dd if="${binary}" bs=1 status=none | "${process.execPath}" "${MAIN}" trace info - --format json`;
  const slow = spawnSync('bash', ['-c', line], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(slow.stdout), info(binary));
});

test('a key of a header that is a word of JavaScript is a key like any other', () => {
  const path = fileIn(
    folder,
    'proto',
    traceText([bound(1)]).replace('# vcpus', '# __proto__: x\n# constructor: y\n# vcpus'),
  );
  const { stdout } = done(upcall(['trace', 'info', binaryOf(path, 'proto.utt'), '--format', 'json']));
  assert.match(stdout, /"notes": \{\n {2}"__proto__": "x",\n {2}"constructor": "y"\n \}/);
});

test('head gives the first rows, and no more than there are', () => {
  for (const path of [micro('burst'), binaryOf(micro('burst'), 'head.utt')]) {
    const all = done(upcall(['trace', 'head', path, '-n', '1000'])).stdout;
    assert.equal(all.split('\n').length - 1, 7);
    assert.equal(
      done(upcall(['trace', 'head', path, '-n', '2'])).stdout,
      `${all.split('\n').slice(0, 2).join('\n')}\n`,
    );
    assert.equal(done(upcall(['trace', 'head', path, '-n', '0'])).stdout, '');
  }
});

test('every command takes either form: a replay of the binary table is that of the text', () => {
  const out = (path: string) => done(upcall(['replay', path, '--format', 'csv'])).stdout;
  // Converted to text too, because a result names the version of its trace.
  const binary = binaryOf(micro('hypervisor'), 'replay.utt');
  assert.equal(out(binary), out(binaryOf(binary, 'replay.trace')));
});

test('convert goes there and back, without --name and with', () => {
  const binary = binaryOf(recorded, 'there.utt');
  done(upcall(['trace', 'convert', binary, '--out', join(folder, 'back.trace')]));
  done(upcall(['trace', 'convert', recorded, '--out', join(folder, 'straight.trace')]));
  const back = readFileSync(join(folder, 'back.trace'), 'utf8');
  assert.equal(back, readFileSync(join(folder, 'straight.trace'), 'utf8'));
  done(upcall(['trace', 'convert', binary, '--name', 'other', '--out', join(folder, 'other.trace')]));
  assert.equal(
    readFileSync(join(folder, 'other.trace'), 'utf8'),
    back.replace(/# name: .*/, '# name: other'),
  );
  const state = upcall(['trace', 'convert', binary, '--state', micro('burst'), '--out', join(folder, 'o')]);
  assert.match(state.stderr, /says itself what was bound: --state is for recordings/);
  assert.equal(state.code, 2);
});

test('validate names every good file, and ends with 6 at a bad one', () => {
  const good = upcall(['trace', 'validate', micro('burst'), binaryOf(micro('wrap'), 'valid.utt')]);
  assert.equal(done(good).stdout.split('\n').length, 3);
  assert.match(good.stdout, /valid upcall-trace, complete: 7 records, none lost\n/);
  const bytes = readFileSync(join(folder, 'valid.utt'));
  const cut = upcall(['trace', 'validate', fileIn(folder, 'cut.utt', bytes.subarray(0, 300))]);
  assert.match(cut.stderr, /cut\.utt at byte \d+: found the end of the file: it is cut off, expected/);
  assert.equal(cut.code, 6);
});

test('faulty rows are tolerated as far as allowed, told, and counted', () => {
  const rows = [bound(1), '5,send,-,1,,,,', '6,sned,-,1,,,,', '7,send,-,9,,,,', '8,send,-,1,,,,'];
  const path = fileIn(folder, 'faulty', traceText(rows));
  const run = (...tolerate: string[]) => upcall(['trace', 'info', path, '--format', 'json', ...tolerate]);
  assert.equal(run().code, 6);
  const two = done(run('--tolerate', '2'));
  const { records, skipped, quality } = JSON.parse(two.stdout);
  assert.deepEqual([records, skipped, quality], [3, 2, '3 records; 2 skipped as faulty']);
  assert.match(
    two.stderr,
    /^skipped: .*faulty:8: found kind "sned".*\nskipped: .*faulty:9: .*port 9.*\nskipped 2 faulty records, read 3\n$/,
  );
  const one = run('--tolerate', '1');
  assert.match(one.stderr, /more than 1 faulty records, the last: .*faulty:9: /);
  assert.deepEqual([one.code, one.stdout], [6, '']);
  assert.equal(run('--tolerate', '40%').code, 0);
  const share = run('--tolerate', '39.9%');
  assert.match(share.stderr, /2 of 5 records are faulty, more than 39.9 %, the first: .*faulty:8: /);
  assert.equal(share.code, 6);
  for (const bad of ['x', '-1', '101%', '1.5', '']) assert.equal(run(`--tolerate=${bad}`).code, 2, bad);
  const out = join(folder, 'mended.trace');
  done(upcall(['trace', 'convert', path, '--tolerate', '2', '--out', out]));
  done(upcall(['trace', 'validate', out]));
});

test('what fails leaves nothing behind, and what was there before stays', () => {
  const place = join(folder, 'kept');
  const old = fileIn(folder, 'kept', 'old');
  const faulty = fileIn(folder, 'late', traceText([bound(1), '5,send,-,1,,,,', '4,send,-,1,,,,']));
  const before = readdirSync(folder);
  for (const command of [
    ['convert', faulty, '--name', 'x'],
    ['cut', faulty],
    ['merge', micro('burst'), faulty],
    ['anonymise', faulty],
  ]) {
    const { code, stderr } = upcall(['trace', ...command, '--out', place]);
    assert.equal(code, 6, stderr);
    assert.match(stderr, /late:8: found time 4, expected 5 or later/);
  }
  assert.equal(readFileSync(old, 'utf8'), 'old');
  assert.deepEqual(readdirSync(folder), before);
});

test('edits read from a pipe', () => {
  const bytes = readFileSync(binaryOf(micro('hypervisor'), 'pipe.utt'));
  for (const command of ['cut', 'anonymise', 'convert']) {
    const [a, b] = [join(folder, 'piped.trace'), join(folder, 'filed.trace')];
    done(piped(bytes, command, '-', '--name', 'x', '--out', a));
    done(upcall(['trace', command, join(folder, 'pipe.utt'), '--name', 'x', '--out', b]));
    assert.deepEqual(readFileSync(a), readFileSync(b), command);
  }
});

test('long tables pass through in memory that does not grow with them', () => {
  const long = join(folder, 'long.utt');
  const synth = ['--kind', 'poisson', '--sends', '500000', '--vcpus', '4', '--seed', '1', '--out', long];
  const env = { NODE_OPTIONS: '--max-old-space-size=40' };
  done(upcall(['trace', 'synth', ...synth], { env }));
  done(upcall(['trace', 'convert', long, '--out', join(folder, 'long.trace')], { env }));
  const { stdout } = done(upcall(['trace', 'validate', long, join(folder, 'long.trace')], { env }));
  assert.match(stdout, /long\.utt: valid .*: 500064 records[\s\S]*long\.trace: valid .*: 500064 records/);
});

test('words that make no sense are a usage error', () => {
  for (const [args, message] of [
    [['cut', micro('burst'), '--from', '5', '--to', '5'], /--to expects more than 5/],
    [['cut', micro('burst'), '--from', 'x'], /--from expects an integer, found "x"/],
    [['merge', micro('burst')], /merge expects two tables or more, found 1/],
    [['merge', micro('burst'), micro('burst')], /burst.trace is given twice/],
    [['anonymise', micro('burst'), '--name', 'a b'], /--name expects letters/],
  ] as const) {
    const { code, stderr } = upcall(['trace', ...args, '--out', join(folder, 'none')]);
    assert.match(stderr, message);
    assert.equal(code, 2);
  }
});
