/** The strategies that have a name on the command line. Adding one is a file and a line here. */
import { ModelBug, unknownName } from '../../model/errors.ts';
import { AllocEachAllocator } from './alloc-each.ts';
import type { AllocatorFactory } from './allocator.ts';
import { BitmapAllocator } from './bitmap.ts';
import { Bitmap2Allocator } from './bitmap2.ts';
import { DirectAllocator } from './direct.ts';
import { FifoListAllocator } from './fifo-list.ts';
import { LinearAllocator } from './linear.ts';
import { LinearArchAllocator } from './linear-arch.ts';
import { MagazineAllocator } from './magazine.ts';
import { NextFitAllocator } from './next-fit.ts';
import { SlistAllocator } from './slist.ts';
import { UnrAllocator } from './unr.ts';

/** Which of the unused isrcs comes back: what the contract test holds a strategy to. */
export const ORDERS = ['lowest', 'lifo', 'fifo', 'rotor', 'lifo by cpu', 'port'] as const;

/** A named strategy. */
export interface Strategy {
  readonly name: string;
  /** Where it stands, in a few words. */
  readonly what: string;
  readonly make: AllocatorFactory;
}

/** A strategy of the table. */
export interface ListedStrategy extends Strategy {
  readonly order: Order;
}

/** One of `ORDERS`. */
export type Order = (typeof ORDERS)[number];

function listed(name: string, what: string, order: Order, make: AllocatorFactory): ListedStrategy {
  return { name, what, order, make };
}

/** All strategies, in the order in which they are listed. */
export const STRATEGIES: readonly ListedStrategy[] = [
  listed('linear', 'FreeBSD until 2023: scan of all isrcs', 'lowest', (t) => new LinearAllocator(t)),
  listed('slist', 'FreeBSD since 2023: LIFO list through the isrcs', 'lifo', (t) => new SlistAllocator(t)),
  listed('bitmap', 'flat bitmap with bit scan', 'lowest', (t) => new BitmapAllocator(t)),
  listed('linear-arch', 'B5: the scan under the x86 lock', 'lowest', (t) => new LinearArchAllocator(t)),
  listed('fifo-list', 'list with a tail in the isrcs', 'fifo', (t) => new FifoListAllocator(t)),
  listed('next-fit', 'scan from where the last one ended', 'rotor', (t) => new NextFitAllocator(t)),
  listed('bitmap2', 'bitmap with a summary word', 'lowest', (t) => new Bitmap2Allocator(t)),
  listed('unr', "FreeBSD's unit allocator", 'lowest', (t, lumps) => new UnrAllocator(t, lumps)),
  listed('magazine', 'buckets by CPU', 'lifo by cpu', (t, lumps) => new MagazineAllocator(t, lumps)),
  listed('direct', 'isrc by port', 'port', (t) => new DirectAllocator(t)),
  listed('alloc-each', 'a new isrc for each bind', 'lowest', (t, lumps) => new AllocEachAllocator(t, lumps)),
];

/** What is compared where no strategy is named: the two of FreeBSD, and what most would put in their place. */
export const COMPARED: readonly string[] = ['linear', 'slist', 'bitmap'];

/** Of a guest that has no isrcs, and numbers its interrupts in its own way. */
export const OWN_STRATEGY: Strategy = {
  name: 'own',
  what: "the guest's own",
  make: () => {
    throw new ModelBug('this guest finds no isrcs', {});
  },
};

/** The strategy of that name; a UserError (exit 2) with the nearest name otherwise. */
export function strategyByName(name: string): Strategy {
  const strategy = STRATEGIES.find((s) => s.name === name);
  if (strategy === undefined)
    throw unknownName(
      'strategy',
      name,
      STRATEGIES.map((s) => s.name),
    );
  return strategy;
}
