import { parseArgs } from 'node:util';
import { runCaseFile } from './case-file.ts';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { tag: { type: 'string' } } });
const file = positionals[0];
if (file === undefined) {
  console.error('usage: npm run cases -- FILE [--tag TAG]');
  process.exitCode = 2;
} else {
  const { passed, failures } = runCaseFile(file, values.tag);
  for (const failure of failures) console.log(failure);
  console.log(`${passed} passed, ${failures.length} failed, 0 skipped`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
