/**
 * What xenalyze said of a recording, read from its output, and compared with what `upcall trace info` and `head` say of
 * the same. Every function returns the differences as lines, and how much it compared: a comparison of nothing is none.
 */

/** What a comparison came to. */
export interface Compared {
  readonly compared: number;
  readonly differences: string[];
}

/** The JSON of `upcall trace info`, as far as it is compared. */
export interface InfoJson {
  readonly [key: string]: unknown;
  readonly events: Record<string, number>;
  readonly per_pcpu: Record<string, number>;
}

/** The object `xentrace` of a recording's counts. */
export interface Counts {
  readonly records: number;
  readonly first_tsc: number;
  readonly last_tsc: number;
  readonly lost_records: number;
  readonly tsc_backward_within_cpu: number;
  readonly per_cpu: Record<string, number>;
  readonly events: Record<string, { readonly count: number }>;
}

class Comparison implements Compared {
  compared = 0;
  readonly differences: string[] = [];

  same(what: string, ours: unknown, theirs: unknown): void {
    this.compared++;
    if (ours !== theirs) this.differences.push(`${what}: ${String(ours)} here, ${String(theirs)} there`);
  }
}

/** Against counts that another reader made: by event, by pCPU, time, losses. */
export function compareCounts(info: InfoJson, counts: Counts): Compared {
  const c = new Comparison();
  for (const key of ['records', 'first_tsc', 'last_tsc', 'lost_records'] as const)
    c.same(key, info[key], counts[key]);
  c.same('skewed', info.skewed, counts.tsc_backward_within_cpu);
  const cpus = new Set([...Object.keys(info.per_pcpu), ...Object.keys(counts.per_cpu)]);
  for (const cpu of cpus) c.same(`pCPU ${cpu}`, info.per_pcpu[cpu], counts.per_cpu[cpu]);
  const events = new Set([...Object.keys(info.events), ...Object.keys(counts.events)]);
  for (const id of events) c.same(id, info.events[id], counts.events[id]?.count);
  return c;
}

/** Names of xenalyze's runstates, and the keys of `info` for them. */
const SPAN =
  /^\s+(blocked|running|runnable|offline|lost|wake|preempt|partial run|full run|partial contention|concurrency_hazard|full_contention):\s+(\d+)\s+([\d.]+)s\s+(\d+) /;
const PV_HYPERCALL = /^\s{4}(?:\w+|\(no handler\))\s+\[ ?(\d+)\]:\s+(\d+)$/;
const HVM_HYPERCALL = /^\s+\[\s*([a-z]\w*)\]\s+(\d+)\s+[\d.]+s/;
const INTERRUPT = /^\s+\[(\d+)\] (\d+)$/;
const EXIT = /^ VMEXIT_(\w+)\s+(\d+)\s+([\d.]+)s\s+[\d.]+%\s+(\d+) cyc/;
const PV_EVENT = /^\s{2}([a-z_]+(?: [a-z]+)*|hypercall \(subcall\)) {2}(\d+)$/;

const EXIT_CODES: Readonly<Record<string, string>> = {
  EXCEPTION_NM: '0x47',
  INTR: '0x60',
  VINTR: '0x64',
  RDTSC: '0x6e',
  CPUID: '0x72',
  HLT: '0x78',
  IOIO: '0x7b',
  MSR: '0x7c',
  VMMCALL: '0x81',
  NPF: '0x400',
};
const HVM_HYPERCALLS: Readonly<Record<string, number>> = {
  memory_op: 12,
  xen_version: 17,
  console_io: 18,
  grant_table_op: 20,
  vcpu_op: 24,
  sched_op: 29,
  evtchn_op: 32,
  hvm_op: 34,
};

