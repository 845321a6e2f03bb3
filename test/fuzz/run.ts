/**
 * A fuzzing run of one reader: `npm run fuzz -- --reader R --runs N --seed S`. The inputs are read one after the other in a worker
 * whose memory is bounded; this thread watches that it gets on. Ends with one line of JSON: outcomes, rate, longest time, peak memory.
 */
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { judge } from './judge.ts';
import { Mutator } from './mutations.ts';
import { TARGETS } from './targets.ts';

/** Heap of the worker, MB: what it needs for itself and a margin; no small input may need more. */
const HEAP_MB = 192;
/** Its young generation, MB: large enough that the collector does not take most of the time. */
const YOUNG_MB = 64;
/** Runs from which errors carry no stack, whose making costs more than the reading; a single input shows it. */
const MANY = 1000;
/** Inputs between two turns of the event loop. */
const TURN = 100;
/** Milliseconds after which an input that is still being read is taken to hang. */
const HANG_MS = 60_000;

interface Job {
  readonly reader: string;
  readonly runs: number;
  readonly seed: number;
  readonly from: number;
  readonly progress: SharedArrayBuffer;
}

if (isMainThread) await watch();
else await work(workerData as Job);

async function watch(): Promise<void> {
  const { values } = parseArgs({
    options: {
      reader: { type: 'string' },
      runs: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
    },
  });
  const names = TARGETS.map((t) => t.name);
  if (!names.includes(values.reader ?? '')) {
    process.stderr.write(`fuzz: expected --reader with one of: ${names.join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  const progress = new SharedArrayBuffer(8);
  const at = new BigInt64Array(progress);
  const job: Job = {
    reader: values.reader!,
    runs: Number(values.runs),
    seed: Number(values.seed),
    from: Number(values.from),
    progress,
  };
  const worker = new Worker(new URL(import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
  });
  let last = -1n;
  const watcher = setInterval(() => {
    const now = Atomics.load(at, 0);
    if (now === last) {
      process.stderr.write(`fuzz: ${job.reader}, seed ${job.seed}: input ${now} hangs\n`);
      process.exit(1);
    }
    last = now;
  }, HANG_MS);
  let told = false;
  worker.on('message', (text: string) => {
    told = true;
    process.stdout.write(`${text}\n`);
  });
  worker.on('error', (error) => {
    process.stderr.write(
      `fuzz: ${job.reader}, seed ${job.seed}, input ${Atomics.load(at, 0)}: ${String(error)}\n`,
    );
    process.exitCode = 1;
  });
  worker.on('exit', () => {
    clearInterval(watcher);
    if (told || process.exitCode === 1) return;
    // A promise that nothing can settle any more ends the worker without a word.
    process.stderr.write(`fuzz: ${job.reader}, seed ${job.seed}: input ${Atomics.load(at, 0)} never ends\n`);
    process.exitCode = 1;
  });
}

async function work(job: Job): Promise<void> {
  const target = TARGETS.find((t) => t.name === job.reader)!;
  const mutator = new Mutator(target, job.seed);
  const at = new BigInt64Array(job.progress);
  if (job.runs >= MANY) Error.stackTraceLimit = 0;
  const seen = { complete: 0, refused: 0 };
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let longest = 0;
  let bytes = 0;
  let heap = 0;
  let rss = 0;
  for (let i = job.from; i < job.from + job.runs; i++) {
    Atomics.store(at, 0, BigInt(i));
    const input = mutator.input(i);
    bytes += input.length;
    const started = performance.now();
    try {
      seen[await judge(input, target.read, i)]++;
    } catch (error) {
      parentPort!.postMessage(JSON.stringify({ input: i, bytes: input.toString('base64') }));
      throw error;
    }
    longest = Math.max(longest, performance.now() - started);
    // What zlib gives back is freed by the event loop, which inputs in memory never come to otherwise.
    if (i % TURN === 0) await setImmediate();
    if (i % 10_000 > 0) continue;
    const memory = process.memoryUsage();
    heap = Math.max(heap, memory.heapUsed);
    rss = Math.max(rss, memory.rss);
  }
  const seconds = (performance.now() - begin) / 1000;
  const used = process.cpuUsage(cpu);
  parentPort!.postMessage(
    JSON.stringify({
      reader: job.reader,
      seed: job.seed,
      runs: job.runs,
      ...seen,
      mean_bytes: Math.round(bytes / job.runs),
      seconds: Math.round(seconds),
      cpu_seconds: Math.round((used.user + used.system) / 1e6),
      per_second: Math.round(job.runs / seconds),
      longest_ms: Math.round(longest),
      peak_heap_mb: Math.round(heap / 1e6),
      peak_rss_mb: Math.round(rss / 1e6),
    }),
  );
}
