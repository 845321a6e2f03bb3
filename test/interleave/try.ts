import { explore, Grain } from './explore.ts';
import { CONSUMERS, PLANS } from './scenarios.ts';
const [plans, consumers, grain, merges] = process.argv.slice(2);
for (const plan of PLANS.filter((p) => new RegExp(`^(${plans})$`).test(p.name)))
  for (const c of CONSUMERS.filter((c) => new RegExp(`^(${consumers})$`).test(c.name))) {
    const ofAbi = plan.abi === undefined || plan.abi === c.abi || process.env.ANY;
    if (!ofAbi || !plan.tasks.every(({ does }) => c.tasks.includes(does))) continue;
    const t = process.cpuUsage().user;
    try {
    const e = explore(c, plan, grain === 'y' ? Grain.yields : Grain.access, Number(merges ?? 2));
    console.log(plan.name, '|', c.name, '|', e.orders.toString(), '| states', e.states, '| depth', e.depth, '| words', e.words, '| outcomes', e.outcomes.size, '| runs', e.runs, '| ms', (process.cpuUsage().user - t) / 1e3|0, '| MB', (process.memoryUsage().rss/1e6)|0,'|', [...e.findings.keys()].join('; '));
    } catch (x) { console.log(plan.name, c.name, (x as Error).message, (x as Error).stack); }
  }
