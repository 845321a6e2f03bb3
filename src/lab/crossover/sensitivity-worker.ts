/** A thread that tries numbers at the ends of their ranges. */
import { parentPort } from 'node:worker_threads';
import type { Assignment, Done } from '../in-workers.ts';
import type { Answer } from './sensitivity.ts';
import { answerFlips, type SensitivityJob } from './sensitivity-run.ts';

parentPort!.on('message', ({ index, job }: Assignment<SensitivityJob>) => {
  parentPort!.postMessage({ index, result: answerFlips(job) } satisfies Done<Answer[][]>);
});
