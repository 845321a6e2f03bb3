/**
 * `npm run bench [NAME]`: times the pieces, prints medians, writes every raw sample to reports/out/host.csv.
 * Without a name, or as `xentrace`, it also reads a recording of 1 GiB, beside xenalyze.
 */
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { summarise } from '../src/model/summary.ts';
import { integer, ratio, type Table, text } from '../src/model/table.ts';
import { formatCsv } from '../src/report/csv.ts';
import { writeFiles } from '../src/report/files.ts';
import { alignedLines } from '../src/report/text.ts';
import { measure, type Sample } from './harness.ts';
import { pieces } from './pieces.ts';
import { benchXentrace } from './xentrace.ts';

const OUT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'reports', 'out');

/** Host facts stand here and nowhere else: no modelled result contains any. */
function hostTable(samples: readonly Sample[]): Table {
  const schema = 'upcall.host/1.0';
  const host = cpus()[0]?.model ?? 'unknown';
  return {
    schema,
    columns: [
      text('schema', 'name and version of this table'),
      text('piece', 'what was timed'),
      integer('round', '', 'neutral', 'round of nine, interleaved'),
      text('unit', 'unit of work'),
      integer('operations', 'operations', 'neutral', 'operations in the round'),
      ratio('units_per_operation', 'see unit', 'neutral', 'units of work an operation', 2),
      integer('cpu_microseconds', 'us', 'neutral', 'CPU time of the round'),
      ratio('units_per_s', 'see unit', 'higher', 'units of work a CPU second', 0),
      ratio(
        'units_per_calibration',
        'see unit',
        'higher',
        'units of work in the time of one calibration loop',
        1,
      ),
      text('node', 'version of Node.js'),
      text('cpu', 'processor of the host'),
    ],
    keys: 3,
    rows: samples.map((s) => [
      schema,
      s.piece,
      s.round,
      s.unit,
      s.operations,
      s.unitsPerOperation,
      s.cpuMicroseconds,
      s.unitsPerSecond,
      s.ratioToCalibration,
      process.version,
      host,
    ]),
  };
}

const wanted = process.argv[2];
const chosen = pieces().filter((p) => wanted === undefined || p.name.includes(wanted));
const large = wanted === undefined || wanted === 'xentrace';
if (chosen.length === 0 && !large) {
  const names = [...pieces().map((p) => p.name), 'xentrace'];
  process.stderr.write(`bench: nothing is called "${wanted}"; there are: ${names.join('; ')}\n`);
  process.exitCode = 2;
}
if (chosen.length > 0) {
  const samples = measure(chosen, (line) => process.stderr.write(`${line}\n`));
  const names = [...new Set(samples.map((s) => s.piece))];
  const rows = names.map((name) => {
    const of = samples.filter((s) => s.piece === name);
    const speed = summarise(of.map((s) => s.unitsPerSecond / 1e6));
    const share = summarise(of.map((s) => s.ratioToCalibration));
    const spread = `${(100 * speed.relativeDeviation).toFixed(1)} %`;
    return [name, `${speed.median.toFixed(2)} M ${of[0]!.unit}/s`, spread, share.median.toFixed(0)];
  });
  const header = ['piece', 'median of nine rounds', 'deviation', 'per calibration loop'];
  process.stdout.write(alignedLines([header, ...rows], [false, true, true, true]));
  writeFiles(OUT, [['host.csv', formatCsv(hostTable(samples))]]);
}
if (large) process.stdout.write(benchXentrace((line) => process.stderr.write(`${line}\n`)));
