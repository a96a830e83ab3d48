import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serveTogether } from '../support/model-farm.ts';
import { rowsJudgement } from './rows-judgement.ts';

const QUANTIZED = new URL(
  '../../../test/conformance/field/dynamic-quantized-floats/model.onnx',
  import.meta.url,
);

/**
 * Starts a model that scales all rows by the largest number among them several times: warmup must detect it each time.
 * Returns the result of each start after which its rows are merged.
 */
export async function missedQuantized(starts: number, perServer: number): Promise<string[]> {
  const bytes = readFileSync(fileURLToPath(QUANTIZED));
  const missed: string[] = [];
  for (let start = 0; start < starts; start += perServer) {
    const count = Math.min(perServer, starts - start);
    const models = Array.from({ length: count }, (_, index) => ({ name: `start-${start + index}`, bytes }));
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
