/**
 * `npm run scale [SENDS...]`: how time and memory grow with the number of sends, on the largest guest: 64 vCPUs, 4,000
 * ports, 16 senders. One line for each number of sends; 100000 and 200000 where none is given.
 *
 * Each run is a process of its own, so that its peak is its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFile } from '../src/lab/run-file.ts';
import { DEFAULT_NAMES, scenarioOf } from '../src/lab/scenario.ts';
import { numberOf } from '../src/lab/tables.ts';
import { alignedLines } from '../src/report/text.ts';
import { synthHeader, synthRows } from '../src/trace/synth/synth.ts';
import { writeTrace } from '../src/trace/writer.ts';

const VCPUS = 64;
const PORTS = 4000;
const SEED = 1;
const MEAN_GAP_NANOS = 20_000;
const STANDARD = ['100000', '200000'];
/** Marks the process that runs. */
const RUN = '--run';

/** What a run says of itself. */
interface Measured {
  readonly setUpSeconds: number;
  readonly seconds: number;
  readonly peakMebibytes: number;
  readonly delivered: number;
  readonly uops: number;
}

async function replayOf(sends: number): Promise<[cpuSeconds: number, delivered: number, uops: number]> {
  const folder = mkdtempSync(join(tmpdir(), 'upcall-scale-'));
  try {
    const options = {
      kind: 'poisson',
      sends,
      vcpus: VCPUS,
      seed: SEED,
      ports: PORTS,
      meanGapNanos: MEAN_GAP_NANOS,
    };
    const path = join(folder, 'scale.trace');
    await writeTrace(path, synthHeader(options), synthRows(options));
    const before = process.cpuUsage();
    const { result } = await runFile(path, scenarioOf({ ...DEFAULT_NAMES, set: ['senders=16'] }));
    const { user, system } = process.cpuUsage(before);
    return [(user + system) / 1e6, numberOf(result, 'delivered')!, numberOf(result, 'uops')!];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(sends: number): Promise<Measured> {
  const [setUpSeconds] = await replayOf(1);
  const [all, delivered, uops] = await replayOf(sends);
  const peakMebibytes = process.resourceUsage().maxRSS / 1024;
  return { setUpSeconds, seconds: all - setUpSeconds, peakMebibytes, delivered, uops };
}

function line(sends: number, m: Measured): string[] {
  const micros = (1e6 * m.seconds) / sends;
  return [
    String(sends),
    m.setUpSeconds.toFixed(1),
    m.seconds.toFixed(1),
    micros.toFixed(1),
    m.peakMebibytes.toFixed(0),
    String(m.delivered),
    String(m.uops),
  ];
}

const given = process.argv.slice(2);
if (given[0] === RUN) process.stdout.write(JSON.stringify(await measure(Number(given[1]))));
else {
  const counts = given.length === 0 ? STANDARD : given;
  const wrong = counts.find((n) => !/^[1-9]\d{0,8}$/.test(n));
  if (wrong !== undefined) {
    process.stderr.write(`scale: expected numbers of sends, 1 to 999999999, found "${wrong}"\n`);
    process.exitCode = 2;
  } else {
    const header = ['sends', 'set-up s', 'run s', 'us a send', 'peak MiB', 'delivered', 'uops'];
    const rows = counts.map((n) => {
      const text = execFileSync(process.execPath, [fileURLToPath(import.meta.url), RUN, n], {
        encoding: 'utf8',
      });
      return line(Number(n), JSON.parse(text));
    });
    process.stdout.write(
      alignedLines(
        [header, ...rows],
        header.map(() => true),
      ),
    );
  }
}
