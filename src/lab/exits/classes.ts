/** What the target of an upcall was doing when the upcall was raised: the classes by which upcalls are counted. */
import { type Driving, Waker } from './episode.ts';
import { isOwnInterrupt, isUpcallWake } from './guest-rules.ts';
import { Hypercall, SvmExit } from './svm.ts';

/** The classes, in the order of the report. `blind`: no recorded answer of Xen is needed to know of the send. */
export const CLASSES = [
  { name: 'halted-send', blind: true, what: 'blocked in HLT, woken by a hypercall of another vCPU' },
  { name: 'halted-other', blind: true, what: 'blocked in HLT, woken by a timer or a host interrupt' },
  { name: 'halting', blind: false, what: 'raised between the exit HLT and the decision to block' },
  { name: 'own-evtchn', blind: false, what: 'raised by its own event_channel_op (send to itself, unmask)' },
  { name: 'own-timer', blind: false, what: 'its own vcpu_op set a timer that was due' },
  { name: 'own-other', blind: false, what: 'raised during another hypercall of its own' },
  {
    name: 'interrupted',
    blind: true,
    what: 'running: the host interrupt made it exit (INTR), nothing else did',
  },
  {
    name: 'interrupted-busy',
    blind: false,
    what: 'the same, and the interrupt was for the scheduler or another too',
  },
  { name: 'other-exit', blind: false, what: 'in Xen for another exit when the host interrupt came' },
  { name: 'runnable', blind: false, what: 'without a pCPU: raised while it waited to run' },
  { name: 'in-service', blind: false, what: 'between an injection and its EOI: pending again at the EOI' },
] as const;

/** Index into `CLASSES`. */
export type ClassIndex = number;

const INDEX: ReadonlyMap<string, ClassIndex> = new Map(CLASSES.map((c, i) => [c.name, i]));

/** Index of a class by name. */
export function classIndex(name: (typeof CLASSES)[number]['name']): ClassIndex {
  return INDEX.get(name)!;
}

/** The class of an upcall that was raised in this episode. @param afterEoi whether the episode ended a service */
export function classOf(d: Driving, afterEoi: boolean): ClassIndex {
  if (isUpcallWake(d)) return classIndex(d.waker === Waker.send ? 'halted-send' : 'halted-other');
  if (afterEoi) return classIndex('in-service');
  if (d.reason === SvmExit.hlt) return classIndex('halting');
  if (d.descheduled) return classIndex('runnable');
  if (d.reason === SvmExit.intr) return classIndex(isOwnInterrupt(d) ? 'interrupted' : 'interrupted-busy');
  if (d.reason !== SvmExit.vmmcall) return classIndex('other-exit');
  if (d.hypercall === Hypercall.eventChannelOp) return classIndex('own-evtchn');
  return classIndex(d.hypercall === Hypercall.vcpuOp ? 'own-timer' : 'own-other');
}
