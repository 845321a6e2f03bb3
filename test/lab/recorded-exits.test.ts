/** VM exits of upcalls: the rules one by one, the classes on hand-made records, and pieces of real recordings. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { CLASSES } from '../../src/lab/exits/classes.ts';
import { NONE, UpcallDelivery } from '../../src/lab/exits/delivery.ts';
import type { Tally } from '../../src/lab/exits/tally.ts';
import { RecordingCheck, validateExits } from '../../src/lab/exits/validate-exits.ts';
import { Input } from '../../src/trace/input.ts';
import { eachRecord } from '../../src/trace/xentrace/merge.ts';
import type { TraceRecord } from '../../src/trace/xentrace/record.ts';
import { ROOT } from '../support/root.ts';
import { recordOf } from '../support/xentrace-file.ts';

const UPCALL = 0xf3;

test('an edge is latched once, injected once, and one of its class waits for the EOI', () => {
  const apic = new UpcallDelivery();
  assert.equal(apic.raise(UPCALL), true);
  assert.equal(apic.raise(UPCALL), false);
  apic.assist(true);
  assert.deepEqual([apic.injected, apic.armed], [UPCALL, false]);
  apic.raise(UPCALL);
  apic.raise(0xf6);
  apic.assist(true);
  assert.deepEqual([apic.injected, apic.armed], [NONE, false]);
  assert.equal(apic.eoi(), UPCALL);
  apic.assist(false);
  assert.deepEqual([apic.injected, apic.armed, apic.window], [NONE, true, true]);
  apic.windowExit();
  apic.assist(true);
  assert.equal(apic.injected, 0xf6);
  assert.equal(apic.eoi(), 0xf6);
  assert.equal(apic.pending, UPCALL);
});

test('a vector of a higher class is injected over one in service; a window is armed behind an injection', () => {
  const apic = new UpcallDelivery();
  apic.raise(0x93);
  apic.assist(true);
  apic.raise(UPCALL);
  apic.raise(0xe0);
  apic.assist(true);
  assert.deepEqual([apic.injected, apic.armed], [UPCALL, false]);
  assert.equal(apic.eoi(), UPCALL);
  apic.assist(true);
  assert.equal(apic.injected, 0xe0);
});

/** A stream of records of one vCPU (domain 0) on pCPU 0, and of others; each word is a record or a few. */
const D0V0 = 0;
const D0V1 = 1;
const runstate = (from: number, to: number) => 0x21001 | (from << 8) | (to << 4);
const exit = (reason: number, cpu = 0) => recordOf(cpu, 0x81102, [reason, 0, 0]);
const STEPS: Readonly<Record<string, readonly TraceRecord[]>> = {
  intr: [exit(0x60), recordOf(0, 0x8200f, [], false)],
  tick: [recordOf(0, 0x21002, [D0V0])],
  evtchn: [exit(0x81), recordOf(0, 0x82012, [32], false)],
  timer: [exit(0x81), recordOf(0, 0x82012, [24], false)],
  poll: [exit(0x81), recordOf(0, 0x82012, [29], false), recordOf(0, 0x28006, [0, 0])],
  rdtsc: [exit(0x6e)],
  vintr: [exit(0x64)],
  eoi: [exit(0x7c), recordOf(0, 0x8200d, [0x80b, 0, 0], false)],
  selfipi: [exit(0x7c), recordOf(0, 0x8200d, [0x83f, 0xf6, 0], false)],
  hlt: [
    exit(0x78),
    recordOf(0, 0x28006, [0, 0]),
    recordOf(0, 0x82013, [0], false),
    recordOf(0, runstate(0, 2), [D0V0]),
  ],
  nohlt: [exit(0x78), recordOf(0, 0x82013, [1], false)],
  block: [recordOf(0, runstate(0, 2), [D0V0])],
  preempt: [recordOf(0, runstate(0, 1), [D0V0])],
  run: [recordOf(0, runstate(1, 0), [D0V0])],
  wake: [recordOf(0, 0x28004, [0, 0])],
  sent: [recordOf(1, runstate(1, 0), [D0V1]), recordOf(1, 0x20100d, [32]), recordOf(1, 0x28004, [0, 0])],
  inj: [recordOf(0, 0x82004, [UPCALL, 0], false)],
  injf6: [recordOf(0, 0x82004, [0xf6, 0], false)],
  window: [recordOf(0, 0x82020, [UPCALL, 2, 0xffff_ffff], false)],
  lost: [recordOf(0, 0x1f001, [3, 0, 0, 0])],
  '|': [recordOf(0, 0x81001, [])],
};

