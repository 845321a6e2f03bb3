/**
 * intr_execute_handlers and intr_event_handle: from an interrupt source to its handlers. Identical in
 * generations A and C but for one test (row I5); rows H1 to H6 and I1 to I9 of the fact sheet on FreeBSD (2.6, 2.7).
 * Instruction counts are those of the compiled functions: 28 and 74 for an event with one filter.
 */
import type { Addr, Ready } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SITE_ADDRESS, SourceFile } from '../x86/sites.ts';
import { criticalExit } from './entry.ts';
import { scheduleThread } from './ithread.ts';
import type { KernelCpu } from './kernel-image.ts';
import { EVENT, HANDLER, INTSRC, PCPU, PIC, THREAD } from './layout.ts';
import type { FreeBsd } from './os.ts';
import { disableSource, PIC_ENTRY } from './pic.ts';
import { GENERATION_A } from './source-files.ts';

const machdep = new SourceFile('sys/x86/x86/intr_machdep.c', 'execute');
const execute = machdep.fn('intr_execute_handlers');
const kernIntr = new SourceFile('sys/kern/kern_intr.c', 'handle');
const handle = kernIntr.fn('intr_event_handle');
const wrapper = machdep.fn('intr_disable_src');
const drivers = new SourceFile('sys/dev/xen (drivers)', 'filters');

const At = {
  count: execute.site('H1 ++*is_count', 10),
  vIntr: execute.site('H2 ++v_intr', 2),
  vector: execute.site('H3-H4 vector of the source', 3),
  event: execute.site('H5-H6 call intr_event_handle', 6),
  result: execute.site('H6 result', 8),
  stray: execute.site('stray: disable the source, ++straycount', 6),
  enter: handle.site('I1 event and its handlers', 13),
  nobody: handle.site('no handlers', 9),
  nesting: handle.site('I2 nesting, critnest, frame', 8),
  active: handle.site('I3 ++ie_active[phase]', 4),
  fence: handle.site('I4 fence', 1),
  list: handle.site('I5 handlers of the event', 11),
  filter: handle.site('I5 call the filter', 6),
  filterResult: handle.site('I5 result of the filter', 4),
  next: handle.site('I5 next handler', 3),
  inactive: handle.site('I6 --ie_active[phase]', 2),
  frame: handle.site('I7 restore the frame', 4),
  postFilter: handle.site('I8f post_filter', 6),
  preIthread: handle.site('I8t pre_ithread', 6),
  schedule: handle.site('I8t intr_event_schedule_thread', 3),
  leave: handle.site('I9 critnest, nesting, return', 18),
  disable: wrapper.site('I8t wrapper: pic_disable_source', 5),
};

/** Sites at which the modelled filters start; their addresses are the function pointers in the handlers. */
export const FILTER = {
  /** Counts and returns "handled". */
  count: drivers.fn('(filter)').site('count the event', 4),
  /** The evtchn device: masks its port and asks for its thread. */
  evtchn: drivers.fn('evtchn_interrupt').site('mask the port', 12),
};

/** Locals of intr_event_handle on the stack. */
const FRAME_BYTES = 24;

/** What a filter returns. */
const FILTER_HANDLED = 2;
const FILTER_SCHEDULE_THREAD = 4;

/**
 * intr_execute_handlers(isrc, frame). The caller has made the call.
 *
 * @param tIsrc when the isrc pointer is known
 */
