/**
 * Ends without a beginning: an interrupt that is left but was not entered, on the same CPU. Only what runs in interrupt
 * context is paired; a function of a process may return on another CPU.
 */
import type { GuestEvent } from '../guest-event.ts';

/** By the name of an end, or a beginning: which pair, and which of the two. Subsystems are taken off before. */
const ENDS: ReadonlyMap<string, readonly [pair: string, step: 1 | -1]> = new Map([
  ['irq_handler_entry', ['irq', 1]],
  ['irq_handler_exit', ['irq', -1]],
  ['softirq_entry', ['softirq', 1]],
  ['softirq_exit', ['softirq', -1]],
  ['xen_intr_handle_upcall:entry', ['upcall', 1]],
  ['xen_intr_handle_upcall:return', ['upcall', -1]],
  ['xen_arch_intr_handle_upcall:entry', ['arch upcall', 1]],
  ['xen_arch_intr_handle_upcall:return', ['arch upcall', -1]],
  ['intr_event_handle:entry', ['event', 1]],
  ['intr_event_handle:return', ['event', -1]],
]);

/** Counts over one recording. */
export class Pairs {
  /** Ends whose beginning the recording does not have. */
  unmatched = 0;
  readonly #open = new Map<string, number>();

  /** Takes the events in the order of their CPU. */
  take(e: GuestEvent): void {
    const found = ENDS.get(e.name) ?? ENDS.get(e.name.slice(e.name.indexOf(':') + 1));
    if (found === undefined) return;
    const key = `${found[0]} ${e.cpu}`;
    const open = this.#open.get(key) ?? 0;
    if (found[1] < 0 && open === 0) this.unmatched++;
    else this.#open.set(key, open + found[1]);
  }
}
