/**
 * Host speed of pieces of the model. The only import of the package `benchmark`.
 *
 * Each piece runs in nine rounds interleaved with a calibration loop, so that a ratio to the calibration says
 * something on a shared machine where absolute figures move by a quarter. Times are CPU times. The package's
 * own traps are avoided: no setup or teardown functions (it recompiles them and loses their closures), errors
 * are rethrown (it swallows them), nothing is asynchronous.
 */
import Benchmark from 'benchmark';

/** A piece to time: `run` does one operation and returns how many units of work it did. */
export interface Piece {
  readonly name: string;
  readonly unit: string;
  readonly run: () => number;
}

/** One raw sample. */
export interface Sample {
  readonly piece: string;
  readonly unit: string;
  readonly round: number;
  readonly operations: number;
  readonly unitsPerOperation: number;
  readonly cpuMicroseconds: number;
  readonly unitsPerSecond: number;
  /** Units of work in the time of one calibration loop of the same round. */
  readonly ratioToCalibration: number;
}

const ROUNDS = 9;
/** Seconds of one piece in one round. */
const SECONDS = 0.4;

/** Fixed work that no change of the model touches: a dependent chain of integer multiplications. */
function calibration(): number {
  let x = 1;
  for (let i = 0; i < 100_000; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
  return x === 0 ? 0 : 1;
}

/** Runs the pieces and returns every raw sample, calibration included. */
export function measure(pieces: readonly Piece[], report: (line: string) => void): Sample[] {
  const samples: Sample[] = [];
  const all: Piece[] = [{ name: 'calibration', unit: 'loops', run: calibration }, ...pieces];
  for (let round = 0; round < ROUNDS; round++) {
    let base = 1;
    for (const piece of all) {
      const sample = once(piece, round, base);
      if (piece.name === 'calibration') base = sample.unitsPerSecond;
      samples.push(piece.name === 'calibration' ? { ...sample, ratioToCalibration: 1 } : sample);
    }
    report(`round ${round + 1} of ${ROUNDS}`);
  }
  return samples;
}

function once(piece: Piece, round: number, base: number): Sample {
  let operations = 0;
  let units = 0;
  let failure: unknown;
  const before = process.cpuUsage();
  const benchmark = new Benchmark(
    piece.name,
    () => {
      operations++;
      units += piece.run();
    },
    {
      maxTime: SECONDS,
      minSamples: 5,
      onError: (event: { target: { error: unknown } }) => {
        failure = event.target.error;
      },
    },
  );
  benchmark.run({ async: false });
  const used = process.cpuUsage(before);
  if (failure !== undefined) throw failure;
  const cpuMicroseconds = used.user + used.system;
  const unitsPerSecond = (units * 1e6) / cpuMicroseconds;
  return {
    piece: piece.name,
    unit: piece.unit,
    round,
    operations,
    unitsPerOperation: units / operations,
    cpuMicroseconds,
    unitsPerSecond,
    ratioToCalibration: unitsPerSecond / base,
  };
}
