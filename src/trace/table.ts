/**
 * The trace table: what a recording says happened to one domain's event channels and vCPUs, in time order. Version 3.
 * Format, kinds and columns are documented in traces/README.md; this file is their only definition in code.
 */

import type { Where } from '../model/errors.ts';

/** First line of a file: the name of the format and its version. */
export const MAGIC = '# upcall-trace';
export const VERSION = 3;
/** Header of the rows; its text is part of the version. */
export const COLUMNS = 'time,kind,by,port,to,channel,handler,target';
/** Ports of the 2-level ABI; port 0 exists but is never handed out. */
export const MAX_PORTS = 4096;
export const MAX_VCPUS = 64;

/** Priorities of the FIFO ABI: 0 is served first. */
export const PRIORITIES = 16;

/** Kinds of rows; the order is the code in `TraceBatch.kind`. */
export const KINDS = [
  'bound',
  'bind',
  'unbind',
  'move',
  'send',
  'notify',
  'unmask',
  'priority',
  'halt',
  'wake',
  'exit',
  'interrupt',
  'preempt',
  'resume',
  'restore',
] as const;
/** Code of each kind. */
export const Kind = {
  bound: 0,
  bind: 1,
  unbind: 2,
  move: 3,
  send: 4,
  notify: 5,
  unmask: 6,
  priority: 7,
  halt: 8,
  wake: 9,
  exit: 10,
  interrupt: 11,
  preempt: 12,
  resume: 13,
  restore: 14,
} as const;

/** Whether rows of a kind name no port: they are about the vCPU in `by`, or about the whole domain. */
export function namesNoPort(kind: number): boolean {
  return kind >= Kind.halt;
}

/** The port as it is written: rows about a vCPU alone have none. */
export function writtenPort(row: TraceRow): number {
  return namesNoPort(row.kind) ? 0 : row.port;
}

/** Whether `to` says something in rows like this. */
export function hasTo(row: TraceRow): boolean {
  return row.channel !== 0 || row.kind === Kind.move || row.kind === Kind.priority;
}

/** `to` as it is written: 0 where it says nothing. */
export function writtenTo(row: TraceRow): number {
  return hasTo(row) ? row.to : 0;
}

/** Kinds of channels, as the ABI names them; empty where a row has none. */
export const CHANNELS = ['', 'unbound', 'interdomain', 'pirq', 'virq', 'ipi'] as const;
/** Code of each channel kind. */
export const Channel = { none: 0, unbound: 1, interdomain: 2, pirq: 3, virq: 4, ipi: 5 } as const;

/** How the guest serves a port; empty where a row does not say. */
export const HANDLERS = ['', 'filter', 'ithread', 'user'] as const;
/** Code of each handler kind. */
export const Handler = { none: 0, filter: 1, ithread: 2, user: 3 } as const;

/** What the vCPU a send is for was doing; empty where a row does not say. */
export const TARGETS = ['', 'running', 'blocked', 'runnable'] as const;
/** Code of each target state. */
export const TargetState = { unknown: 0, running: 1, blocked: 2, runnable: 3 } as const;

/** `by` of a row nobody in the domain caused. */
export const EXTERNAL = -1;

/** What a file says about itself. */
export interface TraceHeader {
  /** Version of the file; its rows are read as those of this version. */
  readonly version: number;
  readonly name: string;
  /** Ticks of the `time` column per second of the recorded clock. */
  readonly clockHz: number;
  readonly vcpus: number;
  /** Every other `# key: value` line, in file order. */
  readonly notes: ReadonlyArray<readonly [key: string, value: string]>;
}

/** Rows as parallel columns; only the first `length` entries count. */
export interface TraceBatch {
  length: number;
  /** Line of the first row in a text file, 1-based; row i is on line firstLine + i. 0 in a binary one. */
  firstLine: number;
  /** Number of the first row in a binary file, 1-based, and the offset of its block. */
  firstRecord: number;
  byte: number;
  readonly time: Float64Array;
  readonly kind: Uint8Array;
  readonly by: Int16Array;
  readonly port: Int16Array;
  readonly to: Int16Array;
  readonly channel: Uint8Array;
  readonly handler: Uint8Array;
  readonly target: Uint8Array;
}

/** One row, for writers. */
export interface TraceRow {
  time: number;
  kind: number;
  by: number;
  port: number;
  to: number;
  channel: number;
  handler: number;
  target: number;
}

/** An empty batch for up to `capacity` rows. */
export function emptyBatch(capacity: number): TraceBatch {
  return {
    length: 0,
    firstLine: 0,
    firstRecord: 0,
    byte: 0,
    time: new Float64Array(capacity),
    kind: new Uint8Array(capacity),
    by: new Int16Array(capacity),
    port: new Int16Array(capacity),
    to: new Int16Array(capacity),
    channel: new Uint8Array(capacity),
    handler: new Uint8Array(capacity),
    target: new Uint8Array(capacity),
  };
}

/** An opened trace: its header, and its rows in batches whose arrays are used again for the next batch. */
export interface Trace {
  readonly header: TraceHeader;
  readonly batches: AsyncIterable<TraceBatch>;
}

/** A row of zeroes and empties at a time. */
export function rowAt(time: number, kind: number): TraceRow {
  return { time, kind, by: EXTERNAL, port: 0, to: 0, channel: 0, handler: 0, target: 0 };
}

/** Row `i` of a batch, as an object of its own. */
export function rowOf(batch: TraceBatch, i: number): TraceRow {
  return {
    time: batch.time[i]!,
    kind: batch.kind[i]!,
    by: batch.by[i]!,
    port: batch.port[i]!,
    to: batch.to[i]!,
    channel: batch.channel[i]!,
    handler: batch.handler[i]!,
    target: batch.target[i]!,
  };
}

/** Where row `i` of a batch stands in its file. */
export function whereIs(file: string, batch: TraceBatch, i: number): Where {
  if (batch.firstLine > 0) return { file, line: batch.firstLine + i };
  return { file, byte: batch.byte, record: batch.firstRecord + i };
}
