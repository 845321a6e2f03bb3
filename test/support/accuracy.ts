/** Writes docs/accuracy.md and docs/isca16.md: `npm run accuracy`. */
import { writeFileSync } from 'node:fs';
import { makeAccuracyPage, PAGE } from './accuracy-page.ts';
import { ISCA16_PAGE, makeIsca16Page } from './isca16-page.ts';

writeFileSync(PAGE, await makeAccuracyPage());
writeFileSync(ISCA16_PAGE, makeIsca16Page());