/** Against the summary: every runstate, hypercall, interrupt and exit that it lists. */
export function compareSummary(info: InfoJson, summary: string): Compared {
  const c = new Comparison();
  const map = (key: string) => info[key] as Record<string, number>;
  const byNumber = numbered(map('hypercalls'));
  let domain = '';
  let of = '';
  let interrupts = false;
  for (const line of summary.split('\n')) {
    const heading = /^\|-- Domain (\d+) --\|$/.exec(line)?.[1];
    const vcpu = /^-- v(\d+) --$/.exec(line)?.[1];
    if (heading !== undefined) domain = of = `d${heading}`;
    else if (vcpu !== undefined) of = `${domain}v${vcpu}`;
    if (heading !== undefined || vcpu !== undefined) interrupts = false;
    if (line === 'Guest interrupt counts:') interrupts = true;
    const span = SPAN.exec(line);
    if (span !== null) {
      const name = span[1]!.replace(' ', '_');
      const key = `${of}.${name === 'wake' || name === 'preempt' ? 'runnable.' : ''}${name}`;
      sameSpan(c, key, map('runstate_spans')[key], map('runstate_ticks')[key], span[2]!, span[3]!, span[4]!);
      continue;
    }
    const pv = PV_HYPERCALL.exec(line);
    if (pv !== null) c.same(`${of} hypercall ${pv[1]}`, byNumber.get(`${of}.${pv[1]}`), Number(pv[2]));
    const hvm = HVM_HYPERCALL.exec(line);
    const op = hvm === null ? undefined : HVM_HYPERCALLS[hvm[1]!];
    if (hvm !== null) c.same(`${of} ${hvm[1]}`, byNumber.get(`${of}.${op}`), Number(hvm[2]));
    const vector = interrupts ? INTERRUPT.exec(line) : null;
    if (vector !== null) {
      const key = `${of}.${vector[1]}`;
      c.same(`${of} vector ${vector[1]}`, map('interrupts_injected')[key], Number(vector[2]));
    }
    const exit = EXIT.exec(line);
    if (exit !== null) {
      const key = `${of}.${EXIT_CODES[exit[1]!]}`;
      sameSpan(c, key, map('vm_exits')[key], map('vm_exit_ticks')[key], exit[2]!, exit[3]!, exit[4]!);
    }
    const event = PV_EVENT.exec(line);
    if (event !== null)
      c.same(`${of} ${event[1]}`, pvEvents(map('pv_events'), of, event[1]!), Number(event[2]));
  }
  return c;
}

/** xenalyze counts a multicall's parts with the hypercalls, and both kinds of page table writes together. */
function pvEvents(events: Record<string, number>, of: string, name: string): number {
  const count = (key: string) => events[`${of}.${key}`] ?? 0;
  switch (name) {
    case 'hypercall':
      return count('hypercall') + count('hypercall_subcall');
    case 'hypercall (subcall)':
      return count('hypercall_subcall');
    case 'ptwr':
      return count('ptwr_emulation') + count('ptwr_emulation_pae');
    default:
      return count(name.replaceAll(' ', '_'));
  }
}

/** Number of spans, seconds at 1 GHz to two decimals, and the mean rounded down. */
function sameSpan(
  c: Comparison,
  key: string,
  spans: number | undefined,
  ticks: number | undefined,
  theirSpans: string,
  seconds: string,
  mean: string,
): void {
  c.same(`${key} spans`, spans, Number(theirSpans));
  c.same(`${key} seconds`, ((ticks ?? 0) / 1e9).toFixed(2), seconds);
  c.same(`${key} mean`, Math.floor((ticks ?? 0) / (spans ?? 1)), Number(mean));
}

/** "d0v0.iret(23)" as "d0v0.23". */
function numbered(hypercalls: Record<string, number>): Map<string, number> {
  const pairs = Object.entries(hypercalls).map(([key, n]): [string, number] => {
    const [, of, op] = /^(d\d+v\d+)\..*\((\d+)\)$/.exec(key)!;
    return [`${of}.${op}`, n];
  });
  return new Map(pairs);
}

