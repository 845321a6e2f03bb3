/** FIFO priorities for any load: each port gets the next of a list when it is bound. */
import { EXTERNAL, Kind, MAX_PORTS, type TraceRow } from '../table.ts';
import { Rows } from './rows.ts';

/**
 * The rows of a load with `priority` rows among them: for ports bound before time starts right at the start, by the
 * vCPU that serves them; for others right behind the bind, by the vCPU that does it.
 *
 * @param priorities 0..15, at least one; port p gets number (p - 1) modulo their count
 */
export function* withPriorities(
  load: Iterable<TraceRow>,
  priorities: readonly number[],
): Generator<TraceRow> {
  const rows = new Rows();
  const of = (port: number) => priorities[(port - 1) % priorities.length]!;
  /** By port bound before time starts: its vCPU. */
  const before = new Int16Array(MAX_PORTS).fill(EXTERNAL);
  let started = false;
  for (const row of load) {
    if (row.kind === Kind.bound) before[row.port] = row.to;
    else if (!started) {
      started = true;
      for (let port = 1; port < MAX_PORTS; port++) {
        const vcpu = before[port]!;
        if (vcpu !== EXTERNAL) yield rows.priority(0, vcpu, port, of(port));
      }
    }
    yield row;
    if (row.kind === Kind.bind) yield rows.priority(row.time, row.by, row.port, of(row.port));
  }
}
