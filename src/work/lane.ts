import type { InferenceRequest } from '../model/inference.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';

/** Names what requests must have in common to share a batch: open sizes and, where the model reads them, parameters. */
export type LaneKey = string;

/** A lane as policies see it. */
export interface LaneView {
  readonly key: LaneKey;
  readonly rows: number;
  /** Of the request at its head, the oldest. */
  readonly oldestReceivedAt: number;
  readonly oldestRows: number;
  readonly oldestDeadline: number;
  /** Grows with every request: tells older from younger within an instant. */
  readonly oldestId: number;
}

/** How to name a request's lane. For most models, whose sizes are fixed, there is but one and it costs nothing. */
export function laneKeys(
  metadata: ModelMetadata,
  hasBatchAxis: boolean,
): (request: InferenceRequest) => LaneKey {
  const firstAxis = hasBatchAxis ? 1 : 0;
  const hasOpenSizes = metadata.inputs.some((input) => input.shape.slice(firstAxis).includes(-1));
  if (!hasOpenSizes && !metadata.readsParameters) return () => '';
  return (request) => {
    const shapes = hasOpenSizes
      ? request.inputs.map((input) => input.shape.slice(firstAxis).join('x')).join(';')
      : '';
    return metadata.readsParameters ? `${shapes}|${parametersKey(request)}` : shapes;
  };
}

function parametersKey({ parameters }: InferenceRequest): string {
  const names = Object.keys(parameters);
  if (names.length === 0) return '';
  return JSON.stringify(names.sort().map((name) => [name, parameters[name]]));
}
