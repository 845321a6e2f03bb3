/** Bad input: one line on standard error, the documented exit code, nothing half-written. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { upcall } from '../support/cli.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';

const folder = temporaryFolder();
const good = fileIn(folder, 'good.trace', traceText([bound(1), '5,send,-,1,,,,']));
const file = (name: string, content: string | Uint8Array) => fileIn(folder, name, content);

const rows: Array<[what: string, args: string[], code: number, message: RegExp]> = [
  ['no command', [], 2, /expected a command; upcall --help lists them/],
  ['unknown command', ['reply', good], 2, /Unknown argument/],
  ['unknown option', ['replay', good, '--machin', 'zen5'], 2, /Unknown argument: machin/],
  [
    'unknown machine',
    ['replay', good, '--machine', 'zen55'],
    2,
    /unknown machine "zen55", did you mean zen5\?/,
  ],
  [
    'unknown guest',
    ['replay', good, '--guest', 'freebsd'],
    2,
    /unknown guest "freebsd", did you mean freebsd-a\?/,
  ],
  [
    'unknown strategy',
    ['compare', good, '--strategy', 'linaer'],
    2,
    /unknown strategy "linaer", did you mean linear\?/,
  ],
  ['unknown cache state', ['replay', good, '--cache', 'hot'], 2, /unknown cache state "hot"/],
  [
    'unknown parameter',
    ['replay', good, '--set', 'robEntry=3'],
    2,
    /unknown parameter "robEntry", did you mean robEntries/,
  ],
  [
    'parameter out of range',
    ['replay', good, '--set', 'robEntries=0'],
    2,
    /robEntries is 0, expected 1\.\.1024 entries/,
  ],
  ['bad format', ['replay', good, '--format', 'xml'], 2, /Invalid values/],
  ['missing file', ['replay', join(folder, 'nothing')], 6, /nothing: cannot open the file/],
  ['empty file', ['replay', file('empty', '')], 6, /empty: found an empty file, expected a trace/],
  [
    'truncated file',
    ['replay', file('cut', traceText([bound(1)], { trailer: '' }))],
    6,
    /cut:6: found the end of the file/,
  ],
  [
    'binary file',
    ['replay', file('binary', Uint8Array.from([1, 2, 0, 4]))],
    6,
    /binary at byte 2: found a zero byte/,
  ],
  [
    'unknown version',
    ['replay', file('v9', traceText([]).replace('trace 1', 'trace 9'))],
    6,
    /v9:1: found format version "9"/,
  ],
  [
    'time backwards',
    ['replay', file('back', traceText([bound(1), '9,send,-,1,,,,', '8,send,-,1,,,,']))],
    6,
    /back:8: found time 8, expected 9 or later/,
  ],
  [
    'port 4096',
    ['replay', file('port', traceText([bound(1), '9,send,-,4096,,,,']))],
    6,
    /port:7: found port "4096", expected an integer 1\.\.4095/,
  ],
  [
    'send on an unbound port',
    ['replay', file('free', traceText([bound(1), '9,send,-,7,,,,']))],
    6,
    /free:7: found send on unbound port 7/,
  ],
  ['whatif without change', ['whatif', good], 2, /expects at least one --set/],
  ['whatif with an unknown key', ['whatif', good, '--set', 'populaton=3'], 2, /did you mean population/],
  ['whatif with a bad factor', ['whatif', good, '--set', 'load=fast'], 2, /load is "fast"/],
  ['scan without ports', ['scan'], 2, /either --ports or --file/],
  ['scan with a bad port', ['scan', '--ports', '3,4096'], 2, /names port 4096, expected 1\.\.4095/],
  ['scan with a bad cursor', ['scan', '--ports', '3', '--last', '0'], 2, /--last expects group,bit/],
  [
    'scan with no cases',
    ['scan', '--file', file('cases', 'id,generation\n')],
    6,
    /cases:1: found no column last_l1/,
  ],
  ['unknown machine to list', ['machines', 'zen6'], 2, /unknown machine "zen6"/],
  ['accept without reason', ['accept'], 2, /expects --reason/],
  [
    'synth of an unknown kind',
    [
      'trace',
      'synth',
      '--kind',
      'x',
      '--sends',
      '1',
      '--vcpus',
      '1',
      '--seed',
      '1',
      '--out',
      join(folder, 'o'),
    ],
    2,
    /unknown kind "x"/,
  ],
  [
    'synth with garbage',
    [
      'trace',
      'synth',
      '--kind',
      'poisson',
      '--sends',
      'many',
      '--vcpus',
      '1',
      '--seed',
      '1',
      '--out',
      join(folder, 'o'),
    ],
    2,
    /--sends expects an integer, found "many"/,
  ],
  [
    'convert of no recording',
    ['trace', 'convert', good, '--name', 'x', '--out', join(folder, 'o')],
    6,
    /expected an ftrace line/,
  ],
];

for (const [what, args, code, message] of rows) {
  test(what, () => {
    const result = upcall(args);
    assert.match(result.stderr, message);
    assert.equal(result.code, code);
    assert.equal(result.stderr.trimEnd().split('\n').length, 1, result.stderr);
    assert.equal(result.stdout, '');
  });
}

test('no file came into being', () => {
  assert.equal(existsSync(join(folder, 'o')), false);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('partial')),
    [],
  );
});

test('a folder that cannot be written is refused before the run, and a trace that breaks leaves no report', () => {
  const blocked = file('blocked', 'a file, not a folder');
  const result = upcall(['replay', good, '--out', join(blocked, 'reports')]);
  assert.equal(result.code, 2);
  assert.match(result.stderr, /cannot write reports there/);
  const out = join(folder, 'reports');
  mkdirSync(out);
  assert.equal(upcall(['replay', good, join(folder, 'cut'), '--out', out]).code, 6);
  assert.deepEqual(readdirSync(out), []);
});

test('with --format json an error is JSON with a stable code', () => {
  const result = upcall(['replay', join(folder, 'cut'), '--format', 'json']);
  const { error } = JSON.parse(result.stderr);
  assert.deepEqual([error.code, error.exit, result.code], ['bad-trace', 6, 6]);
  const usage = upcall(['replay', good, '--machine', 'x', '--format=json']);
  assert.equal(JSON.parse(usage.stderr).error.code, 'usage');
});
