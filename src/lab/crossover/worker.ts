/** A thread that measures machines and guests, one after the other. */
import { parentPort } from 'node:worker_threads';
import type { Assignment, Done } from '../in-workers.ts';
import { type CrossoverRows, crossover } from './job.ts';
import type { CrossoverSpec } from './spec.ts';

parentPort!.on('message', ({ index, job }: Assignment<CrossoverSpec>) => {
  parentPort!.postMessage({ index, result: crossover(job) } satisfies Done<CrossoverRows>);
});
