/** What a recording holds, as JSON and as text. */
import type { InfoValue, TraceInfo } from '../trace/format.ts';

/** How good a recording is, in one line: what of it is missing or doubtful. */
export function qualityOf(info: TraceInfo, skipped: number): string {
  const faults = [
    count(info.lostRecords, 'lost'),
    count(info.skewed, 'with time running backwards'),
    count(info.unmatched, 'unmatched'),
    count(skipped, 'skipped as faulty'),
  ].filter((text) => text !== '');
  const records = `${info.records} records`;
  return faults.length === 0 ? `complete: ${records}, none lost` : `${records}; ${faults.join(', ')}`;
}

function count(n: number, what: string): string {
  return n === 0 ? '' : `${n} ${what}`;
}

/** Keys and values in the order they are printed. */
function pairs(info: TraceInfo, skipped: number): Array<readonly [string, InfoValue | null]> {
  return [
    ['format', info.format],
    ['records', info.records],
    ['events', sorted(info.events)],
    ['per_pcpu', new Map([...info.perPcpu].sort(([a], [b]) => a - b).map(([cpu, n]) => [String(cpu), n]))],
    ['first_tsc', info.firstTsc ?? null],
    ['last_tsc', info.lastTsc ?? null],
    ['lost_records', info.lostRecords],
    ['skewed', info.skewed],
    ['unmatched', info.unmatched],
    ['skipped', skipped],
    ['quality', qualityOf(info, skipped)],
    ...(info.more ?? []),
  ];
}

function sorted(events: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...events].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/**
 * One JSON object. Maps are written by hand: their keys come from a file and must reach no prototype, and objects
 * would put keys that look like numbers first.
 */
export function infoJson(info: TraceInfo, skipped: number): string {
  const body = pairs(info, skipped).map(([key, value]) => ` ${JSON.stringify(key)}: ${jsonOf(value)}`);
  return `{\n${body.join(',\n')}\n}\n`;
}

function jsonOf(value: InfoValue | null): string {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Map)) return JSON.stringify(value);
  const members = [...value].map(([key, n]) => `\n  ${JSON.stringify(key)}: ${JSON.stringify(n)}`);
  return members.length === 0 ? '{}' : `{${members.join(',')}\n }`;
}

/** The same as lines of text. */
export function infoText(info: TraceInfo, skipped: number): string {
  const lines: string[] = [];
  for (const [key, value] of pairs(info, skipped)) {
    if (!(value instanceof Map)) lines.push(`${key}: ${value ?? '-'}`);
    else {
      lines.push(`${key}:`);
      for (const [name, n] of value) lines.push(`  ${name}: ${n}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
