/** A pool that hands out any unused isrc, for a call and a return: not a strategy, but the measure of one that has no order at all. */
import type { IsrcAllocator } from '../../intr/alloc/allocator.ts';
import type { Strategy } from '../../intr/alloc/strategies.ts';
import type { KernelCpu } from '../../intr/kernel-image.ts';
import type { RandomStream } from '../../model/random.ts';
import type { Addr } from '../../model/units.ts';
import type { Kernel } from '../../x86/core.ts';

class RandomAllocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #random: RandomStream;
  readonly #unused: Addr[] = [];

  constructor(random: RandomStream) {
    this.#random = random;
  }

  *alloc({ core }: KernelCpu): Kernel<Addr> {
    const unused = this.#unused;
    core.ret();
    if (unused.length === 0) return 0;
    const [isrc] = unused.splice(this.#random.below(unused.length), 1);
    return isrc!;
  }

  *release({ core }: KernelCpu, isrc: Addr): Kernel {
    core.ret();
    this.#unused.push(isrc);
  }

  adopt(): void {}
}

/** It as a strategy, for a history that no strategy made. */
export function randomStrategy(random: RandomStream): Strategy {
  return {
    name: '(random)',
    what: 'any unused isrc, for nothing: not a strategy',
    make: () => new RandomAllocator(random),
  };
}
