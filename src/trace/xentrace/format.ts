/** A recording of xentrace as a format among the others: told by its first word, counted, and printed. */
import type { InfoValue, TraceFormat, TraceInfo } from '../format.ts';
import { xentraceRows } from '../join/xentrace-rows.ts';
import { Accounts } from './accounts.ts';
import { lineOf } from './line.ts';
import { type RecordingFacts, readRecords } from './merge.ts';
import { hypercallName, PV_EVENT_NAMES } from './names.ts';
import { hex } from './record.ts';
import { DOMAIN_STATE_NAMES, GuestKind, RUNNABLE_NAMES, type Spans, STATE_NAMES } from './vcpu-account.ts';
import { CPU_CHANGE, HEADER_BYTES } from './windows.ts';

const NAME = 'xentrace';

/** What begins with a window of a pCPU. */
export const XENTRACE: TraceFormat = {
  name: NAME,
  what: 'a recording of xentrace',
  matches: (head) =>
    head.length >= HEADER_BYTES &&
    (head.readUInt32LE(0) === CPU_CHANGE || head.readUInt32BE(0) === CPU_CHANGE),
  info: async (input, tolerance) => {
    const accounts = new Accounts();
    const reading = readRecords(input, (r, tick) => accounts.record(r, tick), {
      onFault: (error) => tolerance.skip(error),
      onEnd: (cpu, tick) => accounts.ends(cpu, tick),
      hashed: false,
    });
    for (;;) {
      const step = await reading.next();
      if (step.done !== true) continue;
      tolerance.read(step.value.records);
      tolerance.finish();
      return infoOf(step.value, accounts);
    }
  },
  head: async function* (input, tolerance) {
    const accounts = new Accounts();
    let lines: string[] = [];
    const reading = readRecords(
      input,
      (r, tick) => {
        lines.push(lineOf(r, tick, accounts.currentName(r.cpu)));
        accounts.record(r, tick);
      },
      { onFault: (error) => tolerance.skip(error), hashed: false },
    );
    for (let more = true; more; ) {
      more = (await reading.next()).done !== true;
      yield* lines;
      tolerance.read(lines.length);
      lines = [];
    }
    tolerance.finish();
  },
  rows: xentraceRows,
};

function infoOf(facts: RecordingFacts, accounts: Accounts): TraceInfo {
  return {
    format: NAME,
    records: facts.records,
    events: new Map([...facts.events].map(([event, n]) => [hex(event), n])),
    perPcpu: facts.perCpu,
    firstTsc: facts.firstTsc,
    lastTsc: facts.lastTsc,
    lostRecords: facts.lostRecords,
    skewed: facts.skewed,
    unmatched: accounts.unmatched,
    more: [['cut_off_bytes', facts.droppedBytes], ...detail(accounts)],
  };
}

/** What each vCPU and domain did: the figures of xenalyze --summary, times in ticks. */
function detail(accounts: Accounts): Array<readonly [string, InfoValue]> {
  const spans = new Map<string, number>();
  const ticks = new Map<string, number>();
  const hypercalls = new Map<string, number>();
  const pvEvents = new Map<string, number>();
  const interrupts = new Map<string, number>();
  const exits = new Map<string, number>();
  const exitTicks = new Map<string, number>();
  const addSpans = (prefix: string, names: readonly string[], of: Spans): void => {
    names.forEach((name, i) => {
      if (of.count[i]! === 0) return;
      spans.set(`${prefix}${name}`, of.count[i]!);
      ticks.set(`${prefix}${name}`, of.ticks[i]!);
    });
  };
  for (const domain of accounts.domains) addSpans(`d${domain.id}.`, DOMAIN_STATE_NAMES, domain.spans);
  for (const v of accounts.vcpus) {
    const name = `d${v.domain.id}v${v.id}.`;
    addSpans(name, STATE_NAMES, v.spans);
    addSpans(`${name}runnable.`, RUNNABLE_NAMES, v.runnable);
    if (v.kind === GuestKind.pv) {
      addCounts(hypercalls, v.pv.hypercalls, (op) => name + hypercallName(op));
      addCounts(pvEvents, v.pv.events, (minor) => name + (PV_EVENT_NAMES.get(minor) ?? minor));
    } else if (v.kind === GuestKind.hvm) {
      addCounts(hypercalls, v.hvm.hypercalls, (op) => name + hypercallName(op));
      addCounts(interrupts, v.hvm.injections, (vector) => name + vector);
      addCounts(exits, v.hvm.exits.count, (code) => `${name}0x${code.toString(16)}`);
      addCounts(exitTicks, v.hvm.exits.ticks, (code) => `${name}0x${code.toString(16)}`);
    }
  }
  return [
    ['runstate_spans', spans],
    ['runstate_ticks', ticks],
    ['hypercalls', hypercalls],
    ['pv_events', pvEvents],
    ['interrupts_injected', interrupts],
    ['vm_exits', exits],
    ['vm_exit_ticks', exitTicks],
  ];
}

function addCounts(to: Map<string, number>, counts: Float64Array, key: (i: number) => string): void {
  counts.forEach((n, i) => {
    if (n > 0) to.set(key(i), n);
  });
}
