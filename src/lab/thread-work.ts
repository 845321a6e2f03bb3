/** Thread-level work of a vCPU as kernels: what a row of the trace asks a guest to do. */

import { assignCpu } from '../intr/assign-cpu.ts';
import type { HandlerKindCode } from '../intr/os.ts';
import { ModelBug } from '../model/errors.ts';
import type { Addr, Port, Vcpu } from '../model/units.ts';
import type { Kernel } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import type { ChannelKindCode } from '../xen/abi.ts';
import type { Guest } from './guest.ts';
import type { PortMap } from './port-map.ts';
import { Work } from './work-queue.ts';

const AT = {
  bind: new SourceFile('sys/x86/x86/intr_machdep.c', 'bind').fn('intr_bind').site('move a source', 4),
  write: new SourceFile('sys/dev/xen/evtchn/evtchn_dev.c', 'write')
    .fn('evtchn_write')
    .site('write(2) of a port', 8),
};

/** Account of each kind of work. */
export const OPERATION_OF: Readonly<Record<number, 'bind' | 'unbind' | 'move' | 'send' | 'unmask'>> = {
  [Work.bind]: 'bind',
  [Work.unbind]: 'unbind',
  [Work.move]: 'move',
  [Work.send]: 'send',
  [Work.notify]: 'send',
  [Work.unmask]: 'unmask',
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
 * @param c target vCPU, and for a bind the handler kind times 256
 */
export function* threadWork(
  guest: Guest,
  ports: PortMap,
  observer: WorkObserver,
  vcpu: Vcpu,
  kind: number,
  recorded: Port,
  b: number,
  c: number,
): Kernel {
  const { os, channels } = guest;
  const { line } = guest.scenario.delivery;
  const cpu = guest.cpus[vcpu]!;
  const { core } = cpu;
  const port = ports.model(recorded);
  switch (kind) {
    case Work.bind: {
      const handler = (c >> 8) as HandlerKindCode;
      const channel = b as ChannelKindCode;
      const target = line ? 0 : c & 0xff;
      ports.bound(recorded, yield* os.generation.bind(os, cpu, channel, handler, target), channel);
      break;
    }
    case Work.unbind:
      yield* os.generation.unbind(os, cpu, port);
      ports.unbound(recorded);
      break;
    case Work.move:
      core.at(AT.bind);
      core.call();
      // Without an upcall of its own on each vCPU, FreeBSD refuses: EOPNOTSUPP.
      if (line) core.ret();
      else yield* assignCpu(os, cpu, isrcOf(guest, port), ports.kind(recorded), c);
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
      core.at(AT.write);
      core.lump(os.lumps.userUnmaskCycles);
      if (port !== 0) yield* channels.unmask(core, port);
      break;
    default:
      throw new ModelBug('unknown work', { kind, recorded });
  }
}

/** The isrc that serves a port; 0 for none. Not charged. */
export function isrcOf(guest: Guest, port: Port): Addr {
  return guest.memory.peek32(guest.os.image.portToIsrc + 8 * port);
}
