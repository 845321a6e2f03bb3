/** Laws of the pipeline: closed forms, each with one number of the machine changed, probed on both sides. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAUSE_COUNT } from '../../src/x86/cause.ts';
import { type Core, NOW } from '../../src/x86/core.ts';
import { benchOf, lawMachine, OTHER, SITE } from '../support/core.ts';

/** Extra cycles of `n` repetitions over `m` of them: start-up and drain cancel. */
function slope(
  bench: ReturnType<typeof benchOf>,
  code: (core: Core, n: number) => void,
  m: number,
  n: number,
) {
  const at = (count: number) => {
    bench.cycles((core) => code(core, count));
    return bench.cycles((core) => code(core, count));
  };
  return at(n) - at(m);
}

test('n dependent instructions take n cycles more', () => {
  const bench = benchOf(lawMachine());
  assert.equal(
    slope(bench, (core, n) => core.chain(NOW, n), 10, 60),
    50,
  );
});

test('independent instructions are bounded by the ports they can use', () => {
  for (const ports of [0b1, 0b11, 0b111, 0b11_1111]) {
    const bench = benchOf(lawMachine({ aluPorts: ports }));
    const width = ports.toString(2).length;
    assert.equal(
      slope(bench, (core, n) => core.free(n), 12, 12 + 48),
      48 / width,
      `${width} ports`,
    );
  }
});

test('dispatch, fetch and retire widths each bound the flow', () => {
  for (const name of ['dispatchWidth', 'fetchWidth', 'retireWidth'] as const) {
    const bench = benchOf(lawMachine({ [name]: 2, aluPorts: 0b1111_1111 }));
    assert.equal(
      slope(bench, (core, n) => core.free(n), 20, 60),
      20,
      name,
    );
  }
});

test('a chain of L1D hits costs the load-to-use latency each', () => {
  for (const l1Cycles of [4, 5]) {
    const bench = benchOf(lawMachine({ l1Cycles }));
    bench.memory.poke64(bench.data, bench.data);
    const chase = (core: Core, n: number) => {
      let t = NOW;
      for (let i = 0; i < n; i++) t = core.load64(core.lo === 0 ? bench.data : bench.data, t);
    };
    assert.equal(slope(bench, chase, 5, 25), 20 * l1Cycles);
  }
});

test('a reorder buffer of n lets n micro-ops past a miss, and the next one waits for it', () => {
  const rob = 64;
  const machine = lawMachine({ robEntries: rob, aluPorts: 0b1111_1111 });
  const missing = (fillers: number) => {
    const bench = benchOf(machine);
    return bench.cycles((core) => {
      core.load64(bench.data, NOW);
      core.free(fillers);
      core.load64(bench.data + 4096, NOW);
    }, false);
  };
  const { dramCycles } = machine;
  assert.ok(missing(rob - 2) < dramCycles + 10, 'the last entry: both misses overlap');
  assert.ok(missing(rob - 1) >= 2 * dramCycles, 'one more: the second miss starts when the first retires');
});

test('independent misses overlap up to the fill buffers', () => {
  const machine = lawMachine({ fillBuffers: 4, loadPorts: 0b1111_0000_0000 });
  const misses = (n: number) => {
    const bench = benchOf(machine);
    return bench.cycles((core) => {
      for (let i = 0; i < n; i++) core.load64(bench.data + 128 * i, NOW);
    }, false);
  };
  assert.equal(misses(4), misses(1));
  assert.equal(misses(5) - misses(4), machine.dramCycles);
  assert.equal(misses(9) - misses(5), machine.dramCycles);
});

test('the load queue and the store queue hold dispatch when they are full', () => {
  const machine = lawMachine({ loadQueueEntries: 8, aluPorts: 0b1111_1111 });
  const run = (loads: number) => {
    const bench = benchOf(machine);
    bench.core.begin(0);
    for (let i = 1; i <= 12; i++) bench.core.load64(bench.data + 64 * i, NOW);
    return bench.cycles((core) => {
      core.load64(bench.data, NOW);
      for (let i = 1; i <= loads; i++) core.load64(bench.data + 64 * i, NOW);
      core.alu(NOW);
    }, false);
  };
  assert.ok(run(7) <= machine.dramCycles + 8, 'seven hits fit beside the miss');
  assert.ok(run(8) > run(7), 'the ninth load waits for the first to retire');
});

