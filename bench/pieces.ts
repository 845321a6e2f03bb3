/** What is timed: the core alone, the pending scan, a bind, the event queue, a whole replay. */
import { HandlerKind, runAlone } from '../src/intr/os.ts';
import { BenchGuest } from '../src/lab/bench-guest.ts';
import { plainCase, ScanBench } from '../src/lab/scan.ts';
import { DEFAULT_NAMES, scenarioOf } from '../src/lab/scenario.ts';
import { EventQueue } from '../src/model/event-queue.ts';
import { RandomStream } from '../src/model/random.ts';
import { NOW } from '../src/x86/core.ts';
import { SourceFile } from '../src/x86/sites.ts';
import { ChannelKind } from '../src/xen/abi.ts';
import type { Piece } from './harness.ts';

const LOOP = new SourceFile('bench/pieces.c').fn('mixed').site('one round', 12);

/** A mix of micro-ops on one core: loads, stores, arithmetic, branches and one locked operation in thirty. */
function coreMix(): Piece {
  const { guest } = new BenchGuest(scenarioOf(DEFAULT_NAMES));
  const { core } = guest.cpus[0]!;
  const data = guest.memory.place('bench data', 1 << 16, 4096);
  let i = 0;
  return {
    name: 'core: mixed micro-ops',
    unit: 'uops',
    run: () => {
      const before = core.uopCount;
      core.begin(core.now);
      for (let n = 0; n < 200; n++) {
        core.at(LOOP);
        i = (i + 97) & 0xffff;
        const at = data + (i & 0xfff8);
        const t = core.load64(at, NOW);
        const u = core.alu(core.alu(t));
        core.store64(at, n, 0, u);
        core.free(4);
        if (core.branch((n & 7) === 0, u)) core.lockAdd32(data, 1, u);
      }
      return core.uopCount - before;
    },
  };
}

/** One call of the scan over 96 random ports of 4,096. */
function scan(guest: string): Piece {
  const bench = new ScanBench(scenarioOf({ ...DEFAULT_NAMES, guest }));
  const random = new RandomStream(1, 'ports');
  const ports = new Set<number>();
  while (ports.size < 96) ports.add(1 + random.below(4095));
  const state = plainCase([...ports], 63, 63);
  return { name: `scan: 96 ports, ${guest}`, unit: 'uops', run: () => bench.run(state, false).uops };
}

/** A bind and an unbind among 200 ports, with the linear search. */
function bind(): Piece {
  const { guest } = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, guest: 'freebsd-a', strategy: 'linear' }));
  const { os, cpus } = guest.freeBsd;
  const cpu = cpus[0]!;
  const one = () => runAlone(os.generation.bind(os, cpu, ChannelKind.unbound, HandlerKind.filter, 0));
  for (let i = 0; i < 200; i++) one();
  return {
    name: 'bind and unbind among 200 ports',
    unit: 'uops',
    run: () => {
      const before = cpu.core.uopCount;
      cpu.core.begin(cpu.core.now);
      const port = one();
      runAlone(os.generation.unbind(os, cpu, port));
      return cpu.core.uopCount - before;
    },
  };
}

/** Hold operations (one out, one in) on a queue of 256 events. */
function queue(): Piece {
  const events = new EventQueue();
  const random = new RandomStream(1, 'queue');
  for (let i = 0; i < 256; i++) events.push(random.below(1000), 0, 0, i, 0);
  return {
    name: 'event queue: hold at 256',
    unit: 'operations',
    run: () => {
      for (let n = 0; n < 1000; n++) {
        const cycle = events.cycle;
        const a = events.a;
        events.pop();
        events.push(cycle + 1 + ((a * 7919) & 1023), 0, 0, a, 0);
      }
      return 1000;
    },
  };
}

/** Every piece. */
export function pieces(): Piece[] {
  return [coreMix(), scan('freebsd-a'), scan('freebsd-c'), bind(), queue()];
}
