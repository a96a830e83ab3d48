import { z } from 'zod';

export const STRATEGIES = [
  'round-robin',
  'least-connections',
  'least-latency',
  'random',
  'weighted',
] as const;
export type StrategyName = (typeof STRATEGIES)[number];

/** Which of several replicas that could take a batch gets it. A preference: no request waits for it. */
export const BalancingSettings = z
  .strictObject({
    strategy: z
      .enum(STRATEGIES)
      .default('least-connections')
      .describe(
        'How a replica is picked among the free ones. least-latency: the one that should be done first, by what was learned of each.',
      ),
    weights: z
      .array(z.number().positive())
      .optional()
      .describe(
        'One positive number a replica, in their order; missing ones count 1. Read by all but round-robin.',
      ),
  })
  .prefault({});
export type BalancingSettings = z.output<typeof BalancingSettings>;
