import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { salvageConfig } from './salvage.ts';

const folder = mkdtempSync(join(tmpdir(), 'galley-salvage-'));
after(() => rmSync(folder, { recursive: true }));

for (const [settings, problems] of [
  ['image: {input: x, width: 0, height: 3}', [/'models.a.image.width' is 0/]],
  ['padding: {x: 5}', [/axis' is missing/, /inputs' is missing/, /unknown setting 'models.a.padding.x'/]],
  ['replicas: many', [/'models.a.replicas'/]],
] as const) {
  test(`a fault is reported once and the model is examined all the same: ${settings}`, () => {
    const file = join(folder, 'galley.yaml');
    writeFileSync(file, `models: {a: {path: a.onnx, threads: 2, ${settings}}}`);
    const salvaged = salvageConfig(file, {});
    assert.equal(salvaged.problems.length, problems.length, salvaged.problems.join('\n'));
    for (const [index, problem] of problems.entries()) assert.match(salvaged.problems[index] ?? '', problem);
    assert.equal(salvaged.config?.rawModels.a?.threads, 2);
  });
}
