/** The HEAD section: versions, what the file says about itself, its columns, and what its codes mean. */
import { headerOf, LONGEST_KEY, LONGEST_VALUE, MOST_NOTES, noteFault, notesOf, shown } from '../header.ts';
import { CHANNELS, HANDLERS, KINDS, TARGETS, type TraceHeader, VERSION } from '../table.ts';
import { DIALECTS, readableVersions } from '../versions.ts';
import { COLUMNS_WRITTEN, type Column, Encoding, LAYOUT } from './layout.ts';
import { EncodingFault, VarintReader, VarintWriter } from './varint.ts';

/** Names whose codes the file has: columns with a dictionary. */
const DICTIONARIES = { kind: KINDS, channel: CHANNELS, handler: HANDLERS, target: TARGETS } as const;
const MOST_VERSION = 1000;
const MOST_NAMES = 255;

/** HEAD, understood. */
export interface BinaryHeader {
  readonly header: TraceHeader;
  readonly columns: readonly Column[];
  /** For a column with a dictionary: this program's code by the file's, in the file's order. */
  readonly codes: ReadonlyMap<string, readonly number[]>;
}

/** HEAD as bytes; always of this version, whatever the header was read from. */
export function encodeHeader(header: TraceHeader): Buffer {
  const out = new VarintWriter();
  out.integer(LAYOUT);
  out.integer(VERSION);
  const notes = notesOf(header);
  out.integer(notes.length);
  for (const [key, value] of notes) {
    out.text(key);
    out.text(value);
  }
  out.integer(COLUMNS_WRITTEN.length);
  for (const { name, encoding, base } of COLUMNS_WRITTEN) {
    out.text(name);
    out.text(encoding);
    out.integer(-base);
  }
  const dictionaries = Object.entries(DICTIONARIES);
  out.integer(dictionaries.length);
  for (const [column, names] of dictionaries) {
    out.text(column);
    out.integer(names.length);
    for (const name of names) out.text(name);
  }
  return Buffer.from(out.written);
}

/** HEAD read; an `EncodingFault` for anything else. */
export function decodeHeader(payload: Buffer): BinaryHeader {
  const input = new VarintReader(payload);
  const layout = input.integer(MOST_VERSION, 'a layout');
  if (layout !== LAYOUT) throw new EncodingFault(0, `layout ${layout}`, `layout ${LAYOUT}`);
  const { at } = input;
  const version = input.integer(MOST_VERSION, 'a format version');
  const dialect = DIALECTS.find((d) => d.version === version);
  if (dialect === undefined)
    throw new EncodingFault(at, `format version ${version}`, `version ${readableVersions()}`);
  const header = decodeNotes(input, version);
  const columns = decodeColumns(input);
  const known = new Map<string, ReadonlyMap<string, number>>([
    ['kind', dialect.kinds],
    ['channel', new Map(CHANNELS.map((name, code) => [name, code]))],
    ['handler', new Map(HANDLERS.map((name, code) => [name, code]))],
    ['target', dialect.targets],
  ]);
  const codes = decodeDictionaries(input, known, version);
  input.end('the header');
  return { header, columns, codes };
}

function decodeNotes(input: VarintReader, version: number): TraceHeader {
  const notes: Array<[string, string]> = [];
  const places: number[] = [];
  const count = input.integer(MOST_NOTES, 'a number of notes');
  for (let i = 0; i < count; i++) {
    const { at } = input;
    places.push(at);
    const key = input.text(LONGEST_KEY, 'a key');
    const value = input.text(LONGEST_VALUE, `the value of ${key}`);
    const fault = noteFault(key, value);
    if (fault !== undefined) throw new EncodingFault(at, ...fault);
    notes.push([key, value]);
  }
  const header = headerOf(version, notes);
  if ('fault' in header) throw new EncodingFault(places[header.at] ?? input.at, ...header.fault);
  return header;
}

/** Each column once, encoded in a way that is known; which is how is the file's to say. */
function decodeColumns(input: VarintReader): Column[] {
  const encodings: readonly string[] = Object.values(Encoding);
  const missing = new Set(COLUMNS_WRITTEN.map((c) => c.name));
  const columns: Column[] = [];
  const count = input.integer(missing.size, 'a number of columns');
  for (let i = 0; i < count; i++) {
    const { at } = input;
    const name = input.text(LONGEST_KEY, 'a column');
    const encoding = input.text(LONGEST_KEY, 'an encoding');
    const base = 0 - input.integer(1, 'a base');
    if (!missing.delete(name)) {
      throw new EncodingFault(at, `column ${shown(name)}`, `one of ${[...missing].join(', ')}`);
    }
    if (!encodings.includes(encoding))
      throw new EncodingFault(at, `encoding ${shown(encoding)}`, encodings.join(', '));
    columns.push({ name, encoding, base });
  }
  if (missing.size > 0) throw new EncodingFault(input.at, 'the end of the columns', [...missing].join(', '));
  return columns;
}

function decodeDictionaries(
  input: VarintReader,
  known: ReadonlyMap<string, ReadonlyMap<string, number>>,
  version: number,
): Map<string, number[]> {
  const codes = new Map<string, number[]>();
  const count = input.integer(known.size, 'a number of dictionaries');
  for (let i = 0; i < count; i++) {
    const { at } = input;
    const column = input.text(LONGEST_KEY, 'a column');
    const names = known.get(column);
    if (names === undefined || codes.has(column)) {
      throw new EncodingFault(
        at,
        `a dictionary of ${shown(column)}`,
        `each once: ${[...known.keys()].join(', ')}`,
      );
    }
    const list: number[] = [];
    const length = input.integer(MOST_NAMES, `the names of ${column}`);
    for (let n = 0; n < length; n++) {
      const place = input.at;
      const name = input.text(LONGEST_KEY, `a ${column}`);
      const code = names.get(name);
      if (code === undefined) {
        const expected = [...names.keys()].filter((k) => k !== '').join(', ');
        throw new EncodingFault(
          place,
          `${column} ${shown(name)}`,
          `one of ${expected} in version ${version}`,
        );
      }
      list.push(code);
    }
    codes.set(column, list);
  }
  if (codes.size < known.size)
    throw new EncodingFault(input.at, 'the end of the dictionaries', [...known.keys()].join(', '));
  return codes;
}
