import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Runs all unit tests in one process, which takes seconds; they must not share mutable state. */
const root = new URL('..', import.meta.url).pathname;
for (const folder of ['src', 'tools', 'bench', 'test/house', 'test/contract', 'test/faults']) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort()) {
    if (entry.endsWith('.test.js')) await import(join(root, folder, entry));
  }
}
// The other conformance tests start servers.
await import('./conformance/cases.test.ts');
await import('./conformance/random-graphs.test.ts');
