import type { ModelSettings } from '../config/model-settings.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import type { SampleInput } from '../replica/sample-input.ts';

/** Why the user's own warmup sample does not fit the model; undefined when it does. */
export function sampleProblem(
  metadata: ModelMetadata,
  hasBatchAxis: boolean,
  samples: readonly SampleInput[],
): string | undefined {
  for (const { name, datatype, shape } of samples) {
    const wanted = metadata.inputs.find((input) => input.name === name);
    if (wanted === undefined) return `warmup.sample names an input '${name}', which the model does not have`;
    if (wanted.datatype !== datatype) {
      return `warmup.sample gives '${name}' as ${datatype}, the model expects ${wanted.datatype}`;
    }
    if (hasBatchAxis && shape[0] !== 1) {
      return `warmup.sample gives '${name}' with ${shape[0] ?? 'no'} rows, wanted one`;
    }
  }
  return undefined;
}

/** What the settings want of batching and the model cannot give; undefined when all is well. */
export function batchingWarning(
  { batchAxis, batching }: ModelSettings,
  hasBatchAxis: boolean,
): string | undefined {
  const asksForBatches = batchAxis === 'first' || (batching.maxBatchSize ?? 1) > 1;
  if (hasBatchAxis || !asksForBatches) return undefined;
  return 'the settings ask for batches, but an input or output of the model has a fixed first axis: it runs one request at a time';
}
