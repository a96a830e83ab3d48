import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

interface Locked {
  readonly hasInstallScript?: boolean;
}

test('no package runs a script at its installation', () => {
  const text = readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8');
  const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, Locked>> };
  const scripted = Object.keys(packages).filter((name) => packages[name]?.hasInstallScript === true);
  // That of onnxruntime-node downloads GPU libraries, and an installation without that host fails. npm runs what the lock
  // file says has a script: take `hasInstallScript` out again where an update has brought it back.
  assert.deepEqual(scripted, []);
});
