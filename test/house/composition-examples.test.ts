import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { completeConfig } from '../../src/config/load-config.ts';
import { checkModelDefinition } from '../../src/model/define-model.ts';

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));
const DEFINE_MODEL = new URL('../../src/model/define-model.js', import.meta.url).href;
const text = readdirSync(DOCS, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => readFileSync(join(DOCS, file), 'utf8'))
  .join('\n');
const [, section = ''] = /## Two models in a row\n([\s\S]*?)(?=\n## |$)/.exec(text) ?? [];

function examples(language: string): string[] {
  return [...section.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, code]) => code ?? '',
  );
}

test('the documented pipelines are valid', () => {
  const all = examples('yaml');
  assert.equal(all.length, 1);
  for (const each of all) {
    const { server } = completeConfig('models.md', '/', parse(each) as never);
    assert.equal(server.models.read?.pipeline?.steps.length, 2);
  }
});

test('the documented model calls the models that it names, and answers what they do', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-example-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [code = ''] = examples('js');
  const file = join(folder, 'model.mjs');
  writeFileSync(file, code.replace("'galley'", JSON.stringify(DEFINE_MODEL)));
  const { default: exported } = (await import(pathToFileURL(file).href)) as { default: unknown };
  const definition = checkModelDefinition(file, exported);
  const asked: string[] = [];
  const image = { shape: [1, 28, 28], data: new Float32Array(784) };
  const outputs = await definition.predict?.({ image }, undefined, {
    ...{ rows: 1, parameters: {}, refuseRow() {}, refuseInput() {} },
    infer: async (model, inputs) => {
      asked.push(`${model}(${Object.keys(inputs).join()})`);
      const found = { datatype: 'FP32' as const, ...image };
      return { found, text: { datatype: 'BYTES' as const, shape: [1], data: [Buffer.from('7')] } };
    },
  });
  assert.deepEqual(asked, ['detect(image)', 'recognise(image)']);
  assert.deepEqual(definition.uses, ['detect', 'recognise']);
  assert.deepEqual(outputs?.label, { shape: [1], data: [Buffer.from('7')] });
});
