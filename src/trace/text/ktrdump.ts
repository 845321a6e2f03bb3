/**
 * FreeBSD's KTR buffer as `ktrdump -ct` prints it:
 *
 *   index  cpu timestamp        trace
 *   ------ --- ---------------- -----
 *      101   1      90071990000 intr_event_schedule_thread: schedule pid 12 (irq2128: xn0)
 *
 * Columns are those of the header, in its order: index, cpu (-c), timestamp (-t), "file and line" (-f), tid (-H); the
 * text is the last. Without a header (-q) they are index, cpu and timestamp. Entries come newest first, unless ktrdump
 * read a file (-i) or the live buffer (-l). The time is get_cyclecount(), on amd64 the TSC: ticks. With -r it would be
 * a difference, which nothing in the file tells: do not use it.
 *
 * An event is named after the function before the first colon; a record of KTR_GRAPH after its group and kind, with
 * `id` and value as text. Source: usr.bin/ktrdump/ktrdump.c, sys/sys/ktr.h (KTR_STATE and its neighbours).
 */
import { type GuestEvent, NO_TIME, NOT_TOLD } from '../guest-event.ts';
import { GuestClock } from './clock.ts';
import { cpuOf, Fault, nameFault, quoted } from './fault.ts';
import type { LineParser, TextFormat } from './parser.ts';

/** What a column holds, by its title. */
const TITLES: ReadonlyMap<string, Column> = new Map([
  ['index', 'index'],
  ['cpu', 'cpu'],
  ['timestamp', 'timestamp'],
  ['file and line', 'skip'],
  ['tid', 'skip'],
  ['trace', 'text'],
] as const);
type Column = 'index' | 'cpu' | 'timestamp' | 'skip' | 'text';

const TITLE = /^(?:index|cpu|timestamp|file and line|tid|trace)(?=\s|$)/;
const RULE = /^-+(?: -+)* *$/;
const DEFAULT: readonly Column[] = ['index', 'cpu', 'timestamp', 'text'];
const PLAIN = /^\s*\d{1,10}\s+\d{1,6}\s+\d{4,20}\s+\S/;
const GRAPH =
  /^KTRGRAPH group:"([^"]{0,128})", id:"([^"]{0,256})", ([a-z ]{1,32}):"([^"]{0,256})", attributes: (.*)$/;
const CALL = /^([A-Za-z_]\w{0,127})(?::\s*|\s+)(.*)$/;

/** Reads the output of ktrdump. */
class KtrdumpParser implements LineParser {
  readonly lost = 0;
  readonly lostUnknown = false;
  readonly clock = new GuestClock();
  #columns: readonly Column[] = DEFAULT;
  #previous = -1;
  #down = 0;
  #up = 0;

  /** By the index: it goes down in a dump of the kernel's buffer, but for one wrap. */
  get newestFirst(): boolean {
    return this.#down > this.#up;
  }

  take(text: string, line: number): GuestEvent | Fault | undefined {
    if (text.startsWith('index')) return this.#header(text);
    if (RULE.test(text) || text.trim() === '') return undefined;
    let rest = text.trimStart();
    let cpu = NOT_TOLD;
    let time = NO_TIME;
    for (const column of this.#columns) {
      if (column === 'text') break;
      const m = /^(\S+)\s*/.exec(rest);
      if (m === null) return new Fault(quoted(text), `columns ${this.#columns.join(', ')}`);
      rest = rest.slice(m[0].length);
      if (column === 'skip') continue;
      const value = this.#number(column, m[1]!, text);
      if (value instanceof Fault) return value;
      if (column === 'cpu') cpu = value;
      else if (column === 'timestamp') time = value;
      else this.#index(value);
    }
    const [name, tail] = eventOf(rest);
    return nameFault(name) ?? { line, time, cpu, comm: '', pid: NOT_TOLD, name, text: tail };
  }

  #number(column: Column, text: string, line: string): number | Fault {
    if (!/^\d{1,20}$/.test(text)) {
      return new Fault(quoted(line), `an integer in column ${column} of ktrdump -ct`);
    }
    if (column === 'cpu') return cpuOf(text);
    return column === 'timestamp' ? this.clock.take(text) : Number(text);
  }

  #index(index: number): void {
    if (this.#previous >= 0 && index < this.#previous) this.#down++;
    else if (this.#previous >= 0) this.#up++;
    this.#previous = index;
  }

  #header(text: string): Fault | undefined {
    const columns: Column[] = [];
    for (let rest = text.trim(); rest !== ''; ) {
      const m = TITLE.exec(rest);
      if (m === null) return new Fault(`column ${quoted(rest)}`, `one of ${[...TITLES.keys()].join(', ')}`);
      const column = TITLES.get(m[0])!;
      if (column !== 'skip' && columns.includes(column)) return new Fault(`two columns "${m[0]}"`, 'one');
      columns.push(column);
      rest = rest.slice(m[0].length).trimStart();
    }
    if (columns.at(-1) !== 'text') return new Fault(quoted(text), '"trace" as the last column');
    this.#columns = columns;
    return undefined;
  }
}

/** Name and text of an entry. */
function eventOf(text: string): [name: string, text: string] {
  if (text.startsWith('KTRGRAPH ')) {
    const m = GRAPH.exec(text);
    if (m !== null) return [`${m[1]}:${m[3]}`, `id="${m[2]}" value="${m[4]}" ${m[5]}`.trimEnd()];
  }
  const call = CALL.exec(text);
  return call === null ? ['', text] : [call[1]!, call[2]!];
}

/** Told by its header, or by three integers that begin the first line. */
export const KTRDUMP: TextFormat = {
  name: 'ktrdump',
  what: 'FreeBSD ktrdump',
  system: 'freebsd',
  unordered: true,
  matches: looksLikeKtrdump,
  parser: () => new KtrdumpParser(),
};

function looksLikeKtrdump(lines: readonly string[]): boolean {
  const first = lines.find((text) => text.trim() !== '') ?? '';
  return /^index\s.*\btrace\s*$/.test(first) || PLAIN.test(first);
}
