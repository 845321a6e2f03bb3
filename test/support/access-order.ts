/**
 * Watches every access that the cores of a run make to memory outside their stacks, and finds those that were made in
 * another order than that of their cycles: two accesses to one word, by two cores, one of them a write.
 *
 * The cycle of an access is the one at which it could issue, as `Core.behind` computes it in front of an access.
 */
import type { Addr, Cycle, Ready } from '../../src/model/units.ts';
import { Core } from '../../src/x86/core.ts';
import { Pipeline } from '../../src/x86/pipeline.ts';
import { SITES } from '../../src/x86/sites.ts';
import { BITS, PLAIN, PLAIN_RMW } from '../interleave/watched-core.ts';

/** An access made at an earlier cycle than a conflicting one that was made before it. */
export interface Disorder {
  readonly addr: Addr;
  /** Who accesses, and whom it should have come before. */
  readonly at: string;
  readonly behind: string;
  readonly how: string;
  readonly cycles: number;
}

/** Where each argument stands that an access waits for: the address's dependency. */
function dependency(how: string, args: readonly number[]): Ready {
  if (how.startsWith('store')) return args[how === 'store64' ? 4 : 3] ?? 0;
  return args.at(-1)!;
}

type Method = (...args: number[]) => Ready;

/** Where a core's methods are replaced: every core of the process is watched meanwhile. */
const METHODS = Core.prototype as unknown as Record<string, Method> & { behind: Method };
/** Bytes around the stack pointer within which nobody else's words are. */
const STACK = 4096;

/** The accesses of a run. */
export class AccessOrder {
  /** Accesses seen, and those to words that another core had written last. */
  seen = 0;
  shared = 0;
  readonly disorders: Disorder[] = [];
  /** By core: the latest cycle at which its kernel asked whether others come first. */
  readonly #floor = new Float64Array(128);
  readonly #replaced = new Set<string>();
  /** By word: core (plus one), cycle and site of its last write; the latest read since, and the latest of another core. */
  readonly #writer: Uint8Array;
  readonly #written: Float64Array;
  readonly #writeSite: Int16Array;
  readonly #reader: Uint8Array;
  readonly #read: Float64Array;
  readonly #readSite: Int16Array;
  readonly #otherRead: Float64Array;
  readonly #otherSite: Int16Array;
  /** Words accessed since time began; some twice. */
  readonly #touched: number[] = [];

  /** @param megabytes of the modelled memory */
  constructor(megabytes: number) {
    const words = megabytes << 18;
    this.#writer = new Uint8Array(words);
    this.#written = new Float64Array(words);
    this.#writeSite = new Int16Array(words);
    this.#reader = new Uint8Array(words);
    this.#read = new Float64Array(words);
    this.#readSite = new Int16Array(words);
    this.#otherRead = new Float64Array(words);
    this.#otherSite = new Int16Array(words);
  }

  /** Forgets what was: time begins. */
  begin(): void {
    this.seen = 0;
    this.shared = 0;
    this.disorders.length = 0;
    this.#floor.fill(0);
    for (const w of this.#touched) {
      this.#writer[w] = 0;
      this.#reader[w] = 0;
      this.#read[w] = 0;
      this.#otherRead[w] = 0;
    }
    this.#touched.length = 0;
  }

  /** Watches all cores while `run` runs. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    for (const [how, [bytes, writes]] of Object.entries(PLAIN)) this.#wrap(how, bytes, writes, false);
    for (const [how, writes] of Object.entries(BITS)) this.#wrap(how, 4, writes, true);
    for (const [how, bytes] of Object.entries(PLAIN_RMW)) this.#wrap(how, bytes, true, how.startsWith('bit'));
    this.#watchBehind();
    try {
      return await run();
    } finally {
      for (const how of this.#replaced) Reflect.deleteProperty(METHODS, how);
      this.#replaced.clear();
    }
  }

  /** What a kernel does behind a place where it let others go first is behind it in its core's program order. */
  #watchBehind(): void {
    const inner = Core.prototype.behind;
    const order = this;
    METHODS.behind = function (this: Core, dep) {
      const behind = inner.call(this, dep!);
      const { core } = this.caches;
      if (this.resumeCycle > order.#floor[core]!) order.#floor[core] = this.resumeCycle;
      return behind as unknown as number;
    };
    this.#replaced.add('behind');
  }

  #wrap(how: string, bytes: number, writes: boolean, ofString: boolean): void {
    const inner = METHODS[how]!;
    const order = this;
    this.#replaced.add(how);
    METHODS[how] = function (this: Core, ...args) {
      const addr = args[0]! + (ofString ? (args[1]! >>> 5) * 4 : 0);
      if (Math.abs(addr - this.sp) > STACK) {
        const cycle = Math.max(order.#floor[this.caches.core]!, cycleOf(this, dependency(how, args)));
        for (let w = addr >>> 2; w <= (addr + bytes - 1) >>> 2; w++) order.#note(this, w, cycle, writes, how);
      }
      return inner.apply(this, args);
    };
  }

  #note(core: Core, w: number, cycle: Cycle, writes: boolean, how: string): void {
    const site = core.atSite;
    const index = core.caches.core + 1;
    this.seen++;
    const writer = this.#writer[w]!;
    if (writer === 0 && this.#reader[w] === 0) this.#touched.push(w);
    if (writer > 0 && writer !== index) {
      this.shared++;
      if (cycle < this.#written[w]!)
        this.#disorder(w, site, this.#writeSite[w]!, `${how} after a write`, this.#written[w]! - cycle);
    }
    if (writes) {
      const own = this.#reader[w] === index;
      const read = own ? this.#otherRead[w]! : this.#read[w]!;
      if (cycle < read) {
        this.#disorder(
          w,
          site,
          own ? this.#otherSite[w]! : this.#readSite[w]!,
          `${how} after a read`,
          read - cycle,
        );
      }
      this.#writer[w] = index;
      this.#written[w] = cycle;
      this.#writeSite[w] = site;
      this.#reader[w] = 0;
      this.#read[w] = 0;
      this.#otherRead[w] = 0;
    } else if (this.#reader[w] === index) {
      this.#read[w] = Math.max(cycle, this.#read[w]!);
      this.#readSite[w] = site;
    } else {
      // The latest reader moves aside.
      if (this.#read[w]! >= this.#otherRead[w]!) {
        this.#otherRead[w] = this.#read[w]!;
        this.#otherSite[w] = this.#readSite[w]!;
      }
      this.#reader[w] = index;
      this.#read[w] = cycle;
      this.#readSite[w] = site;
    }
  }

  #disorder(w: number, site: number, other: number, how: string, cycles: number): void {
    const name = (s: number) => `${SITES[s]!.fn}: ${SITES[s]!.what}`;
    this.disorders.push({ addr: 4 * w, at: name(site), behind: name(other), how, cycles });
  }
}

function cycleOf(core: Core, dep: Ready): Cycle {
  const { resumeCycle } = core;
  Pipeline.prototype.behind.call(core, dep);
  const cycle = core.resumeCycle;
  core.resumeCycle = resumeCycle;
  return cycle;
}
