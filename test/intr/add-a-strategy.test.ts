/** The worked example of docs/add-a-strategy.md: it is the file that is compiled here, and it keeps the contract. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ORDERS, STRATEGIES } from '../../src/intr/alloc/strategies.ts';
import { holdTo } from '../contract/contract.ts';
import { SlistBareAllocator } from '../contract/example-strategy.ts';
import { ROOT } from '../support/root.ts';

const PAGE = readFileSync(join(ROOT, 'docs/add-a-strategy.md'), 'utf8');
const [EXAMPLE, LINE] = [...PAGE.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((m) => m[1]!);

test('the example of the page is the file that is compiled, with the imports of its place', () => {
  const file = readFileSync(join(ROOT, 'test/contract/example-strategy.ts'), 'utf8');
  const moved = file
    .replaceAll("'../../src/intr/alloc/", "'./")
    .replaceAll("'../../src/intr/", "'../")
    .replaceAll("'../../src/", "'../../");
  assert.equal(EXAMPLE, moved);
});

test('it keeps the contract on every guest with isrcs', () => {
  const [, name, what, order] =
    /listed\('([\w-]+)', "(.*)", '(.*)', \(t\) => new SlistBareAllocator\(t\)\),/.exec(LINE!)!;
  const known = ORDERS.find((o) => o === order);
  assert.ok(known !== undefined);
  const strategy = {
    name: name!,
    what: what!,
    order: known,
    make: (t: ConstructorParameters<typeof SlistBareAllocator>[0]) => new SlistBareAllocator(t),
  };
  for (const guest of ['freebsd-a', 'freebsd-c', 'freebsd-fifo']) {
    holdTo(strategy, guest, 50_000, 3);
    holdTo(strategy, guest, 500, 3, true);
  }
});

test('the page fits a page, and the table has a line for each strategy', () => {
  assert.ok(PAGE.split('\n').length <= 100);
  const table = readFileSync(join(ROOT, 'src/intr/alloc/strategies.ts'), 'utf8');
  for (const { name } of STRATEGIES)
    assert.equal(table.split('\n').filter((l) => l.startsWith(`  listed('${name}', `)).length, 1, name);
});
