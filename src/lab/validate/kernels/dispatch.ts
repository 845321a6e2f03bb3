/** k_dispatch.c and k_event.c: from a source to the filter of its handler, with every counter and marker. */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { EVENT, HANDLER, PERCPU, PICOPS, SOURCE, THREAD } from '../layout.ts';
import { countEvent, endOfInterrupt, LEAF, vectorOf } from './leaf.ts';

const sourceFn = new SourceFile('kernels/k_dispatch.c').fn('src_execute');
const file = new SourceFile('kernels/k_event.c');
const eventFn = file.fn('event_dispatch');
const liteFn = file.fn('event_dispatch_lite');

const Source = {
  enter: sourceFn.site('counters, vector of the source', 14),
  vector: sourceFn.site('clock?', 3),
  clock: sourceFn.site('note the clock', 1),
  event: sourceFn.site('call event_dispatch', 3),
  leave: sourceFn.site('result, return', 8),
};
const Event = {
  enter: eventFn.site('event and its handlers', 13),
  nesting: eventFn.site('nesting, critnest, frame', 6),
  active: eventFn.site('active marker, fence', 6),
  list: eventFn.site('first handler', 5),
  handler: eventFn.site('flags', 4),
  soft: eventFn.site('soft event', 3),
  filter: eventFn.site('call the filter', 7),
  result: eventFn.site('result of the filter', 4),
  want: eventFn.site('a thread is wanted', 1),
  next: eventFn.site('next handler', 3),
  inactive: eventFn.site('active marker, frame', 6),
  thread: eventFn.site('hand-off to the thread', 8),
  exit: eventFn.site('critnest', 5),
  leave: eventFn.site('return', 9),
  nobody: eventFn.site('no handlers', 4),
  postFilter: eventFn.site('post filter', 5),
  posted: eventFn.site('jump back', 1),
};
const Lite = {
  enter: liteFn.site('first handler', 8),
  filter: liteFn.site('call the filter', 2),
  next: liteFn.site('next handler', 3),
  leave: liteFn.site('return', 3),
};

/** Locals of event_dispatch below its frame pointer. */
const OLD_FRAME = 0x40;
const MARKER = 0x38;

/** src_execute(source, frame). The caller has made the call. */
export function sourceExecute(core: Core, percpu: Addr, source: Addr, tSource: Ready): void {
  core.at(Source.enter);
  core.push(5);
  core.free(3);
  const tCount = core.load64(source + SOURCE.count, tSource);
  core.add64(core.lo, 1, tCount);
  core.add64(percpu + PERCPU.vIntr, 1, NOW);
  const tPic = core.load64(source + SOURCE.pic, tSource);
  const pic = core.lo;
  const tEvent = core.load64(source + SOURCE.event, tSource);
  const event = core.lo;
  core.indirectCall(LEAF.vector, core.operand64(pic + PICOPS.vector, tPic));
  const tVector = vectorOf(core, source, tSource);
  const vector = core.lo;
  core.at(Source.vector);
  core.free(1);
  core.branch(vector !== 0, tVector);
  core.at(Source.event);
  core.free(2);
  core.call();
  eventDispatch(core, percpu, event, tEvent);
  core.at(Source.leave);
  core.branch(false, NOW);
  core.pop(5);
  core.ret();
}

