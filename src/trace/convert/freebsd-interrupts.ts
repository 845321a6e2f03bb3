/**
 * Interruptions of a FreeBSD recording. Which events tell of one, and nothing else does (docs/guest-traces.md):
 *
 *   KTR     intr_event_schedule_thread: [schedule] pid N (irqM: name)...    a delivery, to a thread
 *           intr_event_handle: exec F(A) for name                           a delivery, to a filter
 *           intr_event_add_handler: added name to irqM: ...                 a bind
 *           intr_event_remove_handler: removing name from irqM: ...         an unbind
 *           KTRGRAPH thread state "running" of "idle: cpuN ..." or another  whether the vCPU is idle
 *   DTrace  xen_intr_handle_upcall and its _arch_ form, entry and return    when an upcall begins and ends
 *           intr_event_handle:entry irqM: name                              a delivery
 *           xen_intr_signal:entry irqM: name                                a notification
 *
 * Sources: sys/kern/kern_intr.c (the CTR calls), sys/kern/sched_ule.c (KTR_STATE1 of the idle thread).
 */
import type { GuestEvent } from '../guest-event.ts';
import type { Interruption, InterruptionKind, Interruptions } from './interruption.ts';

const THREAD = /^(?:schedule )?pid \d{1,10} \(irq(\d{1,9}): ?(.{0,64}?)\+*\)/;
const EXEC = /^exec \S{1,40} for (\S.{0,63})$/;
const ADDED = /^added (\S.{0,63}) to irq(\d{1,9}):/;
const REMOVING = /^removing (\S.{0,63}) from irq(\d{1,9}):/;
const RUNNING = /^id="([^"]*)" value="running"/;
const IRQ = /^irq(\d{1,9})(?:: ?(.{0,64}))?$/;

/** @param events all of them, by time */
export function freebsdInterruptions(events: readonly GuestEvent[]): Interruptions {
  const reader = new Reader();
  for (const e of events) reader.take(e);
  return { list: reader.list, unused: reader.unused };
}

class Reader {
  readonly list: Interruption[] = [];
  unused = 0;
  readonly #idle = new Set<number>();
  readonly #irqOf = new Map<string, number>();
  readonly #upcalls = new Map<number, { time: number; served: Set<number> }>();
  /** The delivery to a filter that may be followed by its thread, by vCPU: its place in the list. */
  readonly #filtered = new Map<number, number>();

  take(e: GuestEvent): void {
    switch (e.name) {
      case 'thread:state':
        this.#running(e);
        break;
      case 'intr_event_schedule_thread':
        this.#thread(e);
        break;
      case 'intr_event_handle':
        this.#filter(e);
        break;
      case 'intr_event_add_handler':
        this.#handler(e, 'bind', ADDED);
        break;
      case 'intr_event_remove_handler':
        this.#handler(e, 'unbind', REMOVING);
        break;
      case 'xen_intr_handle_upcall:entry':
      case 'xen_arch_intr_handle_upcall:entry':
        if (!this.#upcalls.has(e.cpu)) this.#upcalls.set(e.cpu, { time: e.time, served: new Set() });
        break;
      case 'xen_intr_handle_upcall:return':
        this.#upcalls.delete(e.cpu);
        break;
      case 'intr_event_handle:entry':
        this.#named(e, 'delivery');
        break;
      case 'xen_intr_signal:entry':
        this.#named(e, 'notify');
        break;
      default:
        this.unused++;
    }
  }

  #running(e: GuestEvent): void {
    const id = RUNNING.exec(e.text)?.[1];
    if (id === undefined) this.unused++;
    else if (id.startsWith('idle: ')) this.#idle.add(e.cpu);
    else this.#idle.delete(e.cpu);
  }

  #thread(e: GuestEvent): void {
    const m = THREAD.exec(e.text);
    if (m === null) {
      this.unused++;
      return;
    }
    const irq = Number(m[1]);
    const name = m[2]!.trim();
    this.#irqOf.set(name, irq);
    const before = this.#filtered.get(e.cpu);
    this.#filtered.delete(e.cpu);
    if (before !== undefined && this.list[before]!.irq === irq) {
      this.list[before] = { ...this.list[before]!, threaded: true };
    } else this.#push(e, 'delivery', irq, name, true);
  }

  #filter(e: GuestEvent): void {
    const name = EXEC.exec(e.text)?.[1];
    const irq = name === undefined ? undefined : this.#irqOf.get(name);
    if (irq === undefined) {
      this.unused++;
      return;
    }
    this.#filtered.set(e.cpu, this.list.length);
    this.#push(e, 'delivery', irq, name!, false);
  }

  #handler(e: GuestEvent, kind: InterruptionKind, pattern: RegExp): void {
    const m = pattern.exec(e.text);
    if (m === null) {
      this.unused++;
      return;
    }
    this.#irqOf.set(m[1]!, Number(m[2]));
    this.#push(e, kind, Number(m[2]), m[1]!, false);
  }

  #named(e: GuestEvent, kind: InterruptionKind): void {
    const m = IRQ.exec(e.text.trim());
    if (m === null) this.unused++;
    else this.#push(e, kind, Number(m[1]), m[2]?.trim() ?? '', kind === 'delivery');
  }

  #push(e: GuestEvent, kind: InterruptionKind, irq: number, name: string, threaded: boolean): void {
    const upcall = kind === 'delivery' ? this.#upcalls.get(e.cpu) : undefined;
    const first = upcall !== undefined && !upcall.served.has(irq);
    upcall?.served.add(irq);
    const time = first ? upcall.time : e.time;
    const idle = this.#idle.has(e.cpu);
    this.list.push({ kind, line: e.line, time, cpu: e.cpu, irq, name, idle, threaded });
  }
}
