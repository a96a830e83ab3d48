import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../base/event.ts';
import { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { Statistics } from './statistics.ts';

/** A stub version with the events that its totals are counted from. */
function versionOf(version: string) {
  const path = {
    service: { requestSettled: new Event(), turnedAway: new Event() },
    admission: { refusedAtDoor: new Event() },
    dispatcher: { batchEnded: new Event() },
  };
  const cacheHit = new Event<{ rows: number }>();
  const spec = { model: 'm', version };
  return { spec, path, cacheHit, cache: undefined } as unknown as VersionInService & {
    cacheHit: typeof cacheHit;
  };
}

test('versions added later are counted too, and versions that have ended are forgotten', () => {
  const registry = new ModelRegistry();
  const [first, second] = [versionOf('1'), versionOf('2')];
  registry.add(first);
  const statistics = new Statistics(registry);
  registry.add(second);
  second.cacheHit.emit({ rows: 3 } as never);
  assert.equal(statistics.of(first)?.rows, 0);
  assert.equal(statistics.of(second)?.rows, 3);
  assert.equal(statistics.of(second)?.success.count, 1);
  registry.remove(first);
  assert.ok(statistics.of(first) !== undefined);
  registry.forget(first);
  assert.equal(statistics.of(first), undefined);
});

test('the times of a batch count once per answered request, and warmup runs do not count', () => {
  const registry = new ModelRegistry();
  const version = versionOf('1');
  registry.add(version);
  const counted = new Statistics(registry).of(version);
  const ended = (reason: string, outcome: object) =>
    (version.path.dispatcher.batchEnded as Event<unknown>).emit({
      ...{ work: { reason }, batch: { members: [1, 2, 3], rows: 5 }, outcome, refusedMembers: 1 },
      ...{ sentAt: 100, endedAt: 110 },
    });
  ended('size', { kind: 'done', computeMs: 7 });
  ended('warmup', { kind: 'done', computeMs: 7 });
  ended('size', { kind: 'threw', message: '' });
  assert.equal(counted?.executions, 1);
  const { input, infer, output } = counted?.compute ?? {};
  assert.deepEqual(
    [input, infer, output].map((time) => [time?.count, time?.ms]),
    [
      [2, 6],
      [2, 14],
      [2, 0],
    ],
  );
  assert.deepEqual([...(counted?.batches.keys() ?? [])], [5]);
  version.path.service.turnedAway.emit({} as never);
  assert.equal(counted?.fail.count, 1);
});
