import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/model/engine.ts';
import { ModelBug } from '../../src/model/errors.ts';

test('runTo stops before its limit, stands at it, and keeps the horizon', () => {
  const seen: number[] = [];
  const engine = new Engine((kind, _a, _b, cycle) => seen.push(kind * 1000 + cycle));
  engine.schedule(10, 0, 1);
  engine.schedule(20, 0, 2);
  engine.schedule(20, 0, 3);
  engine.runTo(20);
  assert.deepEqual(seen, [1010]);
  assert.equal(engine.now, 20);
  assert.equal(engine.horizon.cycle, 20);
  engine.runTo(Number.POSITIVE_INFINITY);
  assert.deepEqual(seen, [1010, 2020, 3020]);
  assert.equal(engine.horizon.cycle, Number.POSITIVE_INFINITY);
});

test('an event scheduled while one is handled lowers the horizon at once', () => {
  const horizons: number[] = [];
  const engine = new Engine((kind) => {
    if (kind !== 1) return;
    horizons.push(engine.horizon.cycle);
    engine.schedule(engine.now + 3, 0, 2);
    horizons.push(engine.horizon.cycle);
  });
  engine.schedule(5, 0, 1);
  engine.schedule(50, 0, 2);
  engine.step();
  assert.deepEqual(horizons, [50, 8]);
});

test('time never runs backwards and never gets a fraction', () => {
  const engine = new Engine(() => {});
  engine.schedule(5, 0, 1);
  engine.runTo(6);
  assert.throws(() => engine.schedule(5, 0, 1), ModelBug);
  assert.throws(() => engine.schedule(7.5, 0, 1), ModelBug);
  assert.throws(() => engine.schedule(Number.NaN, 0, 1), ModelBug);
});