export function* intrExecuteHandlers(os: FreeBsd, cpu: KernelCpu, isrc: Addr, tIsrc: Ready): Kernel {
  const { core } = cpu;
  const { statics } = os.image;
  core.at(At.count);
  core.push(5);
  core.free(3);
  const tCount = core.load64(isrc + INTSRC.count, tIsrc);
  core.add64(core.lo, 1, tCount);
  core.at(At.vIntr);
  const tBase = core.load64(statics.vmIntrPtr, NOW);
  core.add64(cpu.vIntr, 1, tBase);
  core.at(At.vector);
  const tPic = core.load64(isrc + INTSRC.pic, tIsrc);
  const pic = core.lo;
  const tEvent = core.load64(isrc + INTSRC.event, tIsrc);
  const event = core.lo;
  const tSlot = core.operand64(pic + PIC.vector, tPic);
  const entry = PIC_ENTRY[os.generation.id].vector;
  core.indirectCall(entry, tSlot);
  core.at(entry);
  const tVector = core.load32(isrc + os.generation.isrc.vector, tIsrc);
  const vector = core.lo;
  core.ret();
  core.at(At.event);
  core.free(1);
  core.branch(vector === 0, tVector);
  core.free(2);
  core.call();
  const handled = yield* intrEventHandle(os, cpu, event, tEvent);
  core.at(At.result);
  if (core.branch(!handled, NOW)) yield* stray(os, cpu, isrc);
  core.pop(5);
  core.ret();
}

/** An event nobody handles: its source is masked and counted. */
function* stray(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { core } = cpu;
  os.observer.stray(cpu.fresh);
  core.at(At.stray);
  const tPic = core.load64(isrc + INTSRC.pic, NOW);
  core.indirectCall(PIC_ENTRY[os.generation.id].disable, core.operand64(core.lo + PIC.disableSource, tPic));
  yield* disableSource(os, cpu, isrc, NOW);
  core.at(At.stray);
  const tCount = core.load64(isrc + INTSRC.straycount, NOW);
  core.add64(core.lo, 1, tCount);
}

/** intr_event_handle(event, frame). Returns whether anybody handled it. */
function* intrEventHandle(os: FreeBsd, cpu: KernelCpu, event: Addr, tEvent: Ready): Kernel<boolean> {
  const { core, thread, pcpu } = cpu;
  core.at(At.enter);
  core.branch(event === 0, tEvent);
  core.push(6);
  core.frame(FRAME_BYTES);
  core.free(2);
  const tFirst = core.operand64(event + EVENT.handlers, tEvent);
  if (core.branch(core.lo === 0, tFirst)) {
    core.at(At.nobody);
    core.unframe(FRAME_BYTES);
    core.pop(6);
    core.ret();
    return false;
  }
  core.at(At.nesting);
  const tThread = core.load64(pcpu + PCPU.curthread, NOW);
  core.free(1);
  core.add32(thread + THREAD.nesting, 1, tThread);
  core.add32(thread + THREAD.critnest, 1, tThread);
  const tFrame = core.load64(thread + THREAD.intrFrame, tThread);
  core.store64(thread + THREAD.intrFrame, core.sp, 0, NOW, tThread);
  core.store64(core.sp, 0, 0, tFrame);
  core.at(At.active);
  const tPhase = core.load32(event + EVENT.phase, tEvent);
  const active = event + EVENT.active + 4 * core.lo;
  const tActive = core.alu(tPhase);
  core.store64(core.sp + 8, active, 0, tActive);
  core.lockAdd32(active, 1, tActive);
  core.at(At.fence);
  core.lockAdd32(pcpu + PCPU.monitorbuf, 0, NOW);
  const wantThread = yield* runHandlers(os, cpu, event, tEvent);
  core.at(At.inactive);
  const tSaved = core.load64(core.sp + 8, NOW);
  core.lockAdd32(active, -1, tSaved);
  core.at(At.frame);
  const tOld = core.load64(core.sp, NOW);
  core.store64(thread + THREAD.intrFrame, 0, 0, tOld);
  if (core.branch(!wantThread, NOW)) {
    core.at(At.postFilter);
    const tPost = core.load64(event + EVENT.postFilter, tEvent);
    core.branch(false, tPost);
    core.load64(event + EVENT.source, tEvent);
    const { eoi } = PIC_ENTRY[os.generation.id];
    core.indirectCall(eoi, tPost);
    core.at(eoi);
    core.ret();
    core.at(At.postFilter);
    core.jump();
  } else yield* handOff(os, cpu, event, tEvent);
  core.at(At.leave);
  leave(core, cpu);
  return true;
}

