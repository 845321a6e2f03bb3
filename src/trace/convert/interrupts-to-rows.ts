/**
 * Rows from interruptions: a delivery implies a send from outside, as in docs/recorded-delivery-to-send.md. The ports
 * are not in such a recording. They are numbered 1, 2, ... in the order of the interrupts' numbers, and the table's
 * header says which is which.
 */
import { traceError } from '../../model/errors.ts';
import type { Interrupt } from '../interrupts.ts';
import { Channel, Handler, Kind, MAX_PORTS, MAX_VCPUS, rowAt, TargetState, type TraceRow } from '../table.ts';
import type { Tolerance } from '../tolerance.ts';
import type { Interruption } from './interruption.ts';

/** Time of what was before the recording. */
const BEFORE = -1;
/** Linux' and FreeBSD's names of timers and IPIs: served wholly in the interrupt. */
const VIRQ = /^(?:(?:timer|debug)\d+|xen_et\d*(?::c\d+)?)$/;
const IPI = /^(?:(?:resched|callfunc|callfuncsingle|irqwork|spinlock)\d+|(?:cpu\d+:)?ipi\b.*)$/;

/** Rows, and the names of the ports. */
export interface NamedRows {
  readonly rows: TraceRow[];
  readonly vcpus: number;
  readonly sends: number;
  readonly moves: number;
  /** By port, "irq N: name". */
  readonly names: ReadonlyMap<number, string>;
}

interface Port {
  readonly port: number;
  name: string;
  channel: number;
  vcpu: number;
  threaded: boolean;
  bound: boolean;
  /** Time of its last row: the start of an upcall may be before it, a row never is. */
  last: number;
}

/**
 * @param list by time
 * @param interrupts those of a snapshot; all are bound before the recording
 * @param file for errors
 */
export function rowsOfInterruptions(
  list: readonly Interruption[],
  interrupts: readonly Interrupt[],
  file: string,
  tolerance: Tolerance,
): NamedRows {
  const known = usable(list, interrupts, file, tolerance);
  const ports = portsOf(known, interrupts, file);
  const rows: TraceRow[] = [];
  let vcpus = 1;
  let sends = 0;
  let moves = 0;
  for (const p of ports.values()) {
    vcpus = Math.max(vcpus, p.vcpu + 1);
    if (p.bound) rows.push(boundRow(p, Kind.bound, BEFORE, -1));
  }
  for (const i of known) {
    const p = ports.get(i.irq)!;
    vcpus = Math.max(vcpus, i.cpu + 1);
    p.last = Math.max(p.last, i.time);
    if (i.kind === 'bind' || i.kind === 'unbind') {
      if (p.bound === (i.kind === 'bind')) continue;
      p.bound = !p.bound;
      if (p.bound) p.vcpu = i.cpu;
      rows.push(p.bound ? boundRow(p, Kind.bind, p.last, i.cpu) : rowOf(Kind.unbind, p, i.cpu));
      continue;
    }
    if (!p.bound) {
      p.bound = true;
      rows.push(boundRow(p, Kind.bind, p.last, i.cpu));
    }
    if (i.kind === 'notify') {
      rows.push(rowOf(Kind.notify, p, i.cpu));
      continue;
    }
    if (p.vcpu !== i.cpu) {
      const move = rowOf(Kind.move, p, p.vcpu);
      move.to = i.cpu;
      p.vcpu = i.cpu;
      rows.push(move);
      moves++;
    }
    const send = rowOf(Kind.send, p, -1);
    send.target = i.idle ? TargetState.blocked : TargetState.running;
    rows.push(send);
    sends++;
  }
  const names = new Map([...ports].map(([irq, p]) => [p.port, `irq ${irq}: ${p.name}`.trimEnd()]));
  return { rows, vcpus, sends, moves, names };
}

/** Those of vCPUs that can be, and, where a snapshot tells the event channels of Linux, of those alone. */
function usable(
  list: readonly Interruption[],
  interrupts: readonly Interrupt[],
  file: string,
  tolerance: Tolerance,
): Interruption[] {
  const channels = new Set(interrupts.filter((i) => i.channel !== Channel.none).map((i) => i.irq));
  return list.filter((i) => {
    if (channels.size > 0 && i.kind === 'delivery' && !channels.has(i.irq)) return false;
    if (i.cpu >= 0 && i.cpu < MAX_VCPUS && i.time >= 0) return true;
    const found = i.time < 0 ? 'an event without a time' : `CPU ${i.cpu < 0 ? 'not told' : i.cpu}`;
    const expected = i.time < 0 ? 'a time stamp of every event' : `a vCPU below ${MAX_VCPUS}`;
    tolerance.skip(traceError({ file, line: i.line }, found, expected));
    return false;
  });
}

function portsOf(
  list: readonly Interruption[],
  interrupts: readonly Interrupt[],
  file: string,
): Map<number, Port> {
  const bound = new Map<number, boolean>(interrupts.map((i) => [i.irq, true]));
  const named = new Map(interrupts.map((i) => [i.irq, i.name]));
  const vcpu = new Map(interrupts.map((i) => [i.irq, i.vcpu]));
  const threaded = new Set<number>();
  for (const i of list) {
    if (!bound.has(i.irq)) bound.set(i.irq, i.kind !== 'bind');
    if ((vcpu.get(i.irq) ?? -1) < 0) vcpu.set(i.irq, i.cpu);
    if (i.name !== '' && (named.get(i.irq) ?? '') === '') named.set(i.irq, i.name);
    if (i.threaded) threaded.add(i.irq);
  }
  const channels = new Map(interrupts.map((i) => [i.irq, i.channel]));
  const irqs = [...bound.keys()].sort((a, b) => a - b);
  if (irqs.length >= MAX_PORTS) {
    throw traceError({ file }, `${irqs.length} interrupts`, `at most ${MAX_PORTS - 1} ports`);
  }
  return new Map(
    irqs.map((irq, i) => {
      const name = named.get(irq) ?? '';
      const channel = channels.get(irq) || channelOf(name);
      const to = Math.max(0, vcpu.get(irq)!);
      if (to >= MAX_VCPUS)
        throw traceError({ file }, `interrupt ${irq} on CPU ${to}`, `one below ${MAX_VCPUS}`);
      const port = { port: i + 1, name, channel, vcpu: to, last: BEFORE };
      return [irq, { ...port, threaded: threaded.has(irq), bound: bound.get(irq)! }];
    }),
  );
}

function channelOf(name: string): number {
  if (VIRQ.test(name)) return Channel.virq;
  return IPI.test(name) ? Channel.ipi : Channel.interdomain;
}

function boundRow(p: Port, kind: number, time: number, by: number): TraceRow {
  const row = rowAt(time, kind);
  const short = p.channel === Channel.virq || p.channel === Channel.ipi;
  row.by = by;
  row.port = p.port;
  row.to = p.vcpu;
  row.channel = p.channel;
  row.handler = short && !p.threaded ? Handler.filter : Handler.ithread;
  return row;
}

function rowOf(kind: number, p: Port, by: number): TraceRow {
  const row = rowAt(p.last, kind);
  row.port = p.port;
  row.by = by;
  return row;
}
