/** Thread-level work of a vCPU as kernels: what a row of the trace asks a guest to do. */

import type { HandlerKindCode } from '../intr/os.ts';
import { ModelBug } from '../model/errors.ts';
import type { Port, Vcpu } from '../model/units.ts';
import type { Kernel } from '../x86/core.ts';
import type { ChannelKindCode } from '../xen/abi.ts';
import type { Operation } from './accounts.ts';
import type { Guest } from './guest.ts';
import type { Pcpus } from './pcpus.ts';
import type { PortMap } from './port-map.ts';
import { Work } from './work-queue.ts';

/** Account of each kind of work. */
export const OPERATION_OF: Readonly<Record<number, Operation>> = {
  [Work.bind]: 'bind',
  [Work.unbind]: 'unbind',
  [Work.move]: 'move',
  [Work.send]: 'send',
  [Work.notify]: 'send',
  [Work.unmask]: 'unmask',
  [Work.priority]: 'priority',
  [Work.exit]: 'xen',
  [Work.restore]: 'restore',
};

/** Told about work that had no effect. */
export interface WorkObserver {
  /** A send found its port unbound meanwhile. */
  lateSend(): void;
}

/**
 * One piece of work.
 *
 * @param kind one of `Work`
 * @param recorded the port as the trace names it
 * @param b channel kind of a bind
 * @param c target vCPU, and for a bind the handler kind times 256; the new priority
 */
export function* threadWork(
  guest: Guest,
  pcpus: Pcpus,
  ports: PortMap,
  observer: WorkObserver,
  vcpu: Vcpu,
  kind: number,
  recorded: Port,
  b: number,
  c: number,
): Kernel {
  const { kernel, channels } = guest;
  const core = guest.coreOf(vcpu);
  const port = ports.model(recorded);
  switch (kind) {
    case Work.bind: {
      const handler = (c >> 8) as HandlerKindCode;
      const channel = b as ChannelKindCode;
      const target = guest.scenario.delivery.line ? 0 : c & 0xff;
      ports.bound(recorded, yield* kernel.bind(vcpu, channel, handler, target), channel);
      break;
    }
    case Work.unbind:
      if (ports.stale(recorded) !== 0) yield* kernel.unbindStale(vcpu, ports.stale(recorded));
      else yield* kernel.unbind(vcpu, port);
      ports.unbound(recorded);
      break;
    case Work.move:
      yield* kernel.move(vcpu, port, ports.kind(recorded), c);
      ports.moved(recorded);
      break;
    case Work.send:
      if (port === 0) observer.lateSend();
      yield* channels.send(core, port);
      break;
    case Work.notify:
      yield* channels.notify(core, port);
      break;
    case Work.unmask:
      yield* kernel.userWrites(vcpu, port);
      break;
    case Work.priority:
      // Of the 2-level ABI Xen knows no priorities, and a port may have been unbound meanwhile.
      if (port === 0 || guest.fifo === undefined) yield* channels.refused(core);
      else yield* guest.fifo.setPriority(core, port, c);
      break;
    case Work.exit:
      yield* pcpus.exit(vcpu);
      break;
    case Work.restore:
      yield* kernel.resume(vcpu);
      break;
    default:
      throw new ModelBug('unknown work', { kind, recorded });
  }
}
