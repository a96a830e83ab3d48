import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryWith } from '../../../test/support/entries.ts';
import { type Refusal, refuse } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { Entry } from '../../work/entry.ts';
import type { Outcome } from '../../work/outcome.ts';
import { Recovery } from '../recovery/recovery.ts';
import { RequestWork } from './request-work.ts';

const ANSWER: Answer = { outputs: [] };
const DONE = { kind: 'done', computeMs: 4 } as const;
const BAD = refuse('BAD_OUTPUT', 'not a number');

/** Records what a work hands over. */
class Noted extends Recovery {
  unanswered: readonly Entry[] = [];
  bad: ReadonlyMap<Entry, Refusal> | undefined;

  override ended(
    _work: RequestWork,
    _outcome: Outcome,
    unanswered: readonly Entry[],
    bad: ReadonlyMap<Entry, Refusal> | undefined,
  ): void {
    this.unanswered = unanswered;
    this.bad = bad;
  }
}

function workOf(members: readonly Entry[]) {
  const recovery = new Noted({} as ConstructorParameters<typeof Recovery>[0]);
  return { recovery, work: new RequestWork(members, 'idle', { now: 0, owner: recovery }) };
}

test('the successor of a member takes over its bad answer as well', () => {
  const [member, successor] = [entryWith({ id: 0 }), entryWith({ id: 1 })];
  const { recovery, work } = workOf([member]);
  work.part(0, BAD);
  member.settle(refuse('CANCELLED', 'gone'));
  work.replace(member, successor);
  work.settled(DONE);
  assert.deepEqual(recovery.unanswered, [successor]);
  assert.equal(recovery.bad?.get(successor), BAD);
});

test('the successor of a member that waits for the facts of its batch gets its answer', () => {
  const [member, successor] = [entryWith({ id: 0, isExplained: true }), entryWith({ id: 1 })];
  const { recovery, work } = workOf([member]);
  work.part(0, ANSWER);
  member.settle(refuse('CANCELLED', 'gone'));
  work.replace(member, successor);
  work.settled(DONE);
  assert.ok(successor.isSettled);
  assert.deepEqual(recovery.unanswered, []);
});

test('explained requests are answered when the facts of the batch are known, also behind an unexplained one', () => {
  const [plain, asking] = [entryWith({ id: 0 }), entryWith({ id: 1, isExplained: true })];
  const leader = entryWith({ id: 2 });
  leader.followers = [asking];
  const { work } = workOf([plain, leader]);
  work.part(0, ANSWER);
  work.part(1, ANSWER);
  assert.deepEqual([plain.isSettled, leader.isSettled], [true, false]);
  work.settled(DONE);
  assert.ok(leader.isSettled);
  assert.equal(work.computeMs, 4);
});

test('answers go to the current successor, after any number of replacements', () => {
  const entries = [0, 1, 2, 3].map((id) => entryWith({ id, rows: 2 }));
  const [first, second, third, other] = entries as [Entry, Entry, Entry, Entry];
  const { recovery, work } = workOf([first, other]);
  work.replace(first, second);
  work.replace(second, third);
  work.part(0, ANSWER);
  assert.deepEqual(
    entries.map((entry) => entry.isSettled),
    [false, false, true, false],
  );
  work.settled(DONE);
  assert.deepEqual(recovery.unanswered, [other]);
});
