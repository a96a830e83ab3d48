import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../src/base/random.ts';
import { serveTogether } from '../support/model-farm.ts';
import { scaledTokens } from '../support/onnx/scaled-tokens.ts';
import { rowsJudgement } from './rows-judgement.ts';

const QUANTIZED = new URL(
  '../../../test/conformance/field/dynamic-quantized-floats/model.onnx',
  import.meta.url,
);

/**
 * Models that scale all rows by the largest number among them. The operators of the first name it; the second shows it
 * only in its numbers, and every start has another one.
 */
export const QUANTIZED_MODELS = {
  'dynamically quantized': () => readFileSync(fileURLToPath(QUANTIZED)),
  'scaled by the largest of the batch': (start: number) => scaledTokens(seededRandom(`tokens ${start}`)),
} as const;

/**
 * Starts such a model several times: warmup must detect the dependence each time. Returns the result of each start after
 * which its rows are merged.
 */
export async function missedQuantized(
  kind: keyof typeof QUANTIZED_MODELS,
  starts: number,
  perServer: number,
): Promise<string[]> {
  const missed: string[] = [];
  for (let start = 0; start < starts; start += perServer) {
    const count = Math.min(perServer, starts - start);
    const models = Array.from({ length: count }, (_, index) => ({
      name: `start-${start + index}`,
      bytes: QUANTIZED_MODELS[kind](start + index),
    }));
    await serveTogether(models, {
      settings: '',
      serve: async ({ url }, served) => {
        for (const { name } of served) {
          const { word, areMerged } = await rowsJudgement(url, name);
          if (areMerged) missed.push(`${name}: merged, rows ${word ?? 'not said'}`);
        }
      },
      refused: ({ name }, why) => missed.push(`${name}: ${why}`),
    });
  }
  return missed;
}
