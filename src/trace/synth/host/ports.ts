/** The ports of dom0 as Xen hands them out, and who serves each. */
import { MAX_PORTS } from '../../table.ts';

/** Bound ports. A new one is the lowest that is free, as in Xen's get_free_port. */
export class Ports {
  /** By port: how it is served. */
  readonly handler = new Uint8Array(MAX_PORTS);
  /** By port: counted up when it is unbound, so that what was meant for it can tell. */
  readonly life = new Int32Array(MAX_PORTS);
  readonly #bound = new Uint8Array(MAX_PORTS);
  #lowest = 1;
  #nextCpu = 0;
  readonly #vcpus: number;
  /** Number of bound ports. */
  count = 0;

  constructor(vcpus: number) {
    this.#vcpus = vcpus;
  }

  /** Takes the lowest free port; there must be one. */
  take(handler: number): number {
    let port = this.#lowest;
    while (this.#bound[port] === 1) port++;
    this.#lowest = port + 1;
    this.#bound[port] = 1;
    this.handler[port] = handler;
    this.count++;
    return port;
  }

  /** Gives a port back. */
  give(port: number): void {
    this.#bound[port] = 0;
    this.life[port]! += 1;
    this.#lowest = Math.min(this.#lowest, port);
    this.count--;
  }

  /** The vCPU a new port goes to: FreeBSD takes them in turn (intr_next_cpu). */
  nextCpu(): number {
    const vcpu = this.#nextCpu;
    this.#nextCpu = (vcpu + 1) % this.#vcpus;
    return vcpu;
  }
}
