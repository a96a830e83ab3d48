import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FIELD, readFieldCase } from './field-case.ts';
import { runFieldCase } from './field-run.ts';

const names = readdirSync(FIELD)
  .filter((name) => existsSync(join(FIELD, name, 'case.json')))
  .sort();

// Two at a time: most cases wait rather than compute.
void describe('cases from the field', { concurrency: 2 }, () => {
  for (const name of names) {
    void it(`${name}: ${readFieldCase(name).title}`, async () => {
      assert.deepEqual(await runFieldCase(name), []);
    });
  }
});
