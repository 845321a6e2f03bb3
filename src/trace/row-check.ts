/** The checks of a row that is not text: times in order, fields in range, and what may follow what came before. */
import { type Fault, RowState } from './row-state.ts';
import { EXTERNAL, Kind, MAX_PORTS, namesNoPort, PRIORITIES, type TraceRow } from './table.ts';

/** The checks of one table, row by row; codes are those of table.ts already. */
export class RowCheck {
  readonly state = new RowState();
  readonly #vcpus: number;
  #time = 0;

  /** @param vcpus of the table */
  constructor(vcpus: number) {
    this.#vcpus = vcpus;
  }

  /** What is wrong with the next row; undefined if nothing is. */
  take(row: TraceRow): Fault | undefined {
    const { time, kind, by, port, to } = row;
    if (time < this.#time) return [`time ${time}`, `${this.#time} or later: time runs backwards`];
    this.#time = time;
    const lowest = kind === Kind.notify ? 0 : 1;
    const fault =
      range('by', by, EXTERNAL, this.#vcpus - 1) ??
      (namesNoPort(kind) ? range('port', port, 0, 0) : range('port', port, lowest, MAX_PORTS - 1)) ??
      (kind === Kind.priority
        ? range('to (the priority)', to, 0, PRIORITIES - 1)
        : range('to', to, 0, this.#vcpus - 1));
    return fault ?? this.state.take(kind, by, port, row.channel, row.handler);
  }
}

function range(what: string, value: number, low: number, high: number): Fault | undefined {
  return value >= low && value <= high ? undefined : [`${what} ${value}`, `an integer ${low}..${high}`];
}
