/**
 * Text recordings of guests. The examples were written by hand from the formats' grammars (the sources are named in
 * each reader) and are decoded to what their tables say.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UserError } from '../../src/model/errors.ts';
import { detect } from '../../src/trace/formats.ts';
import type { GuestEvent } from '../../src/trace/guest-event.ts';
import { Input } from '../../src/trace/input.ts';
import { DTRACE } from '../../src/trace/text/dtrace.ts';
import { readEvents } from '../../src/trace/text/events.ts';
import { FTRACE } from '../../src/trace/text/ftrace.ts';
import { KTRDUMP } from '../../src/trace/text/ktrdump.ts';
import type { TextFormat } from '../../src/trace/text/parser.ts';
import { PERF_SCRIPT } from '../../src/trace/text/perf-script.ts';
import { TRACE_CMD } from '../../src/trace/text/trace-cmd.ts';
import { Tolerance } from '../../src/trace/tolerance.ts';
import {
  DTRACE_SAMPLES,
  FTRACE_SAMPLE,
  KTR_SAMPLE,
  PERF_SAMPLE,
  TRACE_CMD_SAMPLE,
} from '../support/samples.ts';

const inputOf = (text: string | Buffer, name = 'recording') => new Input(name, false, Buffer.from(text));

/** Events of a text, and the parser that read them. */
async function eventsOf(format: TextFormat, text: string, tolerance = Tolerance.strict()) {
  const parser = format.parser();
  const events: GuestEvent[] = [];
  for await (const block of readEvents(inputOf(text), format, parser, tolerance)) events.push(...block);
  return { events, parser };
}

async function infoOf(text: string | Buffer) {
  const input = inputOf(text);
  const format = await detect(input);
  const info = await format.info(input, Tolerance.strict());
  return { ...info, events: Object.fromEntries(info.events), perPcpu: Object.fromEntries(info.perPcpu) };
}

async function headOf(text: string) {
  const input = inputOf(text);
  const lines: string[] = [];
  for await (const line of (await detect(input)).head(input, Tolerance.strict())) lines.push(line);
  return lines;
}

const brief = (e: GuestEvent) => [e.line, e.time, e.cpu, e.comm, e.pid, e.name, e.text];

test('ftrace: flags of four or five characters or none, commands with blanks and hyphens, the function tracer', async () => {
  const { events } = await eventsOf(FTRACE, FTRACE_SAMPLE);
  assert.deepEqual(events.map(brief), [
    [2, 1_200_000_100_000, 1, '<idle>', 0, 'irq_handler_entry', 'irq=64 name=blkif'],
    [3, 1_200_000_103_000, 1, '<idle>', 0, 'irq_handler_exit', 'irq=64 ret=handled'],
    [4, 1_200_000_110_000, 1, 'kworker/1:2', 733, 'softirq_entry', 'vec=4 [action=BLOCK]'],
    [5, 1_200_000_200_000, 3, 'my app-1', 2048, 'upc', '(xen_evtchn_do_upcall+0x0/0x90)'],
    [
      6,
      1_200_000_204_000,
      3,
      'my app-1',
      2048,
      'upcr',
      '(sysvec_xen_hvm_callback+0x4c/0x80 <- xen_evtchn_do_upcall) arg1=0x0',
    ],
    [7, 17_284_993_652_000, 0, 'bash', 1977, 'sys_close', '<-system_call_fastpath'],
  ]);
});

test('ftrace: lost and overwritten events are counted, stack traces and notes are no events', async () => {
  const text = [
    '# entries-in-buffer/entries-written: 3/10   #P:4',
    '##### CPU 2 buffer started ####',
    ' a-1 [000] 1.000001: x: y',
    ' a-1 [000] 1.000002: <stack trace>',
    ' => xen_evtchn_do_upcall',
    ' => sysvec_xen_hvm_callback',
    'CPU:3 [LOST 42 EVENTS]',
    ' a-1 (    12) [000] d.h1 1.000003: x: y',
    'CPU:1 [LOST EVENTS]',
    ' a-1 (-------) [000] ..... 1.000004: f [xen_evtchn] <-g [xen_netback]',
  ].join('\n');
  const { events, parser } = await eventsOf(FTRACE, text);
  assert.deepEqual(
    events.map((e) => [e.line, e.name, e.text]),
    [
      [3, 'x', 'y'],
      [8, 'x', 'y'],
      [10, 'f [xen_evtchn]', '<-g [xen_netback]'],
    ],
  );
  assert.deepEqual([parser.lost, parser.lostUnknown], [49, true]);
});

