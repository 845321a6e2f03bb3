/**
 * Independent jobs on several threads. What comes out is in the order of the jobs, whoever did them and whenever:
 * the same for any number of workers.
 */
import { Worker } from 'node:worker_threads';

/** What a worker is told, and what it answers. */
export interface Assignment<Job> {
  readonly index: number;
  readonly job: Job;
}
/** The answer to an assignment. */
export interface Done<Result> {
  readonly index: number;
  readonly result: Result;
}

/**
 * Does every job and returns their results in the order of the jobs. The first failure of a worker ends all.
 *
 * @param entry module of a worker: it answers each `Assignment` it is sent with a `Done`
 * @param workers how many threads at most, 1 or more
 * @param onDone told of each job when it is done
 */
export async function inWorkers<Job, Result>(
  entry: URL,
  jobs: readonly Job[],
  workers: number,
  onDone: (job: Job) => void = () => {},
): Promise<Result[]> {
  const results: Result[] = new Array(jobs.length);
  const threads: Worker[] = [];
  let next = 0;
  const serve = (thread: Worker) =>
    new Promise<void>((resolve, reject) => {
      const assign = () => {
        if (next === jobs.length) return resolve();
        const index = next++;
        thread.postMessage({ index, job: jobs[index]! } satisfies Assignment<Job>);
      };
      thread.on('error', reject);
      thread.on('message', ({ index, result }: Done<Result>) => {
        results[index] = result;
        onDone(jobs[index]!);
        assign();
      });
      assign();
    });
  try {
    for (let i = 0; i < Math.min(workers, jobs.length); i++) threads.push(new Worker(entry));
    await Promise.all(threads.map(serve));
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  return results;
}
