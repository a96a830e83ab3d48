import { readFileSync } from 'node:fs';
import { type BatcherCase, runBatcherCase } from './batcher-case.ts';
import { HPA_RUNNERS } from './hpa-cases.ts';
import { KPA_RUNNERS } from './kpa-cases.ts';
import { POLICY_RUNNERS } from './policy-cases.ts';
import { RAY_RUNNERS } from './ray-cases.ts';

/** Common fields of all cases. */
interface AnyCase {
  /** A case has a name or an id. */
  readonly name?: string;
  readonly id?: string;
  readonly kind?: string;
  readonly tags?: readonly string[];
}

/** The results of a case file. */
export interface CaseResults {
  readonly passed: number;
  /** Name and difference of each failed case. */
  readonly failures: readonly string[];
}

const RUNNERS: Readonly<Record<string, (it: never) => string | undefined>> = {
  batcher: (it: BatcherCase) => runBatcherCase(it),
  ...POLICY_RUNNERS,
  ...HPA_RUNNERS,
  ...KPA_RUNNERS,
  ...RAY_RUNNERS,
};

/** Runs the cases of a file against the real objects; with a tag, only those that have it. */
export function runCaseFile(path: string, tag?: string): CaseResults {
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: readonly AnyCase[] };
  const wanted = cases.filter((it) => tag === undefined || it.tags?.includes(tag));
  const failures = wanted.flatMap((it) => {
    const problem = runCase(it);
    return problem === undefined ? [] : [`${it.name ?? it.id}: ${problem}`];
  });
  return { passed: wanted.length - failures.length, failures };
}

function runCase(it: AnyCase): string | undefined {
  const kind = it.kind ?? 'batcher';
  const run = RUNNERS[kind];
  if (run === undefined) return `unknown kind '${kind}'`;
  try {
    return run(it as never);
  } catch (caught) {
    return `threw ${String(caught)}`;
  }
}