/** Beginnings of xenalyze's lines, with the id of the event each is of. */
const DUMPED: ReadonlyArray<readonly [RegExp, number]> = [
  [/^ hypercall /, 0x20200e],
  [/^hypercall /, 0x20100d],
  [/^trap /, 0x201103],
  [/^page_fault/, 0x201104],
  [/^forced_invalid_op/, 0x201105],
  [/^emulate privop/, 0x201106],
  [/^math state restore/, 0x201008],
  [/^ptwr /, 0x20110b],
  [/^vmexit /, 0x81102],
  [/^vmentry/, 0x81001],
  [/^inj_virq /, 0x82004],
  [/^msr_write /, 0x8200d],
  [/^cpuid /, 0x8200e],
  [/^intr /, 0x8200f],
  [/^vmcall /, 0x82012],
  [/^hlt /, 0x82013],
  [/^rdtsc /, 0x8201a],
  [/^intr_window /, 0x82020],
  [/^sched_switch prev d\d+v\d+, run/, 0x2800e],
  [/^sched_switch prev/, 0x2800a],
  [/^sched_switch next/, 0x2800f],
  [/^sched_switch continue/, 0x28011],
  [/^vcpu_sleep/, 0x28003],
  [/^vcpu_wake/, 0x28004],
  [/^vcpu_yield/, 0x28005],
  [/^vcpu_block/, 0x28006],
  [/^runstate_continue/, 0x21002],
  [/^csched2:runq_insert/, 0x22202],
  [/^csched2:burn_credits/, 0x22203],
  [/^csched2:tickle_check/, 0x22205],
  [/^csched2:runq_tickle cpu/, 0x22206],
  [/^csched2:reset_credits/, 0x22207],
  [/^csched2:update_load/, 0x22209],
  [/^csched2:update_vcpu_load/, 0x2220b],
  [/^csched2:update_rq_load/, 0x2220c],
  [/^csched2:runq_tickle_new/, 0x2220d],
  [/^csched2:runq_candidate/, 0x22214],
  [/^csched2:schedule/, 0x22215],
  [/^csched2:ratelimit/, 0x22216],
  [/^csched2:runq_cand_check/, 0x22217],
  [/^grant-map/, 0x10f001],
  [/^grant-unmap/, 0x10f002],
  [/^irq_handled/, 0x802008],
];
const RUNSTATE = /^runstate_change (d\d+v\d+) (\w+)->(\w+)/;
const STATES = ['running', 'runnable', 'blocked', 'offline'];
/** A line of the dump that is of a record; the others are remarks of xenalyze's own. */
const DUMP = /^[\] !](?: {14}|\s*(\d+)\.(\d{9})) (.*?) (d(?:\d+|\?)v(?:\d+|\?)) (.*)$/;

/** Id of the event of a dumped line. */
function dumpedEvent(text: string): number | undefined {
  const runstate = RUNSTATE.exec(text);
  if (runstate !== null) {
    return 0x21001 | (STATES.indexOf(runstate[2]!) << 8) | (STATES.indexOf(runstate[3]!) << 4);
  }
  return DUMPED.find(([start]) => start.test(text))?.[1];
}

/**
 * Against the beginning of the dump: the same records in the same order, each at the same time on the same pCPU, of the
 * same vCPU where xenalyze knows one. Our lines may have records in between that xenalyze never prints, and no others.
 */
export function compareDump(lines: readonly string[], dump: string): Compared {
  const c = new Comparison();
  let at = 0;
  for (const line of dump.split('\n')) {
    const m = DUMP.exec(line);
    if (m === null) continue;
    const [, seconds, nanos, pcpus, vcpu, text] = m;
    const event = dumpedEvent(text!);
    if (event === undefined) {
      c.differences.push(`unknown in the dump: ${line}`);
      continue;
    }
    const tick = seconds === undefined ? 0 : Number(seconds) * 1e9 + Number(nanos);
    const known = /^d32768v|\?/.test(vcpu!) ? 'd?v?' : vcpu!;
    const theirs = `${tick} p${pcpus!.indexOf('x')} ${known} 0x${event.toString(16).padStart(8, '0')}`;
    const ours = lines[at++] ?? 'the end';
    c.same(`line ${at}`, ours.split(' ').slice(0, 4).join(' '), theirs);
    sameText(c, ours, text!);
  }
  return c;
}

/** What both print of a record's words. */
function sameText(c: Comparison, ours: string, text: string): void {
  const runstate = RUNSTATE.exec(text);
  if (runstate !== null) c.same(ours, ours.split(' ').slice(5).join(' '), runstate[0].slice(16));
  const who = /^vcpu_(?:wake|block) (d\d+v\d+)/.exec(text)?.[1];
  if (who !== undefined) c.same(ours, ours.split(' ')[5], who);
  const op = /^ ?(?:hypercall|vmcall) +([0-9a-f]+)/.exec(text)?.[1];
  if (op !== undefined) c.same(ours, /\((\d+)\)/.exec(ours)?.[1], String(Number.parseInt(op, 16)));
  const rip = /^vmexit .* eip ([0-9a-f]+)/.exec(text)?.[1];
  if (rip !== undefined) c.same(ours, / rip 0x([0-9a-f]+)$/.exec(ours)?.[1], rip);
}
