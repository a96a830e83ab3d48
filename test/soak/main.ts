import { parseArgs } from 'node:util';
import { soak } from './soak-run.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error('usage: npm run soak -- [--minutes N] [--seed S]');
  process.exit(2);
}
const { honest, gateway, trouble, problems } = await soak(minutes, values.seed);
const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
for (const [name, times] of trouble) console.log(`${String(times).padStart(7)}  ${name}`);
console.log(
  `well-behaved clients: ${honest.answered} answers, ${honest.failed} failed, p99 ${honest.p99Ms.toFixed(0)} ms`,
);
console.log(`memory in the third and last quarter: ${gateway.rssBytes.map(mb).join(', ')}`);
console.log(`handles in the third and last quarter: ${gateway.handles.join(', ')}`);
for (const problem of problems) console.log(`FAIL ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
