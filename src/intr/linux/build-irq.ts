/** The structures of one interrupt: descriptor, irq_info, action, the driver's data. Building them is not charged. */
import type { Addr, Port, Vcpu } from '../../model/units.ts';
import { SITE_ADDRESS } from '../../x86/sites.ts';
import type { HandlerKindCode } from '../os.ts';
import { HANDLER } from './drivers.ts';
import type { LinuxImage } from './image.ts';
import { FLOW } from './irq.ts';
import { ACTION, type ChipName, DRIVER, IRQ_DESC, IRQ_INFO, IRQD, MASK_REASON, PERCPU } from './layout.ts';

/** What an interrupt is to be. */
export interface IrqSpec {
  readonly type: number;
  readonly chip: ChipName;
  readonly handler: HandlerKindCode;
  /** Whether a device of xenbus counts its events. */
  readonly device: boolean;
}

/** The structures of an interrupt. */
export interface Irq {
  readonly irq: number;
  readonly desc: Addr;
  readonly info: Addr;
  readonly action: Addr;
}

/** Counters of interrupts in the per-CPU area. */
const KSTATS = (PERCPU.bytes - PERCPU.kstatIrqs) / 4;

/** Makes the structures: no port, masked, disabled, no action in the descriptor yet. */
export function buildIrq(image: LinuxImage, spec: IrqSpec): Irq {
  const { memory } = image;
  const zeroed = (bytes: number) => {
    const at = image.kmalloc(bytes);
    for (let i = 0; i < bytes; i += 8) memory.poke64(at + i, 0);
    return at;
  };
  const desc = zeroed(IRQ_DESC.bytes);
  const info = zeroed(IRQ_INFO.bytes);
  const action = zeroed(ACTION.bytes);
  const driver = zeroed(DRIVER.bytes);
  const irq = image.takeIrq(desc);
  memory.poke32(desc + IRQ_DESC.state, IRQD.disabled | IRQD.masked);
  memory.poke32(desc + IRQ_DESC.irq, irq);
  memory.poke64(desc + IRQ_DESC.common, desc);
  memory.poke64(desc + IRQ_DESC.chip, image.chip(spec.chip));
  memory.poke64(desc + IRQ_DESC.chipData, info);
  memory.poke64(desc + IRQ_DESC.kstat, PERCPU.kstatIrqs + 4 * (irq % KSTATS));
  memory.poke64(desc + IRQ_DESC.handleIrq, SITE_ADDRESS[spec.chip === 'percpu' ? FLOW.percpu : FLOW.edge]!);
  memory.poke32(info + IRQ_INFO.irq, irq);
  memory.view16[(info + IRQ_INFO.type) >>> 1] = spec.type;
  memory.view8[info + IRQ_INFO.maskReason] = MASK_REASON.explicit;
  if (spec.device) memory.poke64(info + IRQ_INFO.dev, zeroed(DRIVER.bytes));
  memory.poke64(action + ACTION.handler, SITE_ADDRESS[HANDLER[spec.handler]]!);
  memory.poke64(action + ACTION.devId, driver);
  return { irq, desc, info, action };
}

/** Gives the structures back. */
export function freeIrqStructures(image: LinuxImage, { irq, desc, info, action }: Irq): void {
  const { memory } = image;
  const device = memory.peek32(info + IRQ_INFO.dev);
  image.kfree(DRIVER.bytes, memory.peek32(action + ACTION.devId));
  if (device !== 0) image.kfree(DRIVER.bytes, device);
  image.kfree(ACTION.bytes, action);
  image.kfree(IRQ_INFO.bytes, info);
  image.kfree(IRQ_DESC.bytes, desc);
  image.freeIrq(irq);
}

/** Connects an interrupt with a port, unmasked and enabled: as after a bind, but without hypercalls. */
export function connect(image: LinuxImage, { irq, desc, info, action }: Irq, port: Port, cpu: Vcpu): void {
  const { memory } = image;
  if (memory.peek32(image.rowSlot(port)) === 0) image.makeRow(port);
  memory.poke32(image.irqSlot(port), irq);
  memory.poke32(info + IRQ_INFO.evtchn, port);
  memory.poke32(info + IRQ_INFO.cpu, cpu);
  memory.view8[info + IRQ_INFO.maskReason] = 0;
  memory.poke64(desc + IRQ_DESC.action, action);
  memory.poke32(desc + IRQ_DESC.state, 0);
}
