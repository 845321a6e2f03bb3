/**
 * Handlers of the drivers. Their own work is lumps: `filter` ports have one that counts (IPIs, the timer), `ithread`
 * ports one that schedules NAPI or a thread, which ends the event later (netfront, netback, blkback), `user` ports
 * that of /dev/xen/evtchn.
 */
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { HandlerKind, type HandlerKindCode } from '../os.ts';
import type { LinuxCpu } from './image.ts';
import { DRIVER, IRQ_DESC } from './layout.ts';
import type { Linux } from './os.ts';

const drivers = new SourceFile('drivers (Linux)', 'handlers');

/** Site at which the handler of each kind starts. */
export const HANDLER: Readonly<Record<HandlerKindCode, number>> = {
  [HandlerKind.filter]: drivers.fn('(handler)').site('count the event', 4),
  [HandlerKind.ithread]: drivers.fn('(handler that schedules)').site('napi_schedule or wake_up', 12),
  [HandlerKind.user]: new SourceFile('drivers/xen/evtchn.c')
    .fn('evtchn_interrupt')
    .site('ring and wake-up of the reader', 40),
};

/** All of them. */
export const HANDLER_SITES: readonly number[] = Object.values(HANDLER);

/** A handler. The caller has made the call. @param device what the driver registered: its `DRIVER` structure */
export function* runHandler(os: Linux, cpu: LinuxCpu, site: number, device: Addr, desc: Addr): Kernel {
  const { core } = cpu;
  core.at(site);
  if (site === HANDLER[HandlerKind.user]) {
    core.load64(device + DRIVER.count, NOW);
    core.lump(os.lumps.evtchnHandlerCycles);
  } else if (site === HANDLER[HandlerKind.filter]) {
    core.add64(device + DRIVER.count, 1, NOW);
    core.free(1);
    if (os.lumps.filterCycles > 0) core.lump(os.lumps.filterCycles);
  } else {
    core.free(2);
    if (core.behind(NOW)) yield;
    const tOld = core.lockBitSet(device + DRIVER.scheduled, 0, NOW);
    if (!core.jcc(core.lo !== 0, tOld)) {
      core.lump(os.lumps.linuxWakeCycles);
      const info = os.image.memory.peek32(desc + IRQ_DESC.chipData);
      os.image.lateBegins(info);
      os.observer.ithreadRunnable(info, cpu.id);
    }
    core.add64(device + DRIVER.count, 1, NOW);
  }
  core.ret();
}
