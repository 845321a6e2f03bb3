/**
 * Interrupts of a guest before a recording began, with their names and totals: what /proc/interrupts of Linux and
 * vmstat -i of FreeBSD print.
 *
 *     51:         75          0  xen-dyn-lateeoi    -event     vif1.0-q0-tx
 *   irq2128: xn0                      120000        600
 */
import { Channel } from './table.ts';

/** One interrupt. */
export interface Interrupt {
  readonly irq: number;
  /** Name of its action or handler. */
  readonly name: string;
  /** Kind of its event channel; none where the snapshot does not say. */
  readonly channel: number;
  /** vCPU that has served most of it; -1 where the snapshot does not say. */
  readonly vcpu: number;
  /** How often it came. */
  readonly total: number;
}

const HEADING = /^\s+CPU\d+(?:\s+CPU\d+)*\s*$/;
/** Rows of Xen's chips; others are not event channels. */
const XEN_ROW =
  /^\s*(\d{1,9}):((?:\s+\d{1,15}){1,4096})\s+(xen-\S{1,64})(?:\s+\d{1,9})?\s+-(\S{1,64})\s+(\S.{0,255})$/;
const LINUX_ROW = /^\s*\w{1,16}:\s+(?!VCPU )/;
const VMSTAT_HEADING = /^interrupt\s+total\s+rate\s*$/;
const VMSTAT_ROW = /^(\S.{0,255}?)\s+(\d{1,15})\s+(\d{1,15})\s*$/;
const IRQ_NAME = /^irq(\d{1,9}):\s*(.*)$/;

/** Whether a line is the heading of /proc/interrupts. */
export function isProcHeading(line: string): boolean {
  return HEADING.test(line);
}

/** Whether a line is the heading of vmstat -i. */
export function isVmstatHeading(line: string): boolean {
  return VMSTAT_HEADING.test(line);
}

/** Whether a line can be a row of /proc/interrupts at all. */
export function isProcRow(line: string): boolean {
  return LINUX_ROW.test(line);
}

/** A row of /proc/interrupts that is an event channel; undefined for another. */
export function procInterrupt(line: string): Interrupt | undefined {
  const m = XEN_ROW.exec(line);
  if (m === null) return undefined;
  const counts = m[2]!.trim().split(/\s+/).map(Number);
  const total = counts.reduce((a, b) => a + b, 0);
  const vcpu = total === 0 ? -1 : counts.indexOf(counts.reduce((a, b) => Math.max(a, b)));
  return { irq: Number(m[1]), name: m[5]!.trimEnd(), channel: channelOf(m[3]!, m[4]!), vcpu, total };
}

function channelOf(chip: string, type: string): number {
  if (chip.startsWith('xen-pirq')) return Channel.pirq;
  if (type === 'virq') return Channel.virq;
  if (type === 'ipi') return Channel.ipi;
  return type === 'event' ? Channel.interdomain : Channel.none;
}

/** A row of vmstat -i; undefined for one that is no interrupt with a number, null for one that is no row at all. */
export function vmstatInterrupt(line: string): Interrupt | undefined | null {
  const m = VMSTAT_ROW.exec(line);
  if (m === null) return null;
  const named = IRQ_NAME.exec(m[1]!);
  if (named === null) return undefined;
  return {
    irq: Number(named[1]),
    name: named[2]!.trim(),
    channel: Channel.none,
    vcpu: -1,
    total: Number(m[2]),
  };
}
