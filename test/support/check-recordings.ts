/**
 * Compares what `upcall trace info` and `head` say of raw recordings with the files beside them, made by xenalyze and by
 * another reader: `node build/test/support/check-recordings.js FOLDER`. One line a recording; exit code 1 on a
 * difference.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { upcall } from './cli.ts';
import { type Compared, compareCounts, compareDump, compareSummary } from './xenalyze.ts';

/** Compares one recording with NAME.counts.json, NAME.xenalyze-summary.txt and NAME.xenalyze-dump-head.txt. */
export function checkRecording(folder: string, name: string, file: string): Compared[] {
  const read = (suffix: string) => readFileSync(join(folder, `${name}.${suffix}`), 'utf8');
  const info = JSON.parse(upcall(['trace', 'info', file, '--format', 'json']).stdout);
  const head = upcall(['trace', 'head', file, '-n', '400']).stdout.trimEnd().split('\n');
  return [
    compareCounts(info, JSON.parse(read('counts.json')).xentrace),
    compareSummary(info, read('xenalyze-summary.txt')),
    compareDump(head, read('xenalyze-dump-head.txt')),
  ];
}

const folder = process.argv[2];
if (process.argv[1]?.endsWith('check-recordings.js')) {
  if (folder === undefined) {
    process.stderr.write('check-recordings: expected the folder of the raw recordings\n');
    process.exitCode = 2;
  } else {
    for (const file of readdirSync(folder).filter((f) => f.endsWith('.xentrace.xz'))) {
      const name = file.slice(0, -'.xentrace.xz'.length);
      const [counts, summary, dump] = checkRecording(folder, name, join(folder, file));
      const differences = [counts!, summary!, dump!].flatMap((c) => c.differences);
      const compared = `${counts!.compared} counts, ${summary!.compared} figures, ${dump!.compared} of the dump`;
      process.stdout.write(`${name}: ${compared}: ${differences.length} differences\n`);
      for (const line of differences.slice(0, 20)) process.stdout.write(`  ${line}\n`);
      if (differences.length > 0) process.exitCode = 1;
    }
  }
}
