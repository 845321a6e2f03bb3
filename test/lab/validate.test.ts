/**
 * Measurements against the model: the reader's errors, the status of a row, one row out for each row in, and
 * instruction counts against callgrind's. Cycles are not asserted here: how far they are off is the report's.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { upcallCase } from '../../src/lab/validate/cases/upcall.ts';
import { type Measurement, readMeasurements } from '../../src/lab/validate/measurements.ts';
import { Parameters } from '../../src/lab/validate/parameters.ts';
import { predict } from '../../src/lab/validate/predict.ts';
import { measure } from '../../src/lab/validate/protocol.ts';
import { statusOf, validate, validationTable } from '../../src/lab/validate/rows.ts';
import { formatCsv } from '../../src/report/csv.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
const { machine } = scenarioOf(DEFAULT_NAMES);
const DEV = join(ROOT, 'test/groundtruth/zen5-dev.csv');
const HEADER = 'kernel,param,state,layout,instructions,core_cycles_median,notes';
let serial = 0;

function read(...lines: string[]): Promise<Measurement[]> {
  return readMeasurements(fileIn(folder, `m${serial++}.csv`, `${lines.join('\n')}\n`));
}

function predicted(row: Measurement): { cycles: number; instructions: number } {
  const prediction = predict(row, machine);
  assert.ok('figure' in prediction, `${row.kernel} is modelled`);
  return prediction.figure;
}

test('a file that is no measurement is refused with file and line', async () => {
  const row = 'slist_pop,pool=8,warm,seq128,6,1.10,';
  await assert.rejects(read('kernel,param,state', row), /m\d+\.csv:1: found no column layout/);
  await assert.rejects(read(HEADER), /m\d+\.csv:2: found the end of the file/);
  await assert.rejects(
    read(HEADER, row, row.replace('1.10', 'fast')),
    /csv:3: found core_cycles_median "fast"/,
  );
  await assert.rejects(read(HEADER, row, '', row.replace('6', 'x')), /csv:4: found instructions "x"/);
  await assert.rejects(read(HEADER, 'slist_pop,pool=8'), /csv:2: found 2 fields, expected 7/);
  await assert.rejects(read(HEADER, `${row}runmed=3`), /csv:2: found runmed=3/);
  const [bad] = await read(HEADER, 'lscan_call,N=0;free=end,warm,seq128,,1,');
  assert.throws(() => predict(bad!, machine), /csv:2: found N=0, expected an integer 1\.\.4095/);
  const [state] = await read(HEADER, 'lscan_call,N=1;free=end,tepid,seq128,,1,');
  assert.throws(() => predict(state!, machine), /csv:2: found state "tepid"/);
});

test('numbers as a spreadsheet writes them are read', async () => {
  const [row] = await read(
    HEADER,
    'slist_pop,pool=8,warm,seq128,1.024,1.5e+04,batch=3;runmed=-0.5..1.354e+04',
  );
  assert.deepEqual([row!.instructions, row!.cycles, row!.runs], [1.024, 15000, [-0.5, 13540]]);
});

test('a row is unstable when its runs differ by more than 30 %', async () => {
  const line = (runs: string) => `slist_pop,pool=8,warm,seq128,6,1.10,a=1;${runs};b=2`;
  const rows = await read(
    HEADER,
    line('runmed=10..13'),
    line('runmed=10..13.1'),
    line('runmed=-1..1'),
    line(''),
  );
  assert.deepEqual(rows.map(statusOf), ['ok', 'unstable', 'unstable', 'ok']);
});

test('one row out for each row in, in the same order, twice the same', async () => {
  const lines = [
    'op_lfence,na,warm,na,1.19,11.34,',
    'malloc_free_pair,bytes=256,warm,na,141,21,',
    'slist_pop,pool=64,l2cold,shuf256,6,100,runmed=1..2',
    'hbmp_alloc,free=rand,dramcold,seq128,25,1000,',
    'nobody_knows,na,warm,na,,1,',
    'slist_pop,pool=64,l2cold,shuf256,6,0,',
  ];
  const once = async () => formatCsv(validationTable(validate(await read(HEADER, ...lines), machine)));
  const text = await once();
  assert.equal(await once(), text);
  const out = text.trimEnd().split('\n');
  assert.equal(
    out[0],
    'kernel,param,state,layout,status,measured_core_cycles,predicted_core_cycles,error_ratio,measured_instructions,predicted_instructions,reason',
  );
  assert.match(out[1]!, /^op_lfence,na,warm,na,ok,11\.34,1\d\.\d\d,-?0\.\d{4},1\.19,1\.19,$/);
  assert.equal(out[2], 'malloc_free_pair,bytes=256,warm,na,not_modelled,21.00,,,141.00,,operating system');
  assert.match(
    out[3]!,
    /^slist_pop,pool=64,l2cold,shuf256,unstable,100\.00,\d+\.\d\d,-?\d\.\d{4},6\.00,6\.00,$/,
  );
  assert.match(out[4]!, /^hbmp_alloc,free=rand,dramcold,seq128,ok,/);
  assert.match(out[5]!, /not_modelled,1\.00,,,,,unknown kernel$/);
  assert.match(out[6]!, /,ok,0\.00,\d+\.\d\d,,6\.00,6\.00,$/);
  assert.equal(out.length, 1 + lines.length);
});

test('instructions of every kernel of the ground truth are within 5 % of callgrind', async () => {
  const seen = new Set<string>();
  for (const row of await readMeasurements(DEV)) {
    const size = /N=(\d+)/.exec(row.param);
    // A random place's count is an average over the places that were drawn, and clang's scan has 22 instructions
    // a step where gcc's, which is modelled, has 19.
    const comparable = !row.param.includes('free=rand');
    const name = `${row.kernel} ${row.param}`;
    if (row.instructions === null || !comparable || Number(size?.[1] ?? 0) > 256 || seen.has(name)) continue;
    seen.add(name);
    if ('reason' in predict(row, machine)) continue;
    const { instructions } = predicted(row);
    assert.ok(
      Math.abs(instructions / row.instructions - 1) <= 0.05,
      `${name}: ${instructions} instructions, counted ${row.instructions}`,
    );
  }
});

test('every parameter, state and layout of the ground truth is accepted', async () => {
  const lists = ['slist_pop', 'slist_push', 'slist_pop_lk', 'slist_push_lk', 'fifo_pop', 'fifo_push'];
  const cases: Array<[kernel: string, param: string, layout: string]> = [
    ...lists.map((k): [string, string, string] => [k, 'pool=40', 'shuf256']),
    ...['slist_drain', 'slist_fill', 'lifo_cycle', 'fifo_cycle'].map((k): [string, string, string] => [
      k,
      'N=1',
      'seq256',
    ]),
    ...['word63', 'rand', 'none'].map((f): [string, string, string] => ['bmp_alloc', `free=${f}`, 'shuf128']),
    ['bmp_free', 'idx=4094', 'seq128'],
    ['rotor', 'N=5;dist=5', 'seq128'],
    ['rotor', 'N=5;free=none', 'shuf128'],
    ['upcall_bare_btr', 'ports=64;words=64;start=carry', 'seq'],
    ['upcall_lite_btr', 'ports=16;words=2;start=carry', 'shuf'],
    ['upcall_full_btr', 'ports=4;words=4;start=reset', 'shuf'],
    ['real_find_unused_clang', 'N=9;free=rand', 'shuf256'],
    ['real_release_push', 'pool=9', 'seq256'],
    ['real_upcall_old_clang', 'ports=16;words=2;start=carry', 'shuf'],
  ];
  const lines = cases.flatMap(([kernel, param, layout]) =>
    ['warm', 'l2cold', 'dramcold'].map((state) => `${kernel},${param},${state},${layout},,1,`),
  );
  const cycles = (await read(HEADER, ...lines)).map((row) => predicted(row).cycles);
  for (let i = 0; i < cycles.length; i += 3) {
    const [warm, l2cold, dramcold] = cycles.slice(i, i + 3) as [number, number, number];
    assert.ok(warm >= 0 && warm < l2cold && l2cold < dramcold, `${lines[i]}: ${warm} ${l2cold} ${dramcold}`);
  }
});

test('primitives are predicted, judged by nobody, and left out with a reason', async () => {
  const reasons: Array<[row: string, reason: string]> = [
    ['chase,KiB=131072,steady,4KiB pages,,1,', 'beyond the modelled memory'],
    [
      'mlp,KiB=8192;chains=4,steady,4KiB pages,,1,L3 is shared with strangers: only tsc_min shows it',
      'an L3 that strangers use',
    ],
    ['op_rdtsc,na,warm,na,,1,', 'clock'],
    ['clock_read_pair,x,steady,na,,1,', 'clock'],
    ['core_to_core,one way,contended,na,,1,', 'placement of the two cores unknown'],
    ['op_pause,na,warm,na,,1,', 'an instruction the model does not have'],
    ['chase,KiB=x,steady,4KiB pages,,1,', 'parameters of a primitive that are not known here'],
    ['op_xchg,first touch,tepid,4KiB pages,,1,', 'parameters of a primitive that are not known here'],
  ];
  const left = validate(await read(HEADER, ...reasons.map(([row]) => row)), machine);
  assert.deepEqual(
    left.map((r) => r.reason),
    reasons.map(([, reason]) => reason),
  );
  // Latencies and costs that are numbers of the machine come out as those numbers.
  const { n } = machine;
  const exact: Array<[row: string, cycles: number]> = [
    ['op_add_lat,na,warm,na', 1],
    ['op_bsf_lat,na,warm,na', n.bitScanCycles],
    ['op_imul_lat,na,warm,na', n.imulCycles],
    ['op_lock_add,same line,warm,2MiB pages', n.lockCycles],
    ['op_xchg,same line,warm,2MiB pages', n.lockCycles],
    ['op_call_direct,na,warm,na', n.callReturnCycles],
    ['chase,KiB=16,steady,4KiB pages', n.l1Cycles],
    ['chase,KiB=128,steady,4KiB pages', n.l2Cycles],
    ['chase_page,pages=256,steady,4KiB pages', n.l1Cycles + n.stlbCycles],
    ['mlp,KiB=16;chains=4,steady,2MiB pages', n.l1Cycles / 4],
  ];
  const rows = validate(await read(HEADER, ...exact.map(([row]) => `${row},,1,`)), machine);
  rows.forEach(({ cycles, judged, status }, i) => {
    const [row, expected] = exact[i]!;
    assert.ok(Math.abs(cycles! - expected) <= 0.05 * expected, `${row}: ${cycles}, expected ${expected}`);
    assert.deepEqual([judged, status], [false, 'ok']);
  });
});

test('every pending port is served once, whatever clears its bit', () => {
  const perPort = { bare: [31, 24], lite: [58, 52], full: [148, 142] } as const;
  const where = { file: 'test' };
  for (const kind of ['bare', 'lite', 'full'] as const) {
    for (const btr of [false, true]) {
      const count = (ports: number) => {
        const p = new Parameters(`ports=${ports};words=1;start=reset`, where);
        return measure(upcallCase(machine, p, { stride: 128, shuffled: true }, kind, btr), 'warm')
          .instructions;
      };
      assert.equal(count(16) - count(8), 8 * perPort[kind][btr ? 1 : 0], `${kind} ${btr}`);
    }
  }
});
