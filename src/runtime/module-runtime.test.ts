import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadModule } from './module-runtime.ts';

for (const name of ['plain.mjs', 'a(1).mjs', 'a[.mjs', 'a+b*.mjs', '($&).mjs']) {
  test(`an error in ${name} names its line`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'galley-module-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, name);
    const tensor = "[{name: 'x', datatype: 'FP32', shape: [-1]}]";
    writeFileSync(
      file,
      `export default { inputs: ${tensor}, outputs: ${tensor},\n predict() {\n  throw new Error('broken'); } };`,
    );
    const runtime = await loadModule({ runtime: 'module', file, threads: 1, device: 'cpu' });
    const call = { rows: 1, parameters: {}, refuseRow() {} };
    await assert.rejects(runtime.run([], call), (error: Error) => {
      assert.equal(error.message, `broken (${name}, line 3)`);
      return true;
    });
  });
}
