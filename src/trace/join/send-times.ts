/** The sends of a table by the vCPU that serves them, to find out what woke it. */
import { EXTERNAL, Kind, type TraceRow } from '../table.ts';

/** A send, the first time it can have been sent, and whether it was only inferred from its delivery. */
interface Send {
  readonly row: TraceRow;
  readonly earliest: number;
}

/** Sends of all vCPUs, each in order of time. */
export class SendTimes {
  readonly #byVcpu = new Map<number, Send[]>();

  /** @param rows by time */
  constructor(rows: readonly TraceRow[]) {
    const serving = new Map<number, number>();
    const bound = new Map<number, number>();
    for (const row of rows) {
      if (row.kind === Kind.bound || row.kind === Kind.bind) {
        serving.set(row.port, row.to);
        bound.set(row.port, row.kind === Kind.bind ? row.time : Number.NEGATIVE_INFINITY);
      } else if (row.kind === Kind.move) serving.set(row.port, row.to);
      else if (row.kind === Kind.send) {
        const vcpu = serving.get(row.port) ?? 0;
        const list = this.#byVcpu.get(vcpu) ?? [];
        this.#byVcpu.set(vcpu, list);
        list.push({ row, earliest: bound.get(row.port) ?? Number.NEGATIVE_INFINITY });
      }
    }
  }

  /** Whether something was sent to a vCPU in a time, its end included. */
  between(vcpu: number, from: number, to: number): boolean {
    const list = this.#byVcpu.get(vcpu) ?? [];
    const i = firstFrom(list, from);
    return i < list.length && list[i]!.row.time <= to;
  }

  /** Moves the first inferred send after a time back to it; false if there is none before `until`. */
  moveTo(vcpu: number, time: number, until: number): boolean {
    const list = this.#byVcpu.get(vcpu) ?? [];
    const first = firstFrom(list, time);
    for (let i = first; i < list.length && list[i]!.row.time < until; i++) {
      const send = list[i]!;
      if (send.row.by !== EXTERNAL || send.earliest > time) continue;
      send.row.time = time;
      list.copyWithin(first + 1, first, i);
      list[first] = send;
      return true;
    }
    return false;
  }
}

function firstFrom(list: readonly Send[], at: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.row.time < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
