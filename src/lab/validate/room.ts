/**
 * A core alone in a room with the memory of one measured case: stack, scalars, a per-CPU area. The measured
 * kernels run here and not in a guest, because they are this project's own C and no part of one.
 */
import type { Addr } from '../../model/units.ts';
import { Uncore } from '../../x86/coherence.ts';
import { Core } from '../../x86/core.ts';
import type { Machine } from '../../x86/machine.ts';
import { LINE_BYTES, Memory, PAGE_BYTES } from '../../x86/memory.ts';
import { PERCPU, THREAD } from './layout.ts';

const MEMORY_MIB = 16;
const STACK_BYTES = 4 * PAGE_BYTES;

/** Global variables of the measured program; all of them stay warm in every state. */
export interface Scalars {
  readonly table: Addr;
  readonly tableCount: Addr;
  readonly first: Addr;
  readonly count: Addr;
  readonly rotor: Addr;
  readonly sharedPage: Addr;
}

/** Memory, caches and a core of a machine, with nobody else. */
export class Room {
  readonly memory: Memory;
  readonly uncore: Uncore;
  readonly core: Core;
  readonly scalars: Scalars;
  readonly percpu: Addr;
  readonly thread: Addr;

  /**
   * @param mebibytes size of the memory
   * @param pageBits size of its pages for the TLBs: 4 KiB unless given, as the host backs the measured guest
   */
  constructor(machine: Machine, mebibytes = MEMORY_MIB, pageBits = 12) {
    const memory = new Memory(mebibytes, pageBits);
    this.memory = memory;
    this.uncore = new Uncore(machine, memory);
    this.core = new Core(machine, memory, this.uncore, { cycle: Number.POSITIVE_INFINITY });
    this.core.sp = memory.place('stack', STACK_BYTES, PAGE_BYTES) + STACK_BYTES - LINE_BYTES;
    const base = memory.place('scalars', LINE_BYTES, LINE_BYTES);
    this.scalars = {
      table: base,
      tableCount: base + 8,
      first: base + 16,
      count: base + 20,
      rotor: base + 24,
      sharedPage: base + 32,
    };
    this.percpu = memory.place('struct percpu', PERCPU.bytes, PAGE_BYTES);
    this.thread = memory.place('struct thread', THREAD.bytes, LINE_BYTES);
    memory.poke64(this.percpu + PERCPU.thread, this.thread);
  }
}
