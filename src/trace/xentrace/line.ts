/** A record as a line of text, for `upcall trace head`. */
import { isRunstate, Trace } from './events.ts';
import { eventName, hypercallName } from './names.ts';
import { hex, type TraceRecord } from './record.ts';
import { STATE_NAMES } from './vcpu-account.ts';

/**
 * Ticks since the first record with a TSC, pCPU, vCPU there, event id, name, and what its words say.
 *
 * @param vcpu the vCPU that is current on the pCPU, as d0v1; d?v? if not known
 */
export function lineOf(r: TraceRecord, tick: number, vcpu: string): string {
  const id = r.event === Trace.lostEnds ? Trace.lostRecords : r.event;
  const name = r.event === Trace.lostEnds ? 'TRC_LOST_RECORDS end' : eventName(r.event);
  return `${tick} p${r.cpu} ${vcpu} ${hex(id)} ${name} ${wordsOf(r)}`.trimEnd();
}

function wordsOf(r: TraceRecord): string {
  if (isRunstate(r.event)) {
    return `${packed(r.word(0))} ${STATE_NAMES[(r.event >>> 8) & 3]}->${STATE_NAMES[(r.event >>> 4) & 3]}`;
  }
  switch (r.event) {
    case Trace.continueRunning:
      return packed(r.word(0));
    case Trace.schedWake:
    case Trace.schedBlock:
      return `d${r.word(0)}v${r.word(1)}`;
    case Trace.pvHypercall:
    case Trace.pvSubcall:
      return [hypercallName(r.word(0) & 0xf_ffff), ...raw(r, 1)].join(' ');
    case Trace.vmmcall:
      return hypercallName(r.word(0));
    case Trace.vmExit:
    case Trace.svmExit:
      return `exit ${bare(r.word(0))} rip ${wide(r.word(1), r.word(2))}`;
    case Trace.injectVirq:
      return `vector ${r.word(0)}`;
    default:
      return raw(r, 0).join(' ');
  }
}

function packed(word: number): string {
  return `d${word >>> 16}v${word & 0xffff}`;
}

function bare(word: number): string {
  return `0x${word.toString(16)}`;
}

function wide(low: number, high: number): string {
  return high === 0 ? bare(low) : `${bare(high)}${low.toString(16).padStart(8, '0')}`;
}

function raw(r: TraceRecord, from: number): string[] {
  return r.words().slice(from).map(bare);
}
