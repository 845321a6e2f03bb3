/** Linux's scan on a state that is set by hand. */
import type { Port } from '../../model/units.ts';
import type { Kernel } from '../../x86/core.ts';
import { HandlerKind, runAlone } from '../os.ts';
import type { Cursor, Scanner } from '../scanner.ts';
import { buildIrq, connect } from './build-irq.ts';
import type { LinuxCpu } from './image.ts';
import { IRQT, PERCPU } from './layout.ts';
import type { Linux } from './os.ts';

/** The scan of vCPU 0: handle_events of the ABI. */
export class LinuxScanner implements Scanner {
  readonly #os: Linux;
  readonly #cpu: LinuxCpu;
  readonly #twoLevel: boolean;
  readonly #irqs: number[] = [];

  /** @param twoLevel whether the ABI has cursors and a mask for each CPU */
  constructor(os: Linux, cpu: LinuxCpu, twoLevel: boolean) {
    this.#os = os;
    this.#cpu = cpu;
    this.#twoLevel = twoLevel;
  }

  bindAll(ports: number): void {
    const { image, ops } = this.#os;
    runAlone(ops.setUp(this.#os, this.#cpu, ports));
    const spec = { type: IRQT.evtchn, chip: 'dynamic', handler: HandlerKind.filter, device: false } as const;
    for (let port = 1; port <= ports; port++) {
      const irq = buildIrq(image, spec);
      connect(image, irq, port, 0);
      this.#irqs.push(irq.irq);
    }
  }

  setBound(port: Port, bound: boolean): void {
    const { image } = this.#os;
    image.memory.poke32(image.irqSlot(port), bound ? this.#irqs[port - 1]! : -1);
  }

  enableAll(): void {
    const { memory } = this.#os.image;
    for (let w = 0; w < 64; w++) memory.poke64(this.#cpu.pcpu + PERCPU.evtchnMask + 8 * w, -1, -1);
  }

  disable(port: Port): void {
    const { memory } = this.#os.image;
    const word = this.#cpu.pcpu + PERCPU.evtchnMask + (port >>> 5) * 4;
    memory.poke32(word, memory.peek32(word) & ~(1 << (port & 31)));
  }

  get initial(): Cursor {
    return { word: 0, bit: 0 };
  }

  get cursor(): Cursor | undefined {
    if (!this.#twoLevel) return undefined;
    const { memory } = this.#os.image;
    const { pcpu } = this.#cpu;
    return { word: memory.peek32(pcpu + PERCPU.currentWord), bit: memory.peek32(pcpu + PERCPU.currentBit) };
  }

  set cursor(cursor: Cursor | undefined) {
    if (cursor === undefined) return;
    const { memory } = this.#os.image;
    const { pcpu } = this.#cpu;
    memory.poke32(pcpu + PERCPU.currentWord, cursor.word);
    memory.poke32(pcpu + PERCPU.currentBit, cursor.bit);
  }

  get looks(): number {
    return this.#cpu.evaluations;
  }

  set looks(n: number) {
    this.#cpu.evaluations = n;
  }

  scan(): Kernel {
    return this.#os.ops.handleEvents(this.#os, this.#cpu);
  }
}
