/** Explores everything, the long scenarios too, and writes docs/interleavings.md: `npm run interleavings`. */
import { writeFileSync } from 'node:fs';
import { checkPair } from './expected.ts';
import { makePage, PAGE, row } from './page.ts';
import { PAIRS } from './scenarios.ts';

for (const pair of PAIRS) {
  process.stdout.write(`${pair.consumer.name}, ${pair.plan.name}\n`);
  checkPair(pair);
}
writeFileSync(PAGE, makePage(row));
