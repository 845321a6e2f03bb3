/** Names of locks by where they stand, as Xen, FreeBSD and Linux call them; one name for all objects of a kind. */
import { ModelBug } from '../../model/errors.ts';
import type { Addr } from '../../model/units.ts';
import type { Memory } from '../../x86/memory.ts';

/** By the region a lock stands in: its name where the region's own naming does not say it in one word. */
const BY_REGION: ReadonlyArray<readonly [region: RegExp, name: string]> = [
  [/^malloc-256$/, 'ie_lock'],
  [/struct tdq$/, 'tdq_lock'],
  [/^xen: struct domain$/, 'event_lock'],
  [/^xen: struct domain of the other ends$/, 'event_lock of the other domain'],
  [/^xen: evtchn bucket$/, 'evtchn lock'],
  [/^xen: struct evtchn of the other ends$/, 'evtchn lock of the other end'],
  [/^xen: struct vcpu\[\]$/, 'virq_lock'],
  [/^xen: struct evtchn_fifo_vcpu\[\]$/, 'fifo queue lock'],
  [/^xen: run queue \d+$/, 'run queue lock'],
  [/^xen: .* hvm_irq$/, 'irq_lock'],
  [/^linux: static variables$/, 'irq_mapping_update_lock'],
  [/^linux: kmalloc-/, 'irq_desc lock'],
];

/** Name of the lock at an address. */
export function lockName(memory: Memory, lock: Addr): string {
  const [region] = memory.regionsIn(lock, lock + 1);
  if (region === undefined) throw new ModelBug('a lock stands nowhere', { lock });
  const known = BY_REGION.find(([name]) => name.test(region.name));
  if (known !== undefined) return known[1];
  // The field at the lock's own address, in regions that name their fields.
  const from = lock - region.start;
  const fields = region
    .namer?.(from, from + 1)
    .map((n) => n.fields)
    .find((f) => f !== '');
  return fields ?? region.name.replace(/^xen: /, '');
}
