/**
 * What stands on a cache line, in words: the objects that were placed there and their fields, or the functions of
 * a line of text. For reports; nothing here is used while time runs.
 */
import type { Addr } from '../model/units.ts';
import type { Memory, Named, Namer } from './memory.ts';
import { SITE_ADDRESS, SITE_END, SITES, TEXT_BASE, TEXT_BYTES } from './sites.ts';

/** Fields of a structure: the offset of each, and its name. */
export type Fields = ReadonlyArray<readonly [offset: number, name: string]>;

/** The fields that begin in `from..to - 1`, by offset. */
export function fieldsIn(fields: Fields, from: number, to: number): string {
  return fields
    .filter(([offset]) => offset >= from && offset < to)
    .sort(([a], [b]) => a - b)
    .map(([, name]) => name)
    .join(', ');
}

/** `name`, with the offset where it is not 0. */
export function within(name: string, offset: number): string {
  return offset === 0 ? name : `${name} + 0x${offset.toString(16)}`;
}

/** Names a region that is one structure. */
export function structNamer(name: string, fields: Fields): Namer {
  return (from, to) => [{ object: within(name, from), fields: fieldsIn(fields, from, to) }];
}

/**
 * Names a region that is an array of structures.
 *
 * @param bytes size of an element
 * @param name of an element, by its place
 * @param fields of an element, by its place
 */
export function arrayNamer(
  bytes: number,
  name: (place: number) => string,
  fields: (place: number) => Fields,
): Namer {
  return (from, to) => {
    const found: Named[] = [];
    for (let i = Math.floor(from / bytes); i * bytes < to; i++) {
      const [start, end] = [Math.max(from - i * bytes, 0), to - i * bytes];
      found.push({ object: within(name(i), start), fields: fieldsIn(fields(i), start, end) });
    }
    return found;
  };
}

/**
 * Names a region that is an array of words, as what the words of a stretch belong to.
 *
 * @param what says it for the words `first..last`
 */
export function wordNamer(name: string, bytes: number, what: (first: number, last: number) => string): Namer {
  return (from, to) => [
    { object: within(name, from), fields: what(Math.floor(from / bytes), Math.ceil(to / bytes) - 1) },
  ];
}

/** What stands on a line of 64 bytes; two objects that share it are both named, in the order of their addresses. */
export function nameLine(memory: Memory, line: number): Named {
  const start = line << 6;
  const found = start >= TEXT_BASE && start < TEXT_BASE + TEXT_BYTES ? textIn(start) : dataIn(memory, start);
  if (found.length === 0) return { object: '(nothing placed)', fields: '' };
  return {
    object: found.map((n) => n.object).join('; '),
    fields: found
      .map((n) => n.fields)
      .filter((f) => f !== '')
      .join('; '),
  };
}

function dataIn(memory: Memory, start: Addr): Named[] {
  return memory.regionsIn(start, start + 64).flatMap((region) => {
    const from = Math.max(start - region.start, 0);
    const to = Math.min(start + 64 - region.start, region.bytes);
    return region.namer?.(from, to) ?? [{ object: within(region.name, from), fields: '' }];
  });
}

/** The files and functions whose sites have bytes on a line of text. */
function textIn(start: Addr): Named[] {
  const files = new Map<string, Set<string>>();
  SITES.forEach(({ file, fn }, site) => {
    if (SITE_ADDRESS[site]! >= start + 64 || SITE_END[site]! <= start) return;
    files.set(file, (files.get(file) ?? new Set()).add(fn));
  });
  return [...files].map(([file, fns]) => ({ object: `text of ${file}`, fields: [...fns].join(', ') }));
}
