/** FreeBSD's scan on a state that is set by hand. */
import type { Addr, Port } from '../model/units.ts';
import type { Kernel } from '../x86/core.ts';
import type { KernelCpu } from './kernel-image.ts';
import { type FreeBsd, runAlone } from './os.ts';
import { createIsrcs, serve } from './populate.ts';
import type { Cursor, Scanner } from './scanner.ts';
import { setUpWord } from './upcall-fifo.ts';

/** The scan of vCPU 0. */
export class FreeBsdScanner implements Scanner {
  readonly #os: FreeBsd;
  readonly #cpu: KernelCpu;
  #isrcs: readonly Addr[] = [];

  constructor(os: FreeBsd, cpu: KernelCpu) {
    this.#os = os;
    this.#cpu = cpu;
  }

  bindAll(ports: number): void {
    if (this.#os.fifo !== undefined) runAlone(setUpWord(this.#os, this.#cpu, ports));
    this.#isrcs = createIsrcs(this.#os, this.#cpu, ports);
    this.#isrcs.forEach((isrc, i) => {
      serve(this.#os, isrc, i + 1);
    });
  }

  setBound(port: Port, bound: boolean): void {
    const { image } = this.#os;
    image.memory.poke64(image.portToIsrc + 8 * port, bound ? this.#isrcs[port - 1]! : 0);
  }

  enableAll(): void {
    const { image } = this.#os;
    for (let w = 0; w < 64; w++) image.memory.poke64(image.enabledWords(0) + 8 * w, -1, -1);
  }

  disable(port: Port): void {
    const { image } = this.#os;
    const word = image.enabledWords(0) + (port >>> 5) * 4;
    image.memory.poke32(word, image.memory.peek32(word) & ~(1 << (port & 31)));
  }

  get initial(): Cursor {
    return { word: 63, bit: 63 };
  }

  get cursor(): Cursor | undefined {
    const { image, generation, fifo } = this.#os;
    if (fifo !== undefined) return undefined;
    const { pcpuData } = this.#cpu;
    const read = (offset: number) => image.memory.peek32(pcpuData + offset);
    return { word: read(generation.pcpu.l1i), bit: read(generation.pcpu.l2i) };
  }

  set cursor(cursor: Cursor | undefined) {
    if (cursor === undefined) return;
    const { image, generation } = this.#os;
    const { pcpuData } = this.#cpu;
    image.memory.poke32(pcpuData + generation.pcpu.l1i, cursor.word);
    image.memory.poke32(pcpuData + generation.pcpu.l2i, cursor.bit);
  }

  get looks(): number {
    return this.#cpu.evaluations;
  }

  set looks(n: number) {
    this.#cpu.evaluations = n;
  }

  scan(): Kernel {
    return this.#os.generation.scan(this.#os, this.#cpu);
  }
}
