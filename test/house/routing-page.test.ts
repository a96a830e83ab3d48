import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { completeConfig } from '../../src/config/load-config.ts';
import { compileRoutes } from '../../src/routing/compile-route.ts';
import { routeProblems } from '../../src/routing/route-problems.ts';

const PAGE = fileURLToPath(new URL('../../../docs/routing.md', import.meta.url));
const examples = [...readFileSync(PAGE, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, text]) => text ?? '',
);

test('the page about routing has its examples', () => {
  assert.ok(examples.length >= 5);
});

for (const text of examples) {
  const settings = parse(text) as { models: object; routes: object };
  test(`the example with the route ${Object.keys(settings.routes).join()} is valid`, () => {
    const { server } = completeConfig('routing.md', '/', settings as never);
    const models = new Map(Object.keys(server.models).map((name) => [name, 'any' as const]));
    assert.deepEqual(routeProblems(compileRoutes(server.routes), models), []);
  });
}
