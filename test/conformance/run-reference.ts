import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readCases, writeCases } from './reference-cases.ts';
import { type ReferenceFailure, runReference } from './reference-run.ts';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    only: { type: 'string', default: '' },
    'per-server': { type: 'string', default: '40' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'galley-reference-'));
try {
  const missing = writeCases(values.python, folder);
  if (missing === undefined) await run();
  else console.log(`nothing was compared. ${missing}\n--python names another interpreter`);
} finally {
  rmSync(folder, { recursive: true });
}

async function run(): Promise<void> {
  const { cases, outOfScope } = readCases(folder);
  const wanted = cases.filter(({ name }) => name.includes(values.only));
  const progress = (done: number) => console.error(`${done} of ${wanted.length}`);
  const failures = await runReference(wanted, folder, Number(values['per-server']), progress);
  // What Galley's onnxruntime cannot do, nothing before it can mend.
  const own = failures.filter(({ runtime }) => runtime === undefined);
  const runtimes = failures.filter(({ runtime }) => runtime !== undefined);
  for (const failure of own) console.log(`FAIL ${describe(failure)}`);
  for (const failure of runtimes) {
    console.log(`out of scope ${failure.name}: onnxruntime-node itself: ${failure.runtime?.slice(0, 200)}`);
  }
  for (const [reason, names] of grouped(outOfScope)) {
    console.log(
      `out of scope, ${reason}: ${names.length} (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`,
    );
  }
  console.log(
    `${cases.length + outOfScope.length} tests in the onnx package, ${outOfScope.length} out of scope in Python,`,
  );
  console.log(`${runtimes.length} that onnxruntime-node itself does not pass`);
  console.log(`${wanted.length - failures.length} passed, ${own.length} failed`);
  process.exitCode = own.length === 0 ? 0 : 1;
}

function describe({ name, kind, detail }: ReferenceFailure): string {
  return `${name}: ${kind}, ${detail.slice(0, 300)}`;
}

function grouped(list: readonly { readonly name: string; readonly reason: string }[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, reason } of list) groups.set(reason, [...(groups.get(reason) ?? []), name]);
  return groups;
}
