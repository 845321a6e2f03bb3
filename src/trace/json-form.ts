/**
 * The trace table as JSON lines: an object a line, the header first and the number of rows last.
 *
 *   {"upcall_trace":2,"name":"one-event","clock_hz":1000000000,"vcpus":1,"notes":[["shows","one event"]]}
 *   {"time":0,"kind":"bound","by":null,"port":1,"to":0,"channel":"interdomain","handler":"filter"}
 *   {"time":10000,"kind":"send","by":null,"port":1,"target":"running"}
 *   {"rows":2}
 *
 * Keys are the columns; what is empty in the text form is left out, and `by` is null for somebody outside. Objects that come
 * from a file are only looked at by keys that are known.
 */
import { traceError } from '../model/errors.ts';
import { headerOf, MOST_NOTES, noteFault, notesOf, shown } from './header.ts';
import type { Input } from './input.ts';
import { LineCursor } from './line-cursor.ts';
import { readLineBlocks } from './lines.ts';
import { LineFault, type LineForm, readRows } from './row-reader.ts';
import type { Fault } from './row-state.ts';
import {
  CHANNELS,
  COLUMNS,
  EXTERNAL,
  HANDLERS,
  hasTo,
  KINDS,
  namesNoPort,
  TARGETS,
  type Trace,
  type TraceHeader,
  type TraceRow,
  VERSION,
} from './table.ts';
import type { WrittenForm } from './text-encoder.ts';
import type { Tolerance } from './tolerance.ts';
import { DIALECTS, readableVersions } from './versions.ts';

const FIELDS = COLUMNS.split(',');
const TEXTS = new Set(['kind', 'channel', 'handler', 'target']);
const HEADER_KEYS = ['upcall_trace', 'name', 'clock_hz', 'vcpus', 'notes'];
/** Notes that are keys of the header's own. */
const OWN = ['name', 'clock_hz', 'vcpus'];

/** How it is written. */
export const JSON_LINES: WrittenForm = {
  head: (header) => {
    const own = { upcall_trace: VERSION, name: header.name, clock_hz: header.clockHz, vcpus: header.vcpus };
    const notes = notesOf(header).slice(OWN.length);
    return `${JSON.stringify({ ...own, notes })}\n`;
  },
  row: (row) => `${JSON.stringify(objectOf(row))}\n`,
  tail: (rows) => `{"rows":${rows}}\n`,
};

function objectOf(row: TraceRow): object {
  return {
    time: row.time,
    kind: KINDS[row.kind],
    by: row.by === EXTERNAL ? null : row.by,
    port: namesNoPort(row.kind) ? undefined : row.port,
    to: hasTo(row) ? row.to : undefined,
    channel: CHANNELS[row.channel] || undefined,
    handler: HANDLERS[row.handler] || undefined,
    target: TARGETS[row.target] || undefined,
  };
}

/** How its rows are read. */
const FORM: LineForm = {
  fields: (line) => {
    const members = membersOf(line);
    if (members.has('rows')) return undefined;
    return onlyKnown(members, FIELDS, line) && FIELDS.map((key) => fieldOf(key, members.get(key)));
  },
  trailer: (rows) => `{"rows":${rows}}`,
  ends: (line, rows) => {
    const members = membersOf(line);
    return members.size === 1 && members.get('rows') === rows;
  },
};

/** A member as the text form has it. */
function fieldOf(key: string, value: unknown): string {
  if (key === 'by' && value === null) return '-';
  if (value === undefined) return '';
  if (TEXTS.has(key)) {
    if (typeof value === 'string') return value;
    throw new LineFault(`${key} ${brief(value)}`, 'a string');
  }
  if (Number.isSafeInteger(value)) return String(value);
  throw new LineFault(`${key} ${brief(value)}`, 'an integer');
}

/** A value in a message; of a list or an object, which may be deep, only that it is one. */
function brief(value: unknown): string {
  if (typeof value === 'string') return shown(value);
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}

/** The members of the object in a line. */
function membersOf(line: string): ReadonlyMap<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // What is wrong is shown by the line itself; the engine's message differs between versions.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LineFault(shown(line), 'a JSON object a line');
  }
  return new Map(Object.entries(value));
}

function onlyKnown(members: ReadonlyMap<string, unknown>, known: readonly string[], line: string): true {
  for (const key of members.keys()) {
    if (!known.includes(key)) throw new LineFault(`key ${shown(key)} in ${shown(line)}`, known.join(', '));
  }
  return true;
}

/** Whether a file begins like one. */
export function isJsonTable(head: Buffer): boolean {
  return /^(?:\u00ef\u00bb\u00bf)?\s*\{\s*"upcall_trace"\s*:/.test(head.toString('latin1', 0, 64));
}

/** Opens a table; a UserError (exit 6) with file, line, found and expected. */
export async function openJson(input: Input, tolerance: Tolerance): Promise<Trace> {
  const lines = new LineCursor(readLineBlocks(input, 'a trace'));
  const where = { file: input.path, line: 1 };
  try {
    const header = readHeader((await lines.next()) ?? '');
    return { header, batches: readRows(input, header, lines, FORM, tolerance) };
  } catch (error) {
    input.close();
    throw error instanceof LineFault ? traceError(where, ...error.fault) : error;
  }
}

function readHeader(line: string): TraceHeader {
  const members = membersOf(line);
  onlyKnown(members, HEADER_KEYS, line);
  const version = members.get('upcall_trace');
  const dialect = DIALECTS.find((d) => d.version === version);
  if (dialect === undefined) {
    throw new LineFault(`format version ${brief(version)}`, `version ${readableVersions()}`);
  }
  const notes: Array<[string, string]> = [];
  for (const key of OWN) {
    const value = members.get(key);
    if (value !== undefined) notes.push([key, typeof value === 'string' ? value : brief(value)]);
  }
  const more = members.get('notes') ?? [];
  if (!Array.isArray(more) || more.length > MOST_NOTES) {
    throw new LineFault('notes that are no list, or too long', `at most ${MOST_NOTES} pairs of strings`);
  }
  for (const note of more as unknown[]) {
    if (!Array.isArray(note) || note.length !== 2 || note.some((text) => typeof text !== 'string')) {
      throw new LineFault(`note ${brief(note)}`, 'a pair of strings');
    }
    notes.push([String(note[0]), String(note[1])]);
  }
  const fault = notes.map(([key, value]) => noteFault(key, value)).find((f) => f !== undefined);
  if (fault !== undefined) throw new LineFault(...(fault as Fault));
  const header = headerOf(dialect.version, notes);
  if ('fault' in header) throw new LineFault(...header.fault);
  return header;
}