test('forwarding: exact, contained and failing, by their own numbers', () => {
  const changes = { forwardExactCycles: 3, forwardWithinCycles: 9, forwardFailCycles: 21 };
  const machine = lawMachine(changes);
  const loop = (kind: 'exact' | 'within') => {
    const bench = benchOf(machine);
    return slope(
      bench,
      (core, n) => {
        let t = NOW;
        for (let i = 0; i < n; i++) {
          core.store64(bench.data, 1, 2, t);
          t = kind === 'exact' ? core.load64(bench.data, NOW) : core.load32(bench.data + 4, NOW);
        }
      },
      4,
      14,
    );
  };
  assert.equal(loop('exact'), 10 * 3);
  assert.equal(loop('within'), 10 * 9);
  const bench = benchOf(machine);
  const failing = bench.cycles((core) => {
    core.store32(bench.data, 1, NOW);
    core.load64(bench.data, NOW);
  });
  const plain = bench.cycles((core) => {
    core.store32(bench.data, 1, NOW);
    core.load64(bench.data + 64, NOW);
  });
  assert.ok(failing - plain >= 21 - machine.n.l1Cycles, `failing ${failing}, plain ${plain}`);
});

test('a plain read-modify-write chain takes the forwarding plus one', () => {
  for (const forwardExactCycles of [0, 4]) {
    const bench = benchOf(lawMachine({ forwardExactCycles }));
    const chain = (core: Core, n: number) => {
      for (let i = 0; i < n; i++) core.add64(bench.data, 1, NOW);
    };
    assert.equal(slope(bench, chain, 5, 25), 20 * (1 + forwardExactCycles));
  }
});

test('locked operations take their cycles one after another and hide independent work', () => {
  const bench = benchOf(lawMachine({ lockCycles: 20, lockUops: 1 }));
  const locks = (core: Core, n: number) => {
    for (let i = 0; i < n; i++) core.lockAdd32(bench.data, 1, NOW);
  };
  assert.equal(slope(bench, locks, 3, 13), 200);
  const withWork = (core: Core, n: number) => {
    for (let i = 0; i < n; i++) {
      core.lockAdd32(bench.data, 1, NOW);
      core.free(20);
    }
  };
  assert.equal(slope(bench, withWork, 3, 13), 200, 'twenty adds hide behind each');
});

test('a locked operation waits until older stores are in L1D', () => {
  const machine = lawMachine();
  const bench = benchOf(machine);
  bench.cycles((core) => core.lockAdd32(bench.data, 1, NOW));
  const alone = bench.cycles((core) => core.lockAdd32(bench.data, 1, NOW), false);
  const behind = bench.cycles((core) => {
    core.store64(bench.data + 8192, 0, 0, NOW);
    core.lockAdd32(bench.data, 1, NOW);
  }, false);
  assert.ok(behind - alone >= machine.dramCycles - 20, 'the store misses to memory first');
});

test('the line of a locked operation is fetched while it waits: a miss costs what exceeds the lock', () => {
  const machine = lawMachine({ lockCycles: 20, lockUops: 1, xchgUops: 1 });
  const bench = benchOf(machine);
  bench.cycles((core) => core.xchg64(bench.data, 0, 0, NOW));
  const hit = bench.cycles((core) => core.xchg64(bench.data, 0, 0, NOW), false);
  bench.core.caches.spillToL3(() => false);
  const l3 = bench.cycles((core) => core.xchg64(bench.data, 0, 0, NOW), false);
  // Ground truth: op_xchg first touch, l2cold: 25 more than warm, with an L3 of 46 to 50.
  assert.equal(l3 - hit, machine.n.l3Cycles - 20);
});

