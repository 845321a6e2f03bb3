/**
 * The channels of a domain before a recording began, from `lsevtchn` in the recording's state file:
 *
 *   ### lsevtchn before
 *   domain 0
 *      1: VCPU 0: Virtual IRQ 0
 *     15: VCPU 1: Interdomain (Connected) - Remote Domain 0, Port 29
 */
import { traceError } from '../model/errors.ts';
import { readLineBlocks } from './lines.ts';
import { Channel } from './table.ts';

/** One channel of the snapshot. */
export interface Binding {
  readonly port: number;
  readonly vcpu: number;
  readonly channel: number;
  /** VIRQ number, -1 for another kind. */
  readonly virq: number;
  /** Other end of an interdomain channel; domain -1 for another kind. */
  readonly remoteDomain: number;
  readonly remotePort: number;
}

const CHANNEL = /^\s*(\d+): VCPU (\d+): (.+)$/;
const CONNECTED = /^Interdomain \(Connected\) - Remote Domain (\d+), Port (\d+)/;

/** Channels of `domain` in the snapshot "before", by port. A UserError (exit 6) when the section is missing. */
export async function readBindings(path: string, domain: number): Promise<Binding[]> {
  const bindings: Binding[] = [];
  let section = false;
  let found = false;
  let current = -1;
  for await (const block of readLineBlocks(path, 'a state file with lsevtchn')) {
    for (const text of block) {
      if (text.startsWith('### ')) section = text === '### lsevtchn before';
      if (!section) continue;
      found = true;
      const heading = /^domain (\d+)$/.exec(text);
      if (heading !== null) current = Number(heading[1]);
      const m = CHANNEL.exec(text);
      if (m !== null && current === domain) bindings.push(parse(Number(m[1]), Number(m[2]), m[3]!));
    }
  }
  if (!found || bindings.length === 0) {
    throw traceError(
      { file: path },
      `no channel of domain ${domain}`,
      'a section "### lsevtchn before" with some',
    );
  }
  return bindings.sort((a, b) => a.port - b.port);
}

function parse(port: number, vcpu: number, what: string): Binding {
  const base = { port, vcpu, virq: -1, remoteDomain: -1, remotePort: 0 };
  if (what.startsWith('Virtual IRQ')) return { ...base, channel: Channel.virq, virq: Number(what.slice(12)) };
  if (what.startsWith('IPI')) return { ...base, channel: Channel.ipi };
  if (what.startsWith('Physical IRQ')) return { ...base, channel: Channel.pirq };
  const m = CONNECTED.exec(what);
  if (m === null) return { ...base, channel: Channel.unbound };
  return { ...base, channel: Channel.interdomain, remoteDomain: Number(m[1]), remotePort: Number(m[2]) };
}
