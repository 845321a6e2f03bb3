/**
 * What `upcall trace info` and `head` say of pieces of recordings, beside what xenalyze and a second reader said of the same:
 * four pCPUs in rounds, PV and PVH guests, lost records. test/recordings/README.md says how the files were made.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkRecording } from '../support/check-recordings.ts';
import { ROOT } from '../support/root.ts';

const FOLDER = join(ROOT, 'test/recordings');

/** Pieces, with how many counts, figures of the summary and parts of the dump are compared at least. */
const PIECES: ReadonlyArray<readonly [name: string, counts: number, figures: number, dump: number]> = [
  ['a4-fifo.ipi.cut', 30, 150, 200],
  ['l-pvh.domu-ipi.lost.cut', 30, 120, 180],
  ['l-pvh.domu-net.cut', 40, 150, 200],
];

for (const [name, ...least] of PIECES) {
  test(`${name}: counts, summary and dump as xenalyze's`, () => {
    const all = checkRecording(FOLDER, name, join(FOLDER, `${name}.xentrace.gz`));
    for (const [i, { compared, differences }] of all.entries()) {
      assert.deepEqual(differences, []);
      assert.ok(compared >= least[i]!, `${compared} compared, at least ${least[i]} expected`);
    }
  });
}
