import type { GraphResult } from './merging-run.ts';

/** Minimum share of honest graphs found to be independent; without it, a server that never merges would pass. */
const LEAST_MERGED_SHARE = 0.95;

export interface MergingSummary {
  readonly lines: readonly string[];
  readonly passed: number;
  readonly failed: number;
}

/** Describes a run. It fails when any graph has a problem or too small a share of graphs is merged. */
export function summarize(results: readonly GraphResult[]): MergingSummary {
  const honest = results.filter(({ isHonest }) => isHonest);
  const merged = honest.filter(({ areMerged, didShare }) => areMerged && didShare);
  const share = honest.length === 0 ? 1 : merged.length / honest.length;
  const bad = results.filter(({ problem }) => problem !== undefined);
  const isTooLittle = share < LEAST_MERGED_SHARE;
  return {
    lines: [
      ...bad.map(describe),
      ...(isTooLittle ? honest.filter((result) => !merged.includes(result)).map(describeUnmerged) : []),
      `${results.length} graphs, ${honest.length} honest`,
      `merged of the honest: ${merged.length} of ${honest.length} (${(100 * share).toFixed(1)} %, wanted ${100 * LEAST_MERGED_SHARE} %)`,
      `the server said of honest graphs: ${count(honest.map(({ word }) => word))}`,
      `the server said of dishonest graphs: ${count(results.filter((each) => !each.isHonest).map(({ word }) => word))}`,
      `wrong answers: ${bad.filter(({ problem }) => problem?.kind.startsWith('wrong')).length} graphs`,
      `problems: ${count(bad.map(({ problem }) => problem?.kind ?? '')) || 'none'}`,
    ],
    passed: results.length - bad.length + (isTooLittle ? 0 : 1),
    failed: bad.length + (isTooLittle ? 1 : 0),
  };
}

function describe({ name, isHonest, steps, word, problem }: GraphResult): string {
  const kind = isHonest ? 'honest' : 'dishonest';
  return `FAIL ${name} (${kind}; rows ${word}): ${problem?.kind}, ${problem?.detail}\n     ${steps.join(', ')}`;
}

function describeUnmerged({ name, steps, word, didShare }: GraphResult): string {
  return `not merged: ${name} (rows ${word}${didShare ? '' : ', no batch was shared'}): ${steps.join(', ')}`;
}

function count(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, times]) => `${word} ${times}`).join(', ');
}