/** An upcall by which the vector and the vCPU are known. */
const BEGIN = 'run hlt wake run inj | eoi | ';

function check(steps: string): Tally {
  const checked = new RecordingCheck();
  let tick = 0;
  for (const word of steps.trim().split(/\s+/)) {
    for (const record of STEPS[word]!) checked.record(record, tick++);
  }
  return checked.finish();
}

/** Classes with upcalls and how many are alike, and differences, of what follows the first upcall. */
function outcome(steps: string): string {
  const tally = check(BEGIN + steps);
  const first = CLASSES.findIndex((c) => c.name === 'halted-other');
  const classes = tally.classes.flatMap((c, i) => {
    const one = i === first ? 1 : 0;
    return c.upcalls === one ? [] : [`${CLASSES[i]!.name} ${c.alike - one}/${c.upcalls - one}`];
  });
  return [...classes, ...tally.differences.map((d) => d.name)].join(', ');
}

const cases: Array<[what: string, steps: string, expected: string]> = [
  ['woken by a timer', 'hlt wake run inj | eoi |', 'halted-other 1/1'],
  ['woken by a send', 'hlt sent run inj | eoi |', 'halted-send 1/1'],
  ['the clock is read on the way in from idle', 'hlt wake run inj | rdtsc | eoi |', 'halted-other 1/1'],
  ['woken and not injected', 'hlt wake run | rdtsc |', 'halted-other 0/1, not-injected'],
  ['woken from SCHEDOP_poll: no upcall', 'poll block wake run |', ''],
  ['a host interrupt of its own', 'intr inj | eoi |', 'interrupted 1/1'],
  ['a host interrupt for the scheduler', 'intr tick | rdtsc |', ''],
  ['a host interrupt for both', 'intr tick inj | eoi |', 'interrupted-busy 1/1'],
  [
    'a host interrupt with IF clear',
    'intr window | vintr inj | eoi |',
    'interrupted 0/1, window-for-injection',
  ],
  ['a host interrupt for nothing', 'intr | rdtsc |', 'interrupted 0/1, not-injected'],
  ['a send to itself', 'evtchn inj | eoi |', 'own-evtchn 1/1'],
  ['an unmask with IF clear', 'evtchn window | rdtsc window | vintr inj | eoi |', 'own-evtchn 1/1'],
  ['softirqs repeat a window', 'evtchn window window | vintr inj | eoi |', 'own-evtchn 1/1'],
  [
    'a window that is not armed again',
    'evtchn window | rdtsc | vintr inj | eoi |',
    'own-evtchn 0/1, window-missing',
  ],
  ['a timer set in the past', 'timer window | vintr inj | eoi |', 'own-timer 1/1'],
  ['a timer with IF set', 'timer inj | eoi |', 'own-timer 0/1, injection-for-window'],
  ['in Xen for another exit', 'rdtsc inj | eoi |', 'other-exit 1/1'],
  ['while it waited for a pCPU', 'rdtsc preempt run inj | eoi |', 'runnable 1/1'],
  [
    'pending again at the EOI',
    'evtchn inj | eoi window | vintr inj | eoi |',
    'own-evtchn 1/1, in-service 1/1',
  ],
  ['raised while it halts', 'nohlt inj | eoi |', 'halting 1/1'],
  ['a second injection in service', 'evtchn inj | rdtsc inj | eoi |', 'own-evtchn 0/1, injected-unasked'],
  ['an EOI too much', 'eoi |', 'other-exit 0/1, eoi-unasked'],
  ['no EOI before the next hypercall', 'evtchn inj | evtchn | eoi |', 'own-evtchn 0/1, eoi-late'],
  ['a window exit without a window', 'vintr |', 'other-exit 0/1, vintr-unasked'],
  ['two injections for one entry', 'evtchn inj inj | eoi |', 'own-evtchn 0/1, two-injections'],
  ['an IPI to itself is no upcall', 'selfipi injf6 | eoi |', ''],
];
for (const [what, steps, expected] of cases) {
  test(`${what}: ${steps}`, () => assert.equal(outcome(steps), expected));
}

