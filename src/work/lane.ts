import type { InferenceRequest } from '../model/inference.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import { writeExactJson } from '../tensor/exact-json.ts';

/** Requests with equal keys can share a batch: it names open sizes and, if the model reads them, parameters. */
export type LaneKey = string;

/** A waiting request as policies see it. */
export interface WaitingRequest {
  readonly rows: number;
  /** When it should be answered: its deadline, or earlier with an objective. */
  readonly dueBy: number;
  /** Arrival time minus the lead of its priority; the lowest rank goes first. */
  readonly rank: number;
  /** It is sent regardless of the prediction, to check whether predictions still hold. */
  readonly isExploration: boolean;
}

/** A lane as policies see it. */
export interface LaneView {
  readonly key: LaneKey;
  readonly rows: number;
  /** The next request by priority and fairness. */
  readonly next: WaitingRequest | undefined;
  /** Arrival of the request that has waited longest. */
  readonly oldestReceivedAt: number;
  /** Increases with every request; orders requests that arrive at the same instant. */
  readonly oldestId: number;
}

/** Ends the lanes of requests that are answered in parts. */
const IN_PARTS = '|in parts';

/** Whether the requests of a lane are answered in parts, which takes as long as the model goes on. */
export function isInParts(lane: LaneKey): boolean {
  return lane.endsWith(IN_PARTS);
}

/** Returns a function that gives a request's lane. Models with fixed sizes have a single lane, at no cost. */
export function laneKeys(
  metadata: ModelMetadata,
  hasBatchAxis: boolean,
): (request: InferenceRequest) => LaneKey {
  if (metadata.answersInParts === true) {
    const laneOf = laneKeys({ ...metadata, answersInParts: false }, hasBatchAxis);
    return (request) => (request.parts === undefined ? laneOf(request) : laneOf(request) + IN_PARTS);
  }
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

/** Elements of one row along the open axes, over all inputs: the relative size of a lane's rows. */
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
