/** Bad input: one line on standard error, the documented exit code, nothing half-written. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { upcall } from '../support/cli.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
const good = fileIn(folder, 'good.trace', traceText([bound(1), '5,send,-,1,,,,']));
const file = (name: string, content: string | Uint8Array) => fileIn(folder, name, content);
const namesake = file('namesake.trace', traceText([bound(1), '7,send,-,1,,,,']));
const cases = join(ROOT, 'test/fixtures/scan-orders-dev.csv');
const casesText = readFileSync(cases, 'utf8');
const synth = ['trace', 'synth', '--kind', 'poisson', '--sends', '1', '--vcpus', '1', '--seed', '1'];
execFileSync('mkfifo', [join(folder, 'pipe')]);
symlinkSync('pipe', join(folder, 'to-pipe'));
symlinkSync(join('nowhere', 'at', 'all'), join(folder, 'dangling'));

const restored = fileIn(folder, 'restored.trace', traceText([bound(1), '5,restore,0,,,,,']));

const rows: Array<[what: string, args: string[], code: number, message: RegExp]> = [
  ['no command', [], 2, /expected a command; upcall --help lists them/],
  [
    'unknown command',
    ['reply', good],
    2,
    /unknown command "reply", did you mean replay\? .*: study, replay,/,
  ],
  [
    'unknown command of a command',
    ['trace', 'foo'],
    2,
    /unknown trace command "foo"; .*: info, head, validate, convert, join, merge, cut, anonymise, synth$/m,
  ],
  [
    'machine given twice',
    ['replay', good, '--machine', 'zen5', '--machine', 'zen4'],
    2,
    /--machine is given 2/,
  ],
  ['ports given twice', ['scan', '--ports', '3', '--ports', '4'], 2, /--ports is given 2 times/],
  ['cursors given twice', ['scan', '--ports', '3', '--last=1,1', '--last=1,2'], 2, /--last is given 2 times/],
  ['folder given twice', ['replay', good, '--out', 'a', '--out', 'b'], 2, /--out is given 2 times/],
  [
    'format given twice',
    ['machines', '--format', 'csv', '--format', 'table'],
    2,
    /--format is given 2 times/,
  ],
  ['folder without a name', ['replay', good, '--out', ''], 2, /--out expects a folder, found an empty name/],
  ['folder on standard output', ['replay', good, '--out', '-'], 2, /--out expects a folder, found "-"/],
  [
    'folder below a link to nowhere',
    ['replay', good, '--out', join(folder, 'dangling/r')],
    2,
    /cannot write reports/,
  ],
  ['file without a name', ['replay', ''], 2, /expected the name of a file, found an empty one/],
  ['a trace twice', ['compare', good, good], 2, /good\.trace is given twice/],
  [
    'two traces of one name',
    ['compare', good, namesake],
    2,
    /good\.trace and .*namesake\.trace are both named "test"/,
  ],
  ['a trace twice by two paths', ['replay', good, `${folder}/./good.trace`], 2, /are both named "test"/],
  ['contention on too many vCPUs', ['contention', '--vcpus', '2,65'], 2, /--vcpus 65: expected 1\.\.64/],
  [
    'contention for more ports than there are',
    ['contention', '--vcpus', '64', '--guests', '20'],
    2,
    /64 vCPUs with 20 guests of 4 ports, 0 idle ports: 5120 ports at once, expected at most 4095/,
  ],
  ['contention without guests', ['contention', '--guests', '0'], 2, /--guests 0: expected 1 or more/],
  [
    'a restore of a guest without a resume',
    ['replay', restored, '--guest', 'linux-2l'],
    2,
    /linux-2l: what it does after a restore is not modelled; .* on freebsd-a or freebsd-c/,
  ],
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
    'strategy like no other',
    ['compare', good, '--strategy', 'foo'],
    2,
    /unknown strategy "foo"; expected one of/,
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
    'parameter like no other',
    ['replay', good, '--set', 'foo=1'],
    2,
    /unknown parameter "foo"; upcall machines show NAME lists .* gapPermille, population/,
  ],
  [
    'load outside whatif',
    ['replay', good, '--set', 'load=2'],
    2,
    /"load" is taken by whatif only; .* gapPermille/,
  ],
  [
    'machine in --set',
    ['replay', good, '--set', 'machine=zen4'],
    2,
    /"machine" is an option of its own, --machine/,
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
    'truncated gzip file',
    ['replay', file('cut.gz', gzipSync(traceText([bound(1)])).subarray(0, 60))],
    6,
    /cut\.gz: found unexpected end of file after \d+ bytes of decompressed text/,
  ],
  [
    'truncated file',
    ['replay', file('cut', traceText([bound(1)], { trailer: '' }).replace('name: test', 'name: cut'))],
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
    ['replay', file('v9', traceText([]).replace('trace 3', 'trace 9'))],
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
    'scan with a number of a replay',
    ['scan', '--ports', '3', '--set', 'senders=2'],
    2,
    /senders is of a replay/,
  ],
  [
    'scan of several machines',
    ['scan', '--ports', '3', '--machine', 'zen5,zen4'],
    2,
    /unknown machine "zen5,zen4"/,
  ],
  ['scan with a strategy', ['scan', '--ports', '3', '--strategy', 'slist'], 2, /Unknown argument: strategy/],
  ['scan of a file and ports', ['scan', '--file', cases, '--ports', '3'], 2, /either --ports or --file/],
  ...['machine=zen5', 'guest=freebsd-c', 'cache=warm', 'last=63,63', 'set=robEntries=300'].map(
    (option): [string, string[], number, RegExp] => [
      `scan of a file with --${option}`,
      ['scan', '--file', cases, `--${option}`],
      2,
      new RegExp(`--${option.split('=')[0]} goes with --ports only`),
    ],
  ),
  [
    'scan of an empty file',
    ['scan', '--file', join(folder, 'empty')],
    6,
    /empty file, expected cases as CSV: id,/,
  ],
  [
    'scan of a file cut in its first case',
    ['scan', '--file', file('cut-cases', casesText.slice(0, 150))],
    6,
    /cut-cases:2: found a last line without an end: the file is cut off/,
  ],
  [
    'scan of a case with too few columns',
    ['scan', '--file', file('few', `${casesText.split('\n', 2).join('\n')}\n7,freebsd-c,0,0,1,3,,,\n`)],
    6,
    /few:3: found 9 columns, expected 10 or more: id,generation,/,
  ],
  [
    'scan of a case of an unknown generation',
    [
      'scan',
      '--file',
      file('linux', casesText.split('\n', 2).join('\n').replace('freebsd-c', 'linux').concat('\n')),
    ],
    6,
    /linux:2: found generation "linux", expected one of freebsd-a, freebsd-c/,
  ],
  [
    'scan with no cases',
    ['scan', '--file', file('cases', 'id,generation\n')],
    6,
    /cases:1: found no column last_l1/,
  ],
  ['unknown machine to show', ['machines', 'show', 'zen6'], 2, /unknown machine "zen6"/],
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
    'synth into a pipe',
    [...synth, '--out', join(folder, 'pipe')],
    2,
    /pipe is a pipe, expected a regular file/,
  ],
  [
    'synth into a pipe by a link',
    [...synth, '--out', join(folder, 'to-pipe')],
    2,
    /is a pipe, expected a regular/,
  ],
  [
    'synth into a folder',
    [...synth, '--out', folder],
    2,
    /is a folder, expected a regular file or a new name/,
  ],
  ['synth into no folder', [...synth, '--out', join(folder, 'no/o')], 2, /cannot write the file: ENOENT/],
  ['synth without a name', [...synth, '--out', ''], 2, /--out expects a file, found an empty name/],
  [
    'convert of no recording',
    ['trace', 'convert', join(ROOT, 'package.json'), '--name', 'x', '--out', join(folder, 'o')],
    6,
    /package\.json at byte 0: found a file that begins with "\{", expected one of: a trace table/,
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
    readdirSync(folder).filter((name) => name.startsWith('.upcall-')),
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
  const unknown = upcall(['reply', good, '--out', 'x', '--format', 'json']);
  const { message } = JSON.parse(unknown.stderr).error;
  assert.equal(unknown.code, 2);
  assert.match(message, /^unknown command "reply", did you mean replay\? expected one of: study, /);
});