test('lost records cut an upcall off; what follows is not blamed on the model', () => {
  const tally = check(`${BEGIN}evtchn inj | lost run eoi | vintr | hlt wake run inj | eoi |`);
  assert.equal(tally.cut, 1);
  assert.deepEqual([tally.total.upcalls, tally.total.alike], [2, 2]);
});

/**
 * Name, upcalls, alike, given, and of records left out one by one: how many (40 of a kind at most), how many noticed. Not
 * noticed are those of the first upcall of a vCPU, before which nothing is known, and the first window of an upcall
 * whose send is given: it then seems to come at the next exit.
 */
const PIECES: ReadonlyArray<[string, number, number, number, Record<string, [number, number]>]> = [
  [
    'l-pvh.domu-net',
    179,
    179,
    4,
    { injection: [40, 36], eoi: [40, 38], hlt: [40, 40], window: [6, 4], vintr: [4, 4] },
  ],
  [
    'p-fifo.evchurn',
    264,
    263,
    255,
    { injection: [40, 39], eoi: [40, 40], window: [40, 31], vintr: [40, 40], hlt: [4, 4] },
  ],
  [
    'p-fifo.evnotify',
    223,
    221,
    218,
    { injection: [40, 39], eoi: [40, 39], window: [40, 32], vintr: [40, 39], hlt: [3, 3] },
  ],
];

for (const [name, upcalls, alike, given, removals] of PIECES) {
  const input = () => new Input(join(ROOT, 'test/recordings', `${name}.cut.xentrace.gz`));

  test(`${name}: upcalls alike`, async (t) => {
    const { total } = (await validateExits(input())).tally;
    t.diagnostic(`${((100 * total.alike) / total.upcalls).toFixed(2)} % of ${total.upcalls} upcalls alike`);
    assert.deepEqual([total.upcalls, total.alike, total.read], [upcalls, alike, given]);
  });

  test(`${name}: a record that is left out is noticed`, async () => {
    const records: Array<[TraceRecord, number]> = [];
    await eachRecord(input(), (r, tick) => {
      const copy = recordOf(r.cpu, r.event, r.words(), r.timed);
      copy.base = r.byte;
      records.push([copy, tick]);
    });
    const whole = summary(records);
    const seen: Record<string, [number, number]> = {};
    records.forEach(([r], i) => {
      const kind = kindOf(r);
      if (kind === undefined) return;
      seen[kind] ??= [0, 0];
      const counts = seen[kind];
      if (counts[0] === 40) return;
      counts[0]++;
      if (summary(records.toSpliced(i, 1)) !== whole) counts[1]++;
    });
    assert.deepEqual(seen, removals);
  });
}

/** What Xen decided, and the exits it caused. */
function kindOf(r: TraceRecord): string | undefined {
  if (r.event === 0x82004) return 'injection';
  if (r.event === 0x82020) return 'window';
  if (r.event === 0x82013) return 'hlt';
  if (r.event === 0x8200d && r.word(0) === 0x80b) return 'eoi';
  return r.event === 0x81102 && r.word(0) === 0x64 ? 'vintr' : undefined;
}

function summary(records: ReadonlyArray<readonly [TraceRecord, number]>): string {
  const checked = new RecordingCheck();
  for (const [record, tick] of records) checked.record(record, tick);
  const tally = checked.finish();
  return JSON.stringify([
    tally.total.upcalls - tally.total.alike,
    tally.differences.map((d) => [d.name, d.count]),
  ]);
}
