import type { ModelSettings } from '../../config/model-settings.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { SampleInput } from '../../replica/sample-input.ts';
import { mergingWarning, type RowIndependence } from '../../warmup/row-independence.ts';

/** Why a sample does not fit the model; undefined when it does. `origin` names where it comes from. */
export function sampleProblem(
  metadata: ModelMetadata,
  hasBatchAxis: boolean,
  { samples, origin }: { readonly samples: readonly SampleInput[]; readonly origin: string },
): string | undefined {
  const rows = samples[0]?.shape[0];
  for (const { name, datatype, shape } of samples) {
    const wanted = metadata.inputs.find((input) => input.name === name);
    if (wanted === undefined) return `${origin} names an input '${name}', which the model does not have`;
    if (wanted.datatype !== datatype) {
      return `${origin} gives '${name}' as ${datatype}, the model expects ${wanted.datatype}`;
    }
    if (hasBatchAxis && !(shape[0] === rows && (rows ?? 0) > 0)) {
      return (
        `${origin} gives '${name}' with ${shape[0] ?? 'no'} rows, ` +
        (rows === undefined || rows < 1 ? 'wanted at least one' : `but '${samples[0]?.name}' with ${rows}`)
      );
    }
  }
  return undefined;
}

/** A warning for a model whose requests run one at a time; undefined where the settings ask for it. */
export function mergingNotice(
  { batchAxis, batching }: ModelSettings,
  metadata: ModelMetadata,
  rowIndependence: RowIndependence | undefined,
): string | undefined {
  const isWanted = batchAxis === 'none' || batching.rows === 'dependent' || batching.maxBatchSize === 1;
  if (rowIndependence === undefined || isWanted) return undefined;
  const asksForBatches = batchAxis === 'first' || batching.maxBatchSize !== undefined;
  const isFixed = metadata.inputs.length === 0 || metadata.inputs.some(({ shape }) => shape[0] !== -1);
  return isFixed && !asksForBatches ? undefined : mergingWarning(rowIndependence);
}
