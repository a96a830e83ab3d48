import type { InferenceRequest } from '../model/inference.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import { writeExactJson } from '../tensor/exact-json.ts';

/** Names what requests must have in common to share a batch: open sizes and, where the model reads them, parameters. */
export type LaneKey = string;

/** A waiting request as policies see it. */
export interface WaitingRequest {
  readonly rows: number;
  /** By when it should be answered: its deadline, or earlier where an objective is written. */
  readonly dueBy: number;
  /** When it came, less its priority's lead: whoever has the lowest goes first. */
  readonly rank: number;
  /** It goes whatever is predicted, to see whether predictions are still right. */
  readonly isExploration: boolean;
}

/** A lane as policies see it. */
export interface LaneView {
  readonly key: LaneKey;
  readonly rows: number;
  /** Whose turn it is, by priority and fairness. */
  readonly next: WaitingRequest | undefined;
  /** Of the request that has waited longest. */
  readonly oldestReceivedAt: number;
  /** Grows with every request: tells older from younger within an instant. */
  readonly oldestId: number;
}

/** How to name a request's lane. For most models, whose sizes are fixed, there is but one and it costs nothing. */
export function laneKeys(
  metadata: ModelMetadata,
  hasBatchAxis: boolean,
): (request: InferenceRequest) => LaneKey {
  const firstAxis = hasBatchAxis ? 1 : 0;
  const hasOpenSizes = metadata.inputs.some(
    ({ shape, anyRank }) => anyRank === true || shape.slice(firstAxis).includes(-1),
  );
  if (!hasOpenSizes && !metadata.readsParameters) return () => '';
  return (request) => {
    const shapes = hasOpenSizes
      ? request.inputs.map((input) => input.shape.slice(firstAxis).join('x')).join(';')
      : '';
    return metadata.readsParameters ? `${shapes}|${parametersKey(request)}` : shapes;
  };
}

/** Elements of one row along the open axes, all inputs together: how large the rows of a lane are beside another's. */
export function laneElements(lane: LaneKey): number {
  const [shapes = ''] = lane.split('|', 1);
  let sum = 0;
  for (const shape of shapes.split(';')) {
    let elements = 1;
    for (const size of shape.split('x')) elements *= Number(size) || 1;
    sum += elements;
  }
  return sum;
}

function parametersKey({ parameters }: InferenceRequest): string {
  const names = Object.keys(parameters);
  if (names.length === 0) return '';
  return writeExactJson(names.sort().map((name) => [name, parameters[name]]));
}
