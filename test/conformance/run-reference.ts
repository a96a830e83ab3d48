import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readCases, writeCases } from './reference-cases.ts';
import { countByKind, kindOfMessage } from './reference-kinds.ts';
import { runReference } from './reference-run.ts';

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
  // Galley cannot fix a failure of its onnxruntime.
  const own = failures.filter(({ runtime }) => runtime === undefined);
  const runtimes = failures.filter(({ runtime }) => runtime !== undefined);
  for (const { name, kind, detail } of own) console.log(`FAIL ${name}: ${kind}, ${detail.slice(0, 300)}`);
  print(
    'failed',
    own.map(({ name, kind, detail }) => ({ name, kind: `${kind}: ${kindOfMessage(detail)}` })),
  );
  print(
    'out of scope, for onnxruntime-node itself does not pass them',
    runtimes.map(({ name, runtime = '' }) => ({ name, kind: kindOfMessage(runtime) })),
  );
  print(
    'out of scope, for the protocol cannot carry them or Python does not pass them',
    outOfScope.map(({ name, reason }) => ({ name, kind: reason })),
  );
  console.log(`${cases.length + outOfScope.length} tests in the onnx package`);
  console.log(`${wanted.length - failures.length} passed, ${own.length} failed`);
  process.exitCode = own.length === 0 ? 0 : 1;
}

function print(title: string, list: readonly { readonly name: string; readonly kind: string }[]): void {
  console.log(`${title}: ${list.length}`);
  for (const line of countByKind(list)) console.log(`  ${line}`);
}