test('trace-cmd report: padding, dropped events, several files, the function tracer', async () => {
  const { events, parser } = await eventsOf(TRACE_CMD, TRACE_CMD_SAMPLE);
  assert.deepEqual(events.map(brief), [
    [2, 1_200_000_100_000, 1, '<idle>', 0, 'irq_handler_entry', 'irq=64 name=blkif'],
    [3, 1_200_000_103_000, 1, '<idle>', 0, 'irq_handler_exit', 'irq=64 ret=handled'],
    [5, 1_200_000_150_000, 2, 'xl', 90, 'kprobe_upc', '(xen_evtchn_do_upcall+0x0/0x90)'],
  ]);
  assert.equal(parser.lost, 17);
  const more = await eventsOf(
    TRACE_CMD,
    'version = 6\ncpus=2\nCPU 1 is empty\nCPU:0 [EVENTS DROPPED]\nhost.dat:  a-1 [000] 1.000000500: function:             f <-- g\n',
  );
  assert.deepEqual(more.events.map(brief), [[5, 1_000_000_500, 0, 'a', 1, 'f', '<-g']]);
  assert.equal(more.parser.lostUnknown, true);
});

test('perf script: microseconds and nanoseconds, periods, call chains, lost records', async () => {
  const { events, parser } = await eventsOf(PERF_SCRIPT, PERF_SAMPLE);
  assert.deepEqual(events.map(brief), [
    [1, 1_200_000_100_000, 1, 'swapper', 0, 'irq:irq_handler_entry', 'irq=64 name=blkif'],
    [2, 1_200_000_103_000, 1, 'swapper', 0, 'irq:irq_handler_exit', 'irq=64 ret=handled'],
    [
      3,
      1_200_000_200_000,
      3,
      'my prog v2',
      2048,
      'cycles',
      'ffffffff81045e0a native_safe_halt ([kernel.kallsyms])',
    ],
    [4, 1_200_000_300_123, 2, 'nginx', 811, 'cycles:ppp', ''],
  ]);
  assert.equal((parser as unknown as { frames: number }).frames, 2);
  const lost = await eventsOf(
    PERF_SCRIPT,
    'a 1/2 1.000000: x:y: z\nPERF_RECORD_LOST lost 7\na 1 [000] 2.000000: PERF_RECORD_LOST lost 9\n',
  );
  assert.deepEqual(lost.events.map(brief), [[1, 1_000_000_000, -1, 'a', 2, 'x:y', 'z']]);
  assert.equal(lost.parser.lost, 16);
});

test('ktrdump: newest first, graph records; in order of time 100, 101, 102', async () => {
  const { events, parser } = await eventsOf(KTRDUMP, KTR_SAMPLE);
  assert.deepEqual(events.map(brief), [
    [3, 90071992552, 1, '', -1, 'thread:state', 'id="idle: cpu1 tid 100004" value="running" prio:255'],
    [4, 90071990000, 1, '', -1, 'intr_event_schedule_thread', 'schedule pid 12 (irq2128: xn0)'],
    [5, 90071985000, 0, '', -1, 'load:counter', 'id="CPU 0 load" value="2" none'],
  ]);
  assert.equal(parser.newestFirst, true);
  assert.deepEqual(
    (await headOf(KTR_SAMPLE)).map((line) => line.split(' ', 1)[0]),
    ['90071985000', '90071990000', '90071992552'],
  );
  assert.equal((await infoOf(KTR_SAMPLE)).skewed, 0);
});

test('ktrdump: columns by the header, in any order; without one index, cpu, timestamp', async () => {
  const wide =
    'index  timestamp        cpu file and line                            tid                trace \n' +
    '------ ---------------- --- ---------------------------------------- ------------------ ----- \n' +
    '     7             1000   2 /usr/src/sys/kern/kern_intr.c:901        0xfffff80003b5d000 f: a b\n' +
    '     8             1001   3 /usr/src/sys/kern/kern_intr.c:902        0xfffff80003b5d000 g\n';
  const { events, parser } = await eventsOf(KTRDUMP, wide);
  assert.deepEqual(
    events.map((e) => [e.time, e.cpu, e.name, e.text]),
    [
      [1000, 2, 'f', 'a b'],
      [1001, 3, '', 'g'],
    ],
  );
  assert.equal(parser.newestFirst, false);
  assert.equal((await infoOf('     1   0      12345678 f: a\n')).format, 'ktrdump');
  await assert.rejects(
    eventsOf(KTRDUMP, 'index cpu colour trace\n'),
    /column "colour trace", expected one of index/,
  );
  await assert.rejects(eventsOf(KTRDUMP, 'index trace cpu\n'), /expected "trace" as the last column/);
});

