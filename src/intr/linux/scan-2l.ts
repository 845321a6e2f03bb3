/**
 * evtchn_2l_handle_events: the scan of the 2-level ABI (drivers/xen/events/events_2l.c at 17ef715c0c88; fact sheet
 * on Xen, section 10.2). VIRQ_TIMER goes first; then every selected word from the cursor on, one snapshot of its
 * active ports for each visit, and the word begun with a second time at the end.
 */
import type { Ready } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { bitHi, bitLo, lowestBitFrom } from '../../x86/word64.ts';
import { SHARED_INFO, VCPU_INFO } from '../../xen/abi.ts';
import type { LinuxCpu } from './image.ts';
import { genericHandleIrq, handleIrqForPort } from './irq.ts';
import { IRQ_INFO, PERCPU } from './layout.ts';
import { infoForIrq } from './lookup.ts';
import type { Linux } from './os.ts';

const fn = new SourceFile('drivers/xen/events/events_2l.c').fn('evtchn_2l_handle_events');

const At = {
  enter: fn.site('shared_info and vcpu_info', 14),
  timer: fn.site('port of VIRQ_TIMER', 20),
  timerActive: fn.site('VIRQ_TIMER active?', 14),
  selector: fn.site('exchange of evtchn_pending_sel', 3),
  cursors: fn.site('cursors', 3),
  more: fn.site('words left?', 2),
  word: fn.site('next word', 6),
  wrap: fn.site('wrap to word 0', 3),
  active: fn.site('pending & this CPU & ~mask', 10),
  first: fn.site('where in the word?', 4),
  bit: fn.site('next bit', 6),
  call: fn.site('handle_irq_for_port', 4),
  cursorStore: fn.site('store the cursors', 9),
  last: fn.site('last bit?', 2),
  drop: fn.site('drop the word, unless begun with', 8),
  leave: fn.site('return', 9),
};

/** Where the function starts. */
export const HANDLE_EVENTS_2L = At.enter;

const FRAME_BYTES = 40;

/** The function; the call is made. */
export function* handleEvents2l(os: Linux, cpu: LinuxCpu): Kernel {
  const { core, pcpu } = cpu;
  core.at(At.enter);
  core.push(6);
  core.frame(FRAME_BYTES);
  core.free(2);
  const tPage = core.load64(os.image.statics.sharedInfoPtr, NOW);
  const tInfo = core.load64(pcpu + PERCPU.xenVcpu, NOW);
  const info = core.lo;
  yield* timerFirst(os, cpu, tPage);
  core.at(At.selector);
  core.free(1);
  if (core.behind(tInfo)) yield;
  let tWords = core.xchg64(info + VCPU_INFO.pendingSel, 0, 0, tInfo);
  let lo = core.lo;
  let hi = core.hi;
  core.at(At.cursors);
  let tWord = core.load32(pcpu + PERCPU.currentWord, NOW);
  const startWord = core.lo;
  const tStartBit = core.load32(pcpu + PERCPU.currentBit, NOW);
  const startBit = core.lo;
  core.free(1);
  let word = startWord;
  for (let i = 0; ; i++) {
    core.at(At.more);
    if (!core.branch((lo | hi) !== 0, tWords)) break;
    core.at(At.word);
    const next = lowestBitFrom(lo, hi, word);
    const tMask = core.shift(core.join(tWord, NOW));
    const tFrom = core.alu(core.join(tMask, tWords));
    core.free(1);
    if (core.jcc(next < 0, tFrom)) {
      core.at(At.wrap);
      word = 0;
      tWord = NOW;
      core.free(1);
      core.jump();
      continue;
    }
    tWord = core.bitScan(lo, hi, tFrom);
    word = next;
    core.at(At.active);
    const tActive = yield* activeEvtchns(os, cpu, word, core.join(tWord, tPage));
    const activeLo = core.lo;
    const activeHi = core.hi;
    core.at(At.first);
    const firstVisit = core.branch(word === startWord, tWord) && core.branch(i === 0, NOW);
    let bit = firstVisit ? startBit : 0;
    let tBit = firstVisit ? tStartBit : NOW;
    do {
      core.at(At.bit);
      const found = lowestBitFrom(activeLo, activeHi, bit);
      const tBits = core.alu(core.join(core.shift(tBit), tActive));
      core.free(1);
      if (core.jcc(found < 0, tBits)) break;
      tBit = core.bitScan(activeLo, activeHi, tBits);
      core.at(At.call);
      core.free(2);
      const tPort = core.alu(core.join(tWord, tBit));
      core.call();
      yield* handleIrqForPort(os, cpu, word * 64 + found, tPort);
      core.at(At.cursorStore);
      bit = (found + 1) & 63;
      const tNext = core.chain(tBit, 2);
      core.branch(bit !== 0, tNext);
      core.store32(pcpu + PERCPU.currentWord, bit !== 0 ? word : (word + 1) & 63, tWord);
      core.store32(pcpu + PERCPU.currentBit, bit, tNext);
      tBit = tNext;
      core.at(At.last);
    } while (core.branch(bit !== 0, tBit));
    core.at(At.drop);
    if (core.branch(word !== startWord, tWord) || core.branch(i !== 0, NOW)) {
      lo &= ~bitLo(word);
      hi &= ~bitHi(word);
      tWords = core.alu(core.join(core.shift(tWord), tWords));
    }
    word = (word + 1) & 63;
    tWord = core.chain(tWord, 2);
  }
  core.at(At.leave);
  core.unframe(FRAME_BYTES);
  core.pop(6);
  core.ret();
}

/** VIRQ_TIMER of this CPU, where it is bound and active. */
function* timerFirst(os: Linux, cpu: LinuxCpu, tPage: Ready): Kernel {
  const { core, pcpu } = cpu;
  core.at(At.timer);
  core.free(1);
  const tIrq = core.load32(pcpu + PERCPU.virqToIrq, NOW);
  const irq = core.lo;
  if (core.branch(irq === -1, tIrq)) return;
  const tInfo = infoForIrq(core, os, irq, tIrq, At.timer);
  const tPort = core.load32(core.lo + IRQ_INFO.evtchn, tInfo);
  const port = core.lo;
  core.at(At.timerActive);
  const word = port >>> 6;
  const tActive = yield* activeEvtchns(os, cpu, word, core.join(core.shift(tPort), tPage));
  cpu.evaluations--;
  const active = ((core.lo & bitLo(port & 63)) | (core.hi & bitHi(port & 63))) !== 0;
  core.shift(tActive);
  if (!core.jcc(active, tActive)) return;
  core.call();
  yield* genericHandleIrq(os, cpu, irq, tIrq);
}

/** active_evtchns: one snapshot, left in `core.lo` and `core.hi`. */
function* activeEvtchns(os: Linux, cpu: LinuxCpu, word: number, dep: Ready): Kernel<Ready> {
  const { core, pcpu } = cpu;
  cpu.evaluations++;
  const page = os.pages.sharedInfo;
  if (core.behind(dep)) yield;
  const tPending = core.load64(page + SHARED_INFO.pending + word * 8, dep);
  const pendingLo = core.lo;
  const pendingHi = core.hi;
  const tOwn = core.load64(pcpu + PERCPU.evtchnMask + word * 8, dep);
  const ownLo = core.lo;
  const ownHi = core.hi;
  const tMask = core.load64(page + SHARED_INFO.mask + word * 8, dep);
  core.lo = pendingLo & ownLo & ~core.lo;
  core.hi = pendingHi & ownHi & ~core.hi;
  core.free(1);
  return core.alu(core.join(core.alu(core.join(tPending, tOwn)), core.alu(tMask)));
}
