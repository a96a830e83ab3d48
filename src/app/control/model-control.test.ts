import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { completeConfig } from '../../config/load-config.ts';
import { SettingsError } from '../../config/settings-problem.ts';
import { Catalog } from '../../fleet/catalog/catalog.ts';
import type { ServedModel } from '../models/served-models.ts';
import { ModelControl } from './model-control.ts';
import type { ServedRoutes } from './served-routes.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-control-'));
after(() => rmSync(root, { recursive: true }));

/** The control of a server whose models cannot be loaded, with what it logs. */
function setUp(t: { after(end: () => Promise<void>): void }, models: readonly string[]) {
  const repository = mkdtempSync(join(root, 'models-'));
  const place = (model: string) => {
    mkdirSync(join(repository, model, '1'), { recursive: true });
    writeFileSync(join(repository, model, '1', 'model.onnx'), '');
  };
  for (const model of models) place(model);
  const config = completeConfig('settings', root, { repository });
  const logged: string[] = [];
  let problem: Error | undefined;
  const control = new ModelControl(config, {
    catalog: new Catalog<ServedModel>({
      ...{ clock: new VirtualClock(), gracePeriodMs: 0 },
      make: () => assert.fail('no model is complete'),
    }),
    routes: { apply() {} } as unknown as ServedRoutes,
    log: pino({ base: null }, { write: (line: string) => logged.push(line) }),
    read: () => {
      if (problem !== undefined) throw problem;
      return config;
    },
  });
  t.after(async () => control.stop());
  const reload = async (why?: Error): Promise<number> => {
    problem = why;
    const before = logged.length;
    await control.reload();
    return logged.length - before;
  };
  return { control, config, place, logged, reload };
}

test('a reload that fails for whatever reason is logged, and does not reject: nothing waits for it after SIGHUP', async (t) => {
  const it = setUp(t, ['a']);
  assert.equal(await it.reload(new Error('out of memory')), 1);
  assert.match(it.logged[0] ?? '', /"problems":\["out of memory"\].*settings not reloaded/);
});

test('a problem is logged once while it lasts, and again when it returns', async (t) => {
  const it = setUp(t, ['a', 'b']);
  const mistake = new SettingsError(['a mistake']);
  assert.equal(await it.reload(mistake), 1);
  assert.equal(await it.reload(mistake), 0);
  // Two models are broken.
  assert.equal(await it.reload(), 2);
  assert.equal(await it.reload(), 0);
  assert.equal(await it.reload(mistake), 1);
  it.place('c');
  assert.equal(await it.reload(), 1);
});
