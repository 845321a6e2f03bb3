/**
 * The import table: which folder of src may import which. A folder is a room of the house and the data walks
 * through it in one direction: trace -> lab -> (intr, xen, x86, model) -> report.
 */
const ROOMS = ['model', 'x86', 'xen', 'intr', 'trace', 'lab', 'report', 'cli'];

/** What each room may import besides itself; rooms in `types` give it types only. */
const MAY = {
  model: { code: [], types: [] },
  x86: { code: ['model'], types: [] },
  xen: { code: ['model', 'x86'], types: [] },
  intr: { code: ['model', 'x86'], types: [] },
  trace: { code: ['model'], types: [] },
  lab: { code: ['model', 'x86', 'xen', 'intr', 'trace'], types: [] },
  report: { code: ['model'], types: ['lab', 'trace'] },
  cli: { code: ['model', 'trace', 'lab', 'report'], types: ['x86', 'xen', 'intr'] },
};

/** The files of src/xen that the guest's code may see. */
const ABI = '^src/xen/abi(-fifo)?\\.ts$';

const roomRules = ROOMS.flatMap((room) => {
  const { code, types } = MAY[room];
  const never = ROOMS.filter((other) => other !== room && !code.includes(other) && !types.includes(other));
  const from = { path: `^src/${room}/` };
  const rules = [];
  if (never.length > 0) {
    rules.push({
      name: `${room}-imports`,
      severity: 'error',
      from,
      to: { path: `^src/(${never.join('|')})/`, ...(room === 'intr' ? { pathNot: ABI } : {}) },
    });
  }
  if (types.length > 0) {
    rules.push({
      name: `${room}-types-only`,
      severity: 'error',
      from,
      to: { path: `^src/(${types.join('|')})/`, dependencyTypesNot: ['type-only'] },
    });
  }
  return rules;
});

/** Packages that only one place may import. */
const packageRules = [
  ['yargs', '^src/cli/'],
  ['csv-stringify', '^src/(report/csv|trace/csv-form)\\.ts$'],
  ['simple-statistics', '^(src/model/summary\\.ts$|bench/)'],
  ['xz-decompress', '^src/trace/decompressed\\.ts$'],
  ['fflate', '^src/trace/(text-encoder|binary/block)\\.ts$'],
  ['benchmark', '^bench/harness\\.ts$'],
].map(([name, where]) => ({
  name: `${name}-in-one-place`,
  severity: 'error',
  from: { pathNot: where },
  to: { path: `node_modules/(@types/)?${name}/` },
}));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'src-needs-no-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.d\\.ts$' }, to: {} },
    ...roomRules,
    ...packageRules,
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^build/' },
  },
};