/** event_dispatch(event, frame) for an event with one handler that has a filter. */
function eventDispatch(core: Core, percpu: Addr, event: Addr, tEvent: Ready): void {
  core.at(Event.enter);
  core.branch(event === 0, tEvent);
  core.push(1);
  const rbp = core.sp;
  core.free(2);
  core.push(5);
  core.frame(0x18);
  core.branch(false, core.operand64(event + EVENT.first, tEvent));
  core.at(Event.nesting);
  const tThread = core.load64(percpu + PERCPU.thread, NOW);
  const thread = core.lo;
  core.free(1);
  core.add32(thread + THREAD.nesting, 1, tThread);
  core.add32(thread + THREAD.critnest, 1, tThread);
  const tFrame = core.load64(thread + THREAD.frame, tThread);
  core.store64(thread + THREAD.frame, 0, 0, NOW, tThread);
  core.at(Event.active);
  core.store64(rbp - OLD_FRAME, 0, 0, tFrame);
  const tPhase = core.load32(event + EVENT.phase, tEvent);
  const tMarker = core.alu(tPhase);
  core.store64(rbp - MARKER, 0, 0, tMarker);
  core.lockAdd32(event + EVENT.active, 1, tMarker);
  core.lockAdd32(percpu + PERCPU.monitorbuf, 0, NOW);
  core.at(Event.list);
  let tHandler = core.load64(event + EVENT.first, tEvent);
  let handler = core.lo;
  core.branch(handler === 0, tHandler);
  core.free(2);
  do {
    runFilter(core, event, tEvent, handler, tHandler);
    core.at(Event.next);
    tHandler = core.load64(handler + HANDLER.next, tHandler);
    handler = core.lo;
  } while (core.branch(handler !== 0, tHandler));
  core.at(Event.inactive);
  core.lockAdd32(event + EVENT.active, -1, core.load64(rbp - MARKER, NOW));
  const tOld = core.load64(rbp - OLD_FRAME, NOW);
  core.store64(thread + THREAD.frame, 0, 0, tOld, tThread);
  core.branch(true, NOW);
  core.at(Event.postFilter);
  const tPost = core.load64(event + EVENT.postFilter, tEvent);
  core.branch(false, tPost);
  core.load64(event + EVENT.source, tEvent);
  core.indirectCall(LEAF.eoi, tPost);
  endOfInterrupt(core);
  core.at(Event.posted);
  core.jump();
  core.at(Event.exit);
  const tAgain = core.load64(percpu + PERCPU.thread, NOW);
  core.add32(thread + THREAD.critnest, -1, tAgain);
  core.branch(false, core.load32(thread + THREAD.owepreempt, tAgain));
  core.at(Event.leave);
  core.free(1);
  core.unframe(0x18);
  core.pop(6);
  core.ret();
}

/** Flags of handler and event, the filter's call, its result. */
function runFilter(core: Core, event: Addr, tEvent: Ready, handler: Addr, tHandler: Ready): void {
  core.at(Event.handler);
  core.branch(false, core.operand8(handler + HANDLER.flags, tHandler));
  core.branch(true, core.operand8(event + EVENT.flags, tEvent));
  core.at(Event.filter);
  const tFilter = core.load64(handler + HANDLER.filter, tHandler);
  core.branch(false, tFilter);
  const tArgument = core.load64(handler + HANDLER.argument, tHandler);
  const argument = core.lo;
  const tTest = core.alu(tArgument);
  const tGiven = core.alu(tTest);
  core.indirectCall(LEAF.count, tFilter);
  countEvent(core, argument, tGiven);
  core.at(Event.result);
  core.branch(false, NOW);
  core.branch(true, NOW);
}

/** event_dispatch_lite(event): the bare pointer chain. The caller has made the call. */
export function dispatchLite(core: Core, event: Addr, tEvent: Ready): void {
  core.at(Lite.enter);
  core.push(1);
  const rbp = core.sp;
  core.free(1);
  core.push(1);
  core.frame(8);
  let tHandler = core.load64(event + EVENT.first, tEvent);
  let handler = core.lo;
  core.branch(handler === 0, tHandler);
  core.free(1);
  do {
    core.at(Lite.filter);
    const tArgument = core.load64(handler + HANDLER.argument, tHandler);
    const argument = core.lo;
    core.indirectCall(LEAF.count, core.operand64(handler + HANDLER.filter, tHandler));
    countEvent(core, argument, tArgument);
    core.at(Lite.next);
    tHandler = core.load64(handler + HANDLER.next, tHandler);
    handler = core.lo;
  } while (core.branch(handler !== 0, tHandler));
  core.at(Lite.leave);
  core.load64(rbp - 8, NOW);
  core.sp = rbp;
  core.pop(1);
  core.ret();
}
