/** Larger random cases in random orders, against the ledger. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CODE_C } from '../../src/intr/freebsd-code.ts';
import { GENERATIONS } from '../../src/intr/generations.ts';
import type { FreeBsdGeneration } from '../../src/intr/os.ts';
import { NOW } from '../../src/x86/core.ts';
import { VCPU_INFO } from '../../src/xen/abi.ts';
import { freeBsdWith } from './guests.ts';
import { MOST_SENDERS, MOST_VCPUS, type RaceCase, RandomRace } from './random-race.ts';

const place = fc.nat(31);

/** Ports anywhere, or all in the first words, where they meet. */
const port = fc.oneof(fc.integer({ min: 1, max: 4095 }), fc.integer({ min: 1, max: 130 }));

const race: fc.Arbitrary<RaceCase> = fc.record({
  vcpus: fc.integer({ min: 1, max: MOST_VCPUS }),
  ports: fc.uniqueArray(
    fc.record({
      port,
      vcpu: fc.nat(MOST_VCPUS - 1),
      masked: fc.boolean(),
      pending: fc.boolean(),
    }),
    { minLength: 1, maxLength: 24, selector: (p) => p.port },
  ),
  senders: fc.array(fc.array(place, { maxLength: 16 }), { minLength: 2, maxLength: MOST_SENDERS }),
  unmasks: fc.array(place, { maxLength: 12 }),
  closes: fc.array(place, { maxLength: 3 }),
  seed: fc.nat(1_000_000),
});

// Linux clears the pending bit some turns before its handler starts; the ledger has one step for both.
for (const generation of GENERATIONS.filter(({ name }) => name.startsWith('freebsd'))) {
  test(`${generation.name}: 400 random systems do what the ledger says`, () => {
    const system = new RandomRace(generation);
    const seen = { served: 0, stale: 0, coalesced: 0, cancelled: 0, dropped: 0, pending: 0 };
    fc.assert(
      fc.property(race, (any) => {
        // An unmask of the FIFO ABI may raise an event again, which the ledger's cannot.
        const c = generation.abi === 'fifo' ? { ...any, unmasks: [] } : any;
        const { model, ledger, served, stale } = system.run(c);
        assert.deepEqual(model, ledger);
        seen.served += served;
        seen.stale += stale;
        seen.coalesced += ledger.coalesced;
        seen.cancelled += ledger.cancelled;
        seen.dropped += ledger.dropped;
        seen.pending += ledger.pending.length;
      }),
      { seed: 11, numRuns: 400 },
    );
    // Every kind of end was reached, so none was agreed upon for want of a case.
    for (const [what, n] of Object.entries(seen)) assert.ok(n > 0, `${what}: never`);
  });
}

test('the ledger notices a scan that drops a selector bit', () => {
  const forgetful: FreeBsdGeneration = {
    ...CODE_C,
    *upcall(os, cpu, fromUser) {
      const { core, id } = cpu;
      if (core.behind(NOW)) yield;
      core.lockBitReset(os.pages.vcpuInfo[id]! + VCPU_INFO.pendingSel, 1, NOW);
      yield* CODE_C.upcall(os, cpu, fromUser);
    },
  };
  const system = new RandomRace(freeBsdWith('forgetful', forgetful));
  const one = { vcpus: 1, senders: [[0], []], unmasks: [], closes: [], seed: 1 };
  const bound = { vcpu: 0, masked: false, pending: false };
  assert.throws(() => system.run({ ...one, ports: [{ ...bound, port: 65 }] }), /port 65: lost wake-up/);
  assert.equal(system.run({ ...one, ports: [{ ...bound, port: 5 }] }).served, 1);
});
