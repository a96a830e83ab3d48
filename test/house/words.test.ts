import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Words of the past, each with the term that took its place. */
const OLD_WORDS: Readonly<Record<string, string>> = {
  HealthBook: 'Conditions',
  Complaint: 'Condition',
  Chart: 'conditions of a replica',
  Conduct: 'OutlierStats',
  Standing: 'HealthStatus',
  standingOf: 'evaluateHealth',
  AnswerJudge: 'AnswerComparator',
  verdict: 'result, evaluation',
  convict: 'quarantine',
  convicted: 'quarantined',
  conviction: 'quarantine',
  exonerate: 'clearFailure',
  forgive: 'resetHistory',
  readmit: 'restore',
  probation: 'half-open trial',
  stillborn: 'failedToSpawn',
  Lives: 'ReplicaLifecycle',
  lives: 'processes, incarnations',
  letGo: 'startDrain',
  Backstage: 'Entrance',
  Reception: 'Entrance',
  HouseRules: 'ServerLimits',
  Patience: 'GracePeriod',
  patienceMs: 'gracePeriodMs',
  maxBadLives: 'maxFailures',
  goodLifeMs: 'healthyAfterMs',
  beatPeriodMs: 'heartbeatPeriodMs',
  NOBODY: 'DEFAULT_TENANT',
  ANYONE: 'ANONYMOUS',
  HealingExemption: 'ExplorationAdmission',
  Easing: 'SlowStartRamp',
  Visitors: 'InFlight',
  PracticeRun: 'SyntheticRun',
  practise: 'warm up',
  innocent: 'passed, good',
  guilty: 'failed, bad',
  accuse: 'suspect',
  brain: 'core',
  whoever: 'the replica, client or caller that is meant',
  nobody: 'no replica, client or caller',
  somebody: 'a replica, client or caller',
  anybody: 'a replica, client or caller',
};

/** Names of libraries that contain such a word. */
const FOREIGN = /\bLineChart\b/g;

function textsIn(folder: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file))
    .map((file) => join(folder, file));
}

/** The words alone, however written, and as parts of identifiers: `guilty`, `Guilty`, `isGuilty`. */
const words = Object.keys(OLD_WORDS);
const capitalized = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1));
const FOUND = new RegExp(
  `(?<![A-Za-z])(?:${[...words, ...capitalized].join('|')})(?![a-z])|(?<=[a-z])(?:${capitalized.join('|')})(?![a-z])`,
  'g',
);

test('no word of the past returns', () => {
  const files = [...textsIn('src', /\.ts$/), ...textsIn('docs', /\.md$/), 'README.md', 'ARCHITECTURE.md'];
  const found = files.flatMap((file) => {
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
    return lines.flatMap((line, index) =>
      [...line.replaceAll(FOREIGN, '').matchAll(FOUND)].map(([word]) => {
        const term = OLD_WORDS[word] ?? OLD_WORDS[word.charAt(0).toLowerCase() + word.slice(1)];
        return `${file}:${index + 1}: '${word}', wanted ${term}`;
      }),
    );
  });
  assert.deepEqual(found, []);
});