test('a wrong prediction costs its refill once', () => {
  const cost = (mispredictCycles: number) => {
    const bench = benchOf(lawMachine({ mispredictCycles }));
    for (let i = 0; i < 40; i++) {
      bench.core.begin(bench.core.now);
      bench.core.at(SITE);
      bench.core.branch(true, NOW);
    }
    return bench.cycles((core) => {
      core.branch(false, NOW);
      core.alu(NOW);
    }, false);
  };
  assert.equal(cost(30) - cost(20), 10);
});

test('a branch that always goes the same way is learned; an alternating one too', () => {
  for (const pattern of [(_i: number) => true, (i: number) => i % 2 === 0, (i: number) => i % 7 < 3]) {
    const bench = benchOf(lawMachine({ mispredictCycles: 50 }));
    let wrong = 0;
    for (let i = 0; i < 600; i++) {
      bench.core.begin(bench.core.now);
      bench.core.at(OTHER);
      bench.core.at(SITE);
      bench.core.mark();
      bench.core.branch(pattern(i), NOW);
      bench.core.alu(NOW);
      if (i >= 500 && bench.core.spent() > 40) wrong++;
    }
    assert.equal(wrong, 0);
  }
});

test('serialising instructions take their cycles and let nothing past', () => {
  const bench = benchOf(lawMachine({ lfenceCycles: 11, mfenceCycles: 77 }));
  assert.equal(
    slope(
      bench,
      (core, n) => {
        for (let i = 0; i < n; i++) core.lfence();
      },
      2,
      12,
    ),
    10 * 11,
  );
  assert.equal(
    slope(
      bench,
      (core, n) => {
        for (let i = 0; i < n; i++) core.mfence();
      },
      2,
      12,
    ),
    10 * 77,
  );
  const around = bench.cycles((core) => {
    const t = core.chain(NOW, 30);
    core.lfence();
    core.chain(t, 30);
  });
  assert.ok(around >= 30 + 11 + 30);
});

test('rep stos takes the measured cycles at the measured sizes', () => {
  const machine = lawMachine();
  const bench = benchOf(machine);
  const fill = (bytes: number) => {
    bench.cycles((core) => core.repStos(bench.data, bytes, NOW));
    return (
      bench.cycles((core) => core.repStos(bench.data, bytes, NOW)) - bench.cycles((core) => core.alu(NOW)) + 1
    );
  };
  assert.equal(fill(64), machine.n.repStos64Cycles);
  assert.equal(fill(256), machine.n.repStos256Cycles);
  assert.equal(fill(4096), machine.n.repStos4096Cycles);
});

test('every cycle is credited once, whatever the mix', () => {
  const bench = benchOf(lawMachine({ fetchWidth: 4, dispatchWidth: 3, retireWidth: 2 }));
  const { core } = bench;
  const before = core.credits.reduce((a, b) => a + b, 0);
  const spent = bench.cycles((c) => {
    let t = c.load64(bench.data + 4096, NOW);
    for (let i = 0; i < 50; i++) {
      t = c.alu(t);
      c.store64(bench.data + 8 * i, 1, 0, t);
      if (i % 7 === 0) c.lockAdd32(bench.data + 512, 1, t);
      c.branch(i % 3 === 0, t);
    }
    c.lump(100);
  }, false);
  const after = core.credits.reduce((a, b) => a + b, 0);
  assert.equal(after - before, spent);
  assert.equal(core.credits.length % CAUSE_COUNT, 0);
});

test('a new epoch changes no duration', () => {
  const bench = benchOf(lawMachine());
  const code = (core: Core) => {
    core.chain(core.load64(bench.data, NOW), 10);
    core.lockAdd32(bench.data + 64, 1, NOW);
  };
  bench.cycles(code);
  const before = bench.cycles(code);
  bench.core.begin(bench.core.now + 3_000_000_000);
  assert.equal(bench.cycles(code), before);
});
