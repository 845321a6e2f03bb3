/**
 * `linear`: generation A's xen_intr_find_unused_isrc, a scan of all isrcs in vector order for the first whose
 * type is "unbound", through the out-of-line, bounds-checked intr_lookup_source. Returns the lowest-numbered
 * free isrc. 19 instructions an iteration (ground truth: 2,444 for 128).
 *
 * The iterations depend on the loop counter, not on each other, so their misses overlap.
 */
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { IsrcTable } from '../isrc-table.ts';
import type { KernelCpu } from '../kernel-image.ts';
import { EVTCHN_TYPE } from '../layout.ts';
import { GENERATION_A, perGeneration } from '../source-files.ts';
import type { IsrcAllocator } from './allocator.ts';

const lookup = new SourceFile('sys/x86/x86/intr_machdep.c', 'lookup').fn('intr_lookup_source');

const AT_LOOKUP = lookup.site('bounds-checked table lookup', 12);
const AT = perGeneration('find', ({ id, arch }) => {
  const find = arch.fn('xen_intr_find_unused_isrc');
  return {
    enter: find.site('entry', 8),
    look: find.site('look the vector up', 3),
    test: find.site('null check and type test', 5),
    take: find.site('mark as used, return', 8),
    step: find.site('next vector', 4),
    release: arch
      .fn(id === GENERATION_A ? 'xen_intr_release_isrc' : 'xen_arch_intr_release')
      .site('type := unbound', 2),
  };
});

/** What a taken isrc's type is until the bind fills it in. */
const TAKEN = EVTCHN_TYPE.port;

/** Generation A's strategy. */
export class LinearAllocator implements IsrcAllocator {
  readonly locksItself = false;
  readonly #table: IsrcTable;
  readonly #leafFrames: boolean;

  /** @param leafFrames whether the lookup keeps a frame pointer, as clang compiles it; gcc leaves it out */
  constructor(table: IsrcTable, leafFrames = false) {
    this.#table = table;
    this.#leafFrames = leafFrames;
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core } = cpu;
    const { image, layout, generation } = this.#table;
    const at = AT[generation];
    const { statics } = image;
    core.at(at.enter);
    core.push(3);
    core.free(2);
    const tCount = core.load32(statics.autoVectorCount, NOW);
    let i = 0;
    let tI = NOW;
    let more = core.branch(core.lo > 0, tCount);
    while (more) {
      core.at(at.look);
      const tFirst = core.load32(statics.firstEvtchnIrq, NOW);
      const vector = core.lo + i;
      const tVector = core.alu(core.join(tFirst, tI));
      core.call();
      core.at(AT_LOOKUP);
      if (this.#leafFrames) {
        core.push(1);
        core.free(1);
      }
      core.free(1);
      core.branch(vector < 0, tVector);
      const tLimit = core.operand32(statics.numIoIrqs, NOW);
      core.branch(vector >= core.lo, core.join(tLimit, tVector));
      const tTable = core.load64(statics.interruptSourcesPtr, NOW);
      const table = core.lo;
      const tIndex = core.alu(tVector);
      const tIsrc = core.load64(table + vector * 8, core.join(tTable, tIndex));
      const isrc = core.lo;
      if (this.#leafFrames) core.pop(1);
      core.ret();
      core.at(at.test);
      if (!core.branch(isrc === 0, tIsrc)) {
        const tType = core.operand32(isrc + layout.type, tIsrc);
        if (core.branch(core.lo === EVTCHN_TYPE.unbound, tType)) {
          core.at(at.take);
          core.store32(isrc + layout.type, TAKEN, NOW, tIsrc);
          core.pop(3);
          core.ret();
          return isrc;
        }
      }
      core.at(at.step);
      tI = core.alu(tI);
      i++;
      const tAgain = core.operand32(statics.autoVectorCount, NOW);
      more = core.branch(i < core.lo, core.join(tI, tAgain));
    }
    core.at(at.take);
    core.free(1);
    core.pop(3);
    core.ret();
    return 0;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    cpu.core.at(AT[this.#table.generation].release);
    cpu.core.store32(isrc + this.#table.layout.type, EVTCHN_TYPE.unbound, NOW);
  }

  adopt(): void {}
}
