import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { isRefusal } from '../../base/errors.ts';
import { DecisionLog } from '../../observe/decisions/decision-log.ts';
import { readDecisionQuery } from './decision-query.ts';
import { DecisionStream } from './decision-stream.ts';

function queryOf(query: Record<string, unknown>) {
  const read = readDecisionQuery(query);
  assert.ok(!isRefusal(read));
  return read;
}

function add(log: DecisionLog, count: number): void {
  for (let index = 0; index < count; index++) {
    log.add({ at: 0, kind: 'restart', model: 'm', version: '1', replica: '', facts: { index } as never });
  }
}

/** A response whose buffer is full after `takes` writes. */
class SlowReader extends EventEmitter {
  readonly ids: number[] = [];
  readonly #takes: number;
  unread = 0;

  constructor(takes: number) {
    super();
    this.#takes = takes;
  }

  writeHead(): void {}

  write(text: string): boolean {
    this.ids.push(Number(/^id: (\d+)/.exec(text)?.[1]));
    this.unread += 1;
    return this.unread < this.#takes;
  }

  takeAll(): void {
    this.unread = 0;
    this.emit('drain');
  }
}

test('a reader gets the whole log page by page, and new decisions, once and in order', () => {
  const log = new DecisionLog(4096);
  add(log, 4_096);
  const reader = new SlowReader(50);
  new DecisionStream(log, () => 0).open(reader as unknown as ServerResponse, queryOf({}));
  let most = 0;
  for (let turn = 0; turn < 100; turn++) {
    if (turn === 10) add(log, 3);
    most = Math.max(most, reader.unread);
    reader.takeAll();
  }
  assert.equal(most, 50);
  add(log, 1);
  assert.deepEqual(reader.ids.length, 4_100);
  assert.deepEqual(
    reader.ids,
    [...reader.ids].sort((a, b) => a - b),
  );
});

test('repeated parameters and limits below 1 are refused', () => {
  assert.deepEqual(queryOf({ kind: ['a', 'b,c'] }).kinds, ['a', 'b', 'c']);
  for (const query of [
    ...[{ limit: '0' }, { limit: '-1' }, { limit: 'x' }, { limit: ['1', '2'] }],
    ...[{ since: ['1', '2'] }, { model: ['a', 'b'] }, { since: '1.5' }],
  ]) {
    assert.ok(isRefusal(readDecisionQuery(query)), JSON.stringify(query));
  }
});
