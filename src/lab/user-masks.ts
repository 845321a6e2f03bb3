/**
 * Ports of the evtchn device: their filter masks them, the process that reads the event unmasks them by a write.
 *
 * The recording says when the process wrote; the model serves the event at its own time. An unmask that the
 * recording has before the model has served the event is owed and paid right after.
 */
import type { Port } from '../model/units.ts';
import { PORTS } from '../xen/abi.ts';

/** Which ports wait for their user, and which unmasks came too early. */
export class UserMasks {
  readonly #masked = new Uint8Array(PORTS);
  readonly #owed = new Int32Array(PORTS);

  /** The port was served and masked by its filter. Returns whether an owed unmask is to be done now. */
  served(port: Port): boolean {
    if (this.#owed[port]! > 0) {
      this.#owed[port]! -= 1;
      return true;
    }
    this.#masked[port] = 1;
    return false;
  }

  /** The user unmasks. Returns whether that is to be done now; otherwise it is owed. */
  unmask(port: Port): boolean {
    if (this.#masked[port] === 0) {
      this.#owed[port]! += 1;
      return false;
    }
    this.#masked[port] = 0;
    return true;
  }

  /** The port was unbound. */
  forget(port: Port): void {
    this.#masked[port] = 0;
    this.#owed[port] = 0;
  }

  /** Ports that wait for their user, ascending; they wait no longer. */
  takeMasked(): Port[] {
    const ports: Port[] = [];
    for (let port = 0; port < PORTS; port++) {
      if (this.#masked[port] === 1) ports.push(port);
      this.#masked[port] = 0;
    }
    return ports;
  }
}