test('dtrace: the layout of a script, the default and flow layouts, aggregations and drops', async () => {
  const script = await eventsOf(DTRACE, DTRACE_SAMPLES.script);
  assert.deepEqual(script.events.map(brief), [
    [1, 73500000123, 1, '', -1, 'xen_intr_handle_upcall:entry', ''],
    [2, 73500000981, 1, '', -1, 'intr_event_handle:entry', 'irq2128: xn0'],
    [3, 73500003310, 1, '', -1, 'intr_event_handle:return', ''],
    [4, 73500003650, 1, '', -1, 'xen_intr_handle_upcall:return', ''],
  ]);
  const plain = await eventsOf(DTRACE, DTRACE_SAMPLES.plain);
  assert.deepEqual(plain.events.map(brief), [
    [2, -1, 1, '', -1, 'xen_intr_handle_upcall:entry', ''],
    [3, 73500000981, 0, '', -1, 'intr_event_handle:entry', 'irq2128: xn0'],
  ]);
  assert.equal(plain.parser.lost, 12);
  assert.equal((plain.parser as unknown as { aggregations: number }).aggregations, 6);
  const flow = await eventsOf(DTRACE, DTRACE_SAMPLES.flow);
  assert.deepEqual(
    flow.events.map((e) => [e.cpu, e.name]),
    [
      [1, 'xen_intr_handle_upcall:entry'],
      [1, 'xen_intr_handle_upcall:return'],
      [1, 'xen_intr_signal:hit'],
    ],
  );
});

test('every format is recognised by its content, plain and gzip', async () => {
  const samples: Array<[string, string]> = [
    ['ftrace', FTRACE_SAMPLE],
    ['ftrace', FTRACE_SAMPLE.split('\n').slice(1).join('\n')],
    ['ftrace', 'CPU:3 [LOST 42 EVENTS]\n a-1 [000] 12345: x: y\n'],
    ['trace-cmd', TRACE_CMD_SAMPLE],
    ['perf-script', PERF_SAMPLE],
    ['ktrdump', KTR_SAMPLE],
    ['dtrace', DTRACE_SAMPLES.script],
    ['dtrace', DTRACE_SAMPLES.plain],
    ['dtrace', DTRACE_SAMPLES.flow],
  ];
  for (const [name, text] of samples) {
    assert.equal((await infoOf(text)).format, name);
    assert.equal((await infoOf(gzipSync(text))).format, name);
    assert.equal((await infoOf(text.replaceAll('\n', '\r\n'))).format, name);
  }
});

test('info: records, events, CPUs, first and last time, skew on a CPU, ends without a beginning', async () => {
  const text = [
    'cpus=2',
    ' a-1 [000] 1.000005: irq_handler_exit: irq=1 ret=handled',
    ' a-1 [001] 1.000004: irq_handler_entry: irq=1 name=x',
    ' a-1 [001] 1.000003: irq_handler_exit: irq=1 ret=handled',
  ].join('\n');
  const info = await infoOf(text);
  assert.deepEqual(info.events, { irq_handler_exit: 2, irq_handler_entry: 1 });
  assert.deepEqual(info.perPcpu, { 0: 1, 1: 2 });
  assert.deepEqual([info.firstTsc, info.lastTsc], [1_000_003_000, 1_000_005_000]);
  assert.deepEqual([info.records, info.skewed, info.unmatched, info.lostRecords], [3, 1, 1, 0]);
});

test('a counter past 2^53 stays exact', async () => {
  const at = (time: bigint) => ` a-1 [000] ${time}: x: y\n`;
  const first = 2n ** 63n + 1n;
  const info = await infoOf(at(first) + at(first + 3n));
  assert.deepEqual([info.firstTsc, info.lastTsc], [first, first + 3n]);
  const seconds = await infoOf(' a-1 [000] 99999999.000000001: x: y\n a-1 [000] 99999999.000001: x: y\n');
  assert.deepEqual([seconds.firstTsc, seconds.lastTsc], [99999999000000001n, 99999999000001000n]);
});

