import type { BatchPolicy } from '../../batching/batch-policy.ts';
import { ExplicitPolicy } from '../../batching/explicit-policy.ts';
import type { MarginFacts } from '../../batching/margin.ts';
import { type BatchPlan, SloPolicy } from '../../batching/slo-policy.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import type { Roster } from '../../replica/roster.ts';
import type { TransportTime } from '../../serving/queue/transport-time.ts';
import type { LaneKey } from '../../work/lane.ts';

/** Inputs for making a batching policy. */
export interface BatchingParts {
  readonly maxBatchSize: () => number;
  readonly roster: Roster;
  readonly transport: TransportTime;
  readonly margin: MarginFacts;
}

/** A policy, and how it plans the batches of a lane; early admission predicts waits from the plan. */
export interface Batching {
  readonly policy: BatchPolicy;
  readonly planOf: (lane: LaneKey) => BatchPlan | undefined;
}

/** Makes a policy other than the one in the settings. */
export type MakePolicy = (parts: BatchingParts) => Batching;

/** The policy of the settings: fixed size and wait where they set a wait, else the one without knobs. */
export function makeBatching(
  { batching, objective, goal }: ModelSettings,
  { makePolicy, ...parts }: BatchingParts & { readonly makePolicy: MakePolicy | undefined },
): Batching {
  if (makePolicy !== undefined) return makePolicy(parts);
  const { maxBatchSize, roster, transport, margin } = parts;
  const { maxWaitMs } = batching;
  if (maxWaitMs !== undefined) {
    return { policy: new ExplicitPolicy({ maxBatchSize, maxWaitMs }), planOf: () => undefined };
  }
  const curveOf = (lane: LaneKey) => roster.service.guess(lane);
  const policy = new SloPolicy({ objective, goal, maxBatchSize, curveOf });
  return {
    policy,
    planOf: (lane) => policy.plan(lane, { replicas: roster.serving, transportMs: transport.ms, margin }),
  };
}
