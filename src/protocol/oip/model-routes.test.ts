import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { refuse } from '../../base/errors.ts';
import { ModelRoutes } from './model-routes.ts';

/** The response about a model for this result of the registry. */
function simpleReady(found: object): readonly [number, unknown] {
  const ports = { registry: { find: () => found }, table: { find: () => undefined } };
  const routes = new ModelRoutes(ports as never, {} as never, { name: 's', version: '1' });
  let [status, body] = [0, ''];
  const res = {
    setHeader: () => {},
    writeHead: (code: number) => {
      status = code;
    },
    end: (bytes: Buffer) => {
      body = bytes.toString();
    },
  };
  routes.simpleReady(res as unknown as ServerResponse, 'm', undefined);
  return [status, JSON.parse(body)];
}

test("readiness of a model is reported by status and body, as defined by KServe's V1 protocol", () => {
  assert.deepEqual(simpleReady({ isReady: true }), [200, { name: 'm', ready: true }]);
  assert.deepEqual(simpleReady({ isReady: false, name: 'm/1' }), [
    503,
    { name: 'm', ready: false, error: 'm/1 is not ready' },
  ]);
  assert.deepEqual(simpleReady(refuse('MODEL_UNKNOWN', 'none such')), [
    404,
    { error: 'none such', reason: 'MODEL_UNKNOWN' },
  ]);
});