const refused: Array<[what: string, format: TextFormat, text: string, message: RegExp]> = [
  ['nonsense', FTRACE, '# c\nnonsense\n', /^recording:2: found "nonsense", expected an ftrace line/],
  ['no event', FTRACE, '# only\n', /recording:1: found no event, expected at least one of ftrace text/],
  [
    'a control character',
    FTRACE,
    ' a\x1b[2J-1 [000] 1: x: y\n',
    /:1: found the control character U\+001B in " a\?\[2J/,
  ],
  ['text turned around', FTRACE, ' a‮b-1 [000] 1: x: y\n', /:1: found the control character U\+202E/],
  [
    'a command too long',
    FTRACE,
    ` ${'a'.repeat(70)}-1 [000] 1: x: y\n`,
    /:1: found .* expected an ftrace line/,
  ],
  [
    'a name too long',
    FTRACE,
    ` a-1 [000] 1: ${'x'.repeat(600)}: y\n`,
    /:1: found an event name of 600 characters/,
  ],
  ['a CPU too large', FTRACE, ' a-1 [4096] 1: x: y\n', /:1: found CPU 4096, expected one below 4096/],
  [
    'two clocks',
    FTRACE,
    ' a-1 [000] 1: x: y\n a-1 [000] 1.000000: x: y\n',
    /:2: found time 1.000000, expected an integer/,
  ],
  [
    'another clock',
    FTRACE,
    ' a-1 [000] 1.000000: x: y\n a-1 [000] 1: x: y\n',
    /:2: found time 1, expected seconds/,
  ],
  ['no event text', FTRACE, ' a-1 [000] 1: ???\n', /:1: found "\?\?\?", expected "event: text"/],
  ['a zero byte', FTRACE, ' a-1 [000] 1: x: y\0\n', /byte 18: found a zero byte, expected text/],
  ['a long line', FTRACE, ` a-1 [000] 1: x: ${'y'.repeat(70_000)}\n`, /:1: found a line of over 65536/],
  [
    'a frame of no sample',
    PERF_SCRIPT,
    '   ffffffff81 f (k)\n',
    /:1: found .* expected a line of perf script/,
  ],
  [
    'a column that is no number',
    KTRDUMP,
    'index cpu trace\n1 x f: a\n',
    /:2: found "1 x f: a", expected an integer in column cpu/,
  ],
  ['dtrace nonsense', DTRACE, 'hello\n', /:1: found "hello", expected a line of dtrace/],
];
for (const [what, format, text, message] of refused) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(eventsOf(format, text), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.exit, 6);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('bytes that are not UTF-8 are refused where they are, a cut character too', async () => {
  const good = Buffer.from(' a-1 [000] 1: x: é\n');
  const at = good.indexOf(0xc3);
  for (const [bytes, place] of [
    [Buffer.concat([good, Buffer.from([0xff, 0x0a])]), good.length],
    [good.subarray(0, at + 1), at],
    [Buffer.concat([good.subarray(0, at + 1), Buffer.from('\n')]), at],
    [Buffer.concat([good, Buffer.from([0xed, 0xa0, 0x80])]), good.length],
  ] as const) {
    const events = readEvents(new Input('r', false, bytes), FTRACE, FTRACE.parser(), Tolerance.strict());
    const all = async () => {
      for await (const block of events) assert.ok(block.length > 0);
    };
    await assert.rejects(all, new RegExp(`^UserError: r at byte ${place}: found bytes that are not UTF-8`));
  }
});

test('what is tolerated is counted, and too much of it is refused', async () => {
  const text = ' a-1 [000] 1: x: y\nnonsense\n a-1 [000] 2: x: y\nnonsense\n';
  const tolerance = Tolerance.count(2);
  const { events } = await eventsOf(FTRACE, text, tolerance);
  assert.deepEqual([events.length, tolerance.skipped, tolerance.records], [2, 2, 2]);
  await assert.rejects(eventsOf(FTRACE, text, Tolerance.count(1)), /more than 1 faulty records/);
  await assert.rejects(eventsOf(FTRACE, text, Tolerance.percent(49)), /2 of 4 records are faulty/);
});

test('names of events reach no prototype', async () => {
  const info = await infoOf(' __proto__-1 [000] 1: __proto__: constructor=1\n a-1 [000] 2: constructor: x\n');
  assert.deepEqual(Object.keys(info.events), ['__proto__', 'constructor']);
  assert.equal(({} as Record<string, unknown>).x, undefined);
});

test('a long line costs time in its length only, whatever it repeats', () => {
  const pieces = [
    ' ',
    '\t',
    '-1 ',
    'a-1 [000] ',
    'a 1 [000] ',
    '1 ',
    '( ',
    ' (k',
    ': ',
    '@',
    '1 |',
    '<',
    '- ',
  ];
  for (const format of [FTRACE, TRACE_CMD, PERF_SCRIPT, KTRDUMP, DTRACE]) {
    for (const piece of pieces) {
      for (const begin of ['', '1 |', '1:  ', 'a 1 [000] 1.000000: e: ']) {
        const line = `${begin}${piece.repeat(65_000 / piece.length)}x`;
        const started = performance.now();
        format.matches([line]);
        format.parser().take(line, 1);
        // A tenth of a second or two on a busy machine; what is quadratic takes a quarter of a minute.
        assert.ok(performance.now() - started < 5000, `${format.name}: ${begin}${piece}`);
      }
    }
  }
});
