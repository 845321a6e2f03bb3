/**
 * evtchn_fifo_set_link: the word at the tail of a queue gets the next port as its link, unless the guest has taken
 * that word off the queue meanwhile (fact sheet on Xen, section 2.2).
 *
 * The guest may do four things to a linked word, each at most once while it is BUSY: set MASKED, clear MASKED,
 * clear PENDING, clear LINKED. So four tries are enough for a guest that keeps to the rules.
 */
import type { Addr, Port } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import type { Memory } from '../x86/memory.ts';
import { SourceFile } from '../x86/sites.ts';
import { EVENT_WORD } from './abi-fifo.ts';
import type { EvtchnStats } from './stats.ts';

const file = new SourceFile('xen/common/event_fifo.c', 'link');
const setLinkFn = file.fn('evtchn_fifo_set_link');
const tryFn = file.fn('try_set_link');

const At = {
  read: setLinkFn.site('read the word at the tail', 6),
  compare: tryFn.site('still linked? compare and exchange', 12),
  busy: setLinkFn.site('set BUSY, read again', 4),
  notBusy: setLinkFn.site('clear BUSY', 3),
};

/** Tries while the word is BUSY. */
const TRIES = 4;

/** Outcomes of one try. */
const UNLINKED = 0;
const LINKED = 1;
const CHANGED = 2;

/**
 * Links `port` behind the port of `word`.
 *
 * @param word event word of the queue's tail
 * @param dep when its address is known
 * @returns whether the port counts as linked: not if the guest has emptied the queue, in which case the head must
 *     be set; after the last try it does although it is not
 */
export function* setLink(
  core: Core,
  memory: Memory,
  stats: EvtchnStats,
  word: Addr,
  port: Port,
  dep: number,
): Kernel<boolean> {
  core.at(At.read);
  if (core.behind(dep)) yield;
  core.load32(word, dep);
  let outcome = yield* tryLink(core, memory, word, core.lo, port);
  if (outcome !== CHANGED) return outcome === LINKED;
  stats.link_busy++;
  core.at(At.busy);
  if (core.behind(NOW)) yield;
  core.lockBitSet(word, EVENT_WORD.busy, NOW);
  if (core.behind(NOW)) yield;
  core.load32(word, NOW);
  for (let i = 0; i < TRIES; i++) {
    outcome = yield* tryLink(core, memory, word, core.lo, port);
    if (outcome === CHANGED) continue;
    if (outcome === UNLINKED) yield* clearBusy(core, word);
    return outcome === LINKED;
  }
  stats.link_failed++;
  yield* clearBusy(core, word);
  return true;
}

/** One try on the value seen last; leaves the one seen now in `core.lo`. */
function* tryLink(core: Core, memory: Memory, word: Addr, seen: number, port: Port): Kernel<number> {
  core.at(At.compare);
  const tLinked = core.alu(NOW);
  if (core.jcc((seen & (1 << EVENT_WORD.linked)) === 0, tLinked)) return UNLINKED;
  const next = (seen & ~(1 << EVENT_WORD.busy) & ~EVENT_WORD.link) | port;
  core.chain(NOW, 2);
  if (core.behind(NOW)) yield;
  const tOld = core.cmpxchg32(word, seen, next, NOW);
  const same = core.lo === 1;
  // A failed compare leaves the word's value in the register.
  core.lo = memory.peek32(word);
  return core.branch(same, tOld) ? LINKED : CHANGED;
}

function* clearBusy(core: Core, word: Addr): Kernel {
  core.at(At.notBusy);
  if (core.behind(NOW)) yield;
  core.lockBitReset(word, EVENT_WORD.busy, NOW);
}
