/** The strategies that have a name on the command line. Adding one is a file and a line here. */
import { ModelBug, unknownName } from '../../model/errors.ts';
import type { AllocatorFactory } from './allocator.ts';
import { BitmapAllocator } from './bitmap.ts';
import { LinearAllocator } from './linear.ts';
import { SlistAllocator } from './slist.ts';

/** A named strategy. */
export interface Strategy {
  readonly name: string;
  /** Where it stands, in a few words. */
  readonly what: string;
  readonly make: AllocatorFactory;
}

/** All strategies, in the order in which they are listed. */
export const STRATEGIES: readonly Strategy[] = [
  { name: 'linear', what: 'FreeBSD until 2023: scan of all isrcs', make: (t) => new LinearAllocator(t) },
  {
    name: 'slist',
    what: 'FreeBSD since 2023: LIFO list through the isrcs',
    make: (t) => new SlistAllocator(t),
  },
  { name: 'bitmap', what: 'flat bitmap with bit scan', make: (t) => new BitmapAllocator(t) },
];

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