/** Row I5: every handler that has a filter runs. Returns whether a thread is wanted. */
function* runHandlers(os: FreeBsd, cpu: KernelCpu, event: Addr, tEvent: Ready): Kernel<boolean> {
  const { core } = cpu;
  let wantThread = false;
  core.at(At.list);
  let tHandler = core.load64(event + EVENT.handlers, tEvent);
  let handler = core.lo;
  if (core.branch(handler === 0, tHandler)) {
    // Unlinked since `intrEventHandle` looked: nobody runs, and it does not count as stray.
    os.observer.unclaimed(cpu.fresh);
    return false;
  }
  core.free(2);
  os.observer.handled(cpu.port, cpu.fresh, core);
  for (;;) {
    core.jcc(false, core.alu(core.operand32(handler + HANDLER.flags, tHandler)));
    if (os.generation.id !== GENERATION_A) {
      core.jcc(true, core.alu(core.operand32(event + EVENT.flags, tEvent)));
    }
    core.at(At.filter);
    const tFilter = core.load64(handler + HANDLER.filter, tHandler);
    const filter = core.lo;
    if (core.branch(filter === 0, tFilter)) wantThread = true;
    else {
      const tArgument = core.load64(handler + HANDLER.argument, tHandler);
      const argument = core.lo;
      core.free(1);
      core.alu(tArgument);
      const result = yield* callFilter(os, cpu, filter, argument, core.join(tFilter, tArgument));
      core.at(At.filterResult);
      core.branch(wantThread, NOW);
      if (core.branch(result === FILTER_SCHEDULE_THREAD, NOW)) wantThread = true;
    }
    core.at(At.next);
    tHandler = core.load64(handler + HANDLER.next, tHandler);
    handler = core.lo;
    if (core.branch(handler === 0, tHandler)) return wantThread;
    core.at(At.list);
  }
}

/** The filter of a driver. Returns what it returns. */
function* callFilter(os: FreeBsd, cpu: KernelCpu, filter: Addr, argument: Addr, dep: Ready): Kernel<number> {
  const { core } = cpu;
  if (filter === SITE_ADDRESS[FILTER.evtchn]) {
    core.indirectCall(FILTER.evtchn, dep);
    core.at(FILTER.evtchn);
    const tPort = core.load32(argument + os.generation.isrc.port, dep);
    const port = core.lo;
    const tBit = os.ports.locate(core, port, tPort);
    if (core.behind(tBit)) yield;
    os.ports.mask(core, port, tBit);
    core.free(4);
    core.ret();
    return FILTER_SCHEDULE_THREAD;
  }
  core.indirectCall(FILTER.count, dep);
  core.at(FILTER.count);
  core.add64(argument, 1, dep);
  core.free(1);
  if (os.lumps.filterCycles > 0) core.lump(os.lumps.filterCycles);
  core.ret();
  return FILTER_HANDLED;
}

/** Row I8t: the source is disabled and the event's thread scheduled. */
function* handOff(os: FreeBsd, cpu: KernelCpu, event: Addr, tEvent: Ready): Kernel {
  const { core } = cpu;
  core.at(At.preIthread);
  const tPre = core.load64(event + EVENT.preIthread, tEvent);
  core.branch(false, tPre);
  const tSource = core.load64(event + EVENT.source, tEvent);
  const isrc = core.lo;
  core.indirectCall(At.disable, tPre);
  core.at(At.disable);
  const tPic = core.load64(isrc + INTSRC.pic, tSource);
  core.free(1);
  core.indirectCall(PIC_ENTRY[os.generation.id].disable, core.operand64(core.lo + PIC.disableSource, tPic));
  yield* disableSource(os, cpu, isrc, tSource);
  core.at(At.disable);
  core.ret();
  core.at(At.schedule);
  core.free(2);
  core.call();
  yield* scheduleThread(os, cpu, event);
}

function leave(core: Core, cpu: KernelCpu): void {
  criticalExit(core, cpu, At.leave);
  core.add32(cpu.thread + THREAD.nesting, -1, NOW);
  core.free(1);
  core.unframe(FRAME_BYTES);
  core.pop(6);
  core.ret();
}
