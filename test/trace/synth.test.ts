import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../src/model/errors.ts';
import { synthHeader, synthRows } from '../../src/trace/synth.ts';
import { formatRow } from '../../src/trace/writer.ts';

const options = { kind: 'poisson', sends: 500, vcpus: 3, seed: 4, ports: 40, meanGapNanos: 9000 };

test('the same seed gives the same rows, another seed others', () => {
  const rows = (seed: number) => [...synthRows({ ...options, seed })].length;
  const text = (seed: number) => {
    const lines: string[] = [];
    for (const row of synthRows({ ...options, seed })) lines.push(formatRow(row));
    return lines.join('\n');
  };
  assert.equal(rows(4), 540);
  assert.equal(text(4), text(4));
  assert.notEqual(text(4), text(5));
});

test('ports are in range, time never runs back, the mean gap is a third of a vCPU each', () => {
  let time = 0;
  let sends = 0;
  for (const row of synthRows({ ...options, sends: 30_000 })) {
    assert.ok(row.time >= time && row.port >= 1 && row.port <= 40 && row.to < 3);
    time = row.time;
    if (row.kind === 4) sends++;
  }
  assert.equal(sends, 30_000);
  assert.ok(Math.abs(time / sends / 3000 - 1) < 0.03);
});

test('options out of range and unknown kinds are refused', () => {
  for (const wrong of [
    { kind: 'poison' },
    { sends: 0 },
    { vcpus: 65 },
    { ports: 4096 },
    { meanGapNanos: 0 },
  ]) {
    assert.throws(() => synthHeader({ ...options, ...wrong }), UserError);
  }
  assert.throws(() => synthHeader({ ...options, kind: 'poison' }), /did you mean poisson/);
});
