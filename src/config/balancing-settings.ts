import * as z from 'zod';
import { section } from './fields.ts';

export const STRATEGIES = [
  'round-robin',
  'least-connections',
  'least-latency',
  'random',
  'weighted',
] as const;
export type StrategyName = (typeof STRATEGIES)[number];

/** Which of the free replicas gets a batch. A preference: no request waits for a particular replica. */
export const BalancingSettings = section({
  strategy: z
    .enum(STRATEGIES)
    .default('least-connections')
    .describe(
      'How a replica is picked among the free ones. least-latency: the replica with the earliest predicted completion, from its measured service times.',
    ),
  weights: z
    .array(z.number().positive())
    .optional()
    .describe(
      'One positive number per replica, in the order of the replicas; a missing number counts as 1. All strategies but round-robin use it.',
    ),
});
export type BalancingSettings = z.output<typeof BalancingSettings>;
