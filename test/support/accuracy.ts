/** Writes docs/accuracy.md: `npm run accuracy`. */
import { writeFileSync } from 'node:fs';
import { makeAccuracyPage, PAGE } from './accuracy-page.ts';

writeFileSync(PAGE, await makeAccuracyPage());
