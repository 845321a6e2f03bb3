/**
 * The events of a Linux recording that a conversion uses, whatever they are called: a kprobe by the function it stands
 * on, if its text has one, else by its name. perf prints the subsystem before the name. What an event must have to be
 * used is checked here, once.
 */
import { traceError } from '../../model/errors.ts';
import { field, type GuestEvent } from '../guest-event.ts';
import { MAX_PORTS, MAX_VCPUS } from '../table.ts';
import { Fault, quoted } from '../text/fault.ts';
import type { Tolerance } from '../tolerance.ts';

/** Our names by Linux' functions (drivers/xen/events, drivers/xen/evtchn.c, arch/x86/xen/smp.c). */
const BY_FUNCTION: ReadonlyMap<string, string> = new Map([
  ['xen_evtchn_do_upcall', 'upcall'],
  ['__xen_evtchn_do_upcall', 'upcall'],
  ['evtchn_2l_clear_pending', 'clear_2l'],
  ['evtchn_fifo_clear_pending', 'clear_fifo'],
  ['handle_irq_for_port', 'port'],
  ['set_evtchn_to_irq', 'map'],
  ['bind_evtchn_to_cpu', 'bind_cpu'],
  ['evtchn_ioctl', 'dev_ioctl'],
  ['xen_send_IPI_one', 'ipi'],
  ['notify_remote_via_irq', 'notify_irq'],
  ['xen_irq_lateeoi', 'lateeoi'],
]);

type Range = readonly [key: string, low: number, high: number];
const PORT: Range = ['port', 1, MAX_PORTS - 1];
const IRQ: Range = ['irq', 0, 2 ** 31];

/** What the text of an event must have, by our names of the events. */
const NEEDED: ReadonlyMap<string, readonly Range[]> = new Map<string, readonly Range[]>([
  ['upcall', []],
  ['upcall_ret', []],
  ['clear_2l', [PORT]],
  ['clear_fifo', [PORT]],
  ['port', [PORT]],
  ['map', [PORT, ['irq', -1, 2 ** 31]]],
  ['bind_cpu', [PORT, IRQ, ['cpu', 0, MAX_VCPUS - 1]]],
  [
    'dev_ioctl',
    [
      ['cmd', 0, 2 ** 32],
      ['arg0', 0, 2 ** 32],
    ],
  ],
  [
    'ipi',
    [
      ['cpu', 0, MAX_VCPUS - 1],
      ['vector', 0, 255],
    ],
  ],
  ['notify_irq', [IRQ]],
  ['lateeoi', [IRQ]],
  ['irq_handler_entry', [IRQ]],
]);

const PROBE = /^\((?:\S+ <- )?([A-Za-z_]\w*)(?:\+0x0\/0x[0-9a-f]+)?(?: \[\w+\])?\)/;
const RETURN = /^\(\S+ <- /;

/** Linux' idle task, as ftrace and perf call it. */
export function isIdle(e: GuestEvent): boolean {
  return e.comm === '<idle>' || e.comm === 'swapper';
}

/** Our name of an event; undefined for one that no conversion uses. */
function knownName(e: GuestEvent): string | undefined {
  if (e.text.startsWith('(')) {
    const at = PROBE.exec(e.text)?.[1];
    const known = at === undefined ? undefined : BY_FUNCTION.get(at);
    if (known !== undefined) {
      if (!RETURN.test(e.text)) return known;
      return known === 'upcall' ? 'upcall_ret' : undefined;
    }
  }
  const name = e.name.slice(e.name.lastIndexOf(':') + 1);
  const returns = name.endsWith('__return');
  const known = BY_FUNCTION.get(returns ? name.slice(0, -8) : name) ?? name;
  if (returns) return known === 'upcall' ? 'upcall_ret' : undefined;
  return NEEDED.has(known) ? known : undefined;
}

/**
 * The events that are used, under our names. One that lacks what it needs is an error with file and line, or is left
 * out as far as that is tolerated.
 */
export function knownEvents(events: readonly GuestEvent[], file: string, tolerance: Tolerance): GuestEvent[] {
  const known: GuestEvent[] = [];
  for (const e of events) {
    const name = knownName(e);
    if (name === undefined) continue;
    const fault = faultOf(e, NEEDED.get(name)!);
    if (fault === undefined) known.push(name === e.name ? e : { ...e, name });
    else tolerance.skip(traceError({ file, line: e.line }, fault.found, fault.expected));
  }
  return known;
}

function faultOf(e: GuestEvent, needed: readonly Range[]): Fault | undefined {
  if (e.cpu < 0) return new Fault(`${e.name} without a CPU`, 'the CPU of every event: perf script -F +cpu');
  if (e.cpu >= MAX_VCPUS) return new Fault(`CPU ${e.cpu}`, `a vCPU below ${MAX_VCPUS}`);
  for (const [key, low, high] of needed) {
    const value = field(e.text, key);
    if (value === undefined) return new Fault(`no ${key}= in ${e.name} ${quoted(e.text)}`, `${key}=number`);
    if (value < low || value > high) return new Fault(`${key}=${value} in ${e.name}`, `${low}..${high}`);
  }
  return undefined;
}
