/**
 * Interruptions of a Linux recording that has no probe on the event-channel code: `irq_handler_entry` says which
 * interrupt was served, `upcall` (if recorded) when the upcall began.
 */
import { field, type GuestEvent } from '../guest-event.ts';
import type { Interruption, Interruptions } from './interruption.ts';
import { isIdle } from './known.ts';

/** To the end of the line; `handler=` up to Linux 2.6.38. */
const NAME = /(?:^| )(?:name|handler)=(.*)$/;

/** @param events those that known.ts knows, by time */
export function linuxInterruptions(events: readonly GuestEvent[]): Interruptions {
  const list: Interruption[] = [];
  const upcalls = new Map<number, { time: number; served: Set<number> }>();
  let unused = 0;
  for (const e of events) {
    if (e.name === 'upcall') upcalls.set(e.cpu, { time: e.time, served: new Set() });
    else if (e.name === 'upcall_ret') upcalls.delete(e.cpu);
    else if (e.name === 'irq_handler_entry') {
      const irq = field(e.text, 'irq')!;
      const upcall = upcalls.get(e.cpu);
      const again = upcall === undefined || upcall.served.has(irq);
      upcall?.served.add(irq);
      list.push({
        kind: 'delivery',
        line: e.line,
        time: again ? e.time : upcall.time,
        cpu: e.cpu,
        irq,
        name: NAME.exec(e.text)?.[1] ?? '',
        idle: isIdle(e),
        threaded: false,
      });
    } else unused++;
  }
  return { list, unused };
}
