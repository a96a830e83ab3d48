import * as z from 'zod';
import { flag, notNegative, percentage, positive, share, whole } from './fields.ts';

/** How fast one direction may go, in the words of Kubernetes. */
const RulesSettings = z.strictObject({
  stabilizationWindowMs: z.number().min(0).max(3_600_000).optional(),
  selectPolicy: z.enum(['Max', 'Min', 'Disabled']).optional(),
  policies: z
    .array(
      z.strictObject({
        type: z.enum(['Pods', 'Percent']),
        value: whole(1),
        periodMs: z.number().min(1_000).max(1_800_000),
      }),
    )
    .min(1)
    .optional(),
});

const ALGORITHMS = ['hybrid', 'hpa'] as const;

/** How many replicas a model has, by its traffic. */
export const AutoscalingSettings = z
  .strictObject({
    minReplicas: z
      .int()
      .min(0)
      .default(1)
      .describe(
        'Fewest replicas per version. 0: a version without requests ends its last replica; the next request starts one and waits for it.',
      ),
    maxReplicas: whole(10).describe('Most replicas per version.'),
    algorithm: z
      .enum(ALGORITHMS)
      .default('hybrid')
      .describe(
        'hybrid: by rate, objective, queue, requests in flight and CPU, within a second. hpa: as the HorizontalPodAutoscaler of Kubernetes decides by CPU, every 15 s.',
      ),
    targetCpuPercent: percentage(70).describe(
      'CPU use of the replicas above which one is added. hybrid counts what full batches would use.',
    ),
    targetMemoryPercent: percentage(80).describe(
      'Memory use, of the memory limit of a replica, above which one is added, if scaleOnMemory is set.',
    ),
    scaleOnMemory: flag(false).describe(
      'Whether memory use adds replicas. Only for models whose memory falls when requests are spread over more replicas.',
    ),
    targetInFlight: share(0.7).describe(
      'Share of the rows that a replica can hold at a time above which one is added.',
    ),
    downWindowMs: notNegative(300_000).describe('A replica goes only when it was not needed for so long.'),
    downEveryMs: notNegative(10_000).describe('Shortest time between two replicas that go.'),
    idleMs: notNegative(60_000).describe(
      'With minReplicas 0: time without a request after which the last replica goes.',
    ),
    activationReplicas: whole(1).describe('With minReplicas 0: replicas that the first request starts.'),
    behavior: z
      .strictObject({ scaleUp: RulesSettings.optional(), scaleDown: RulesSettings.optional() })
      .optional()
      .describe(
        'With the algorithm hpa: how fast replicas come and go, as behavior of a HorizontalPodAutoscaler, with times in ms. Default: that of Kubernetes.',
      ),
    weight: positive(1).describe(
      'Where the machine has too few cores for all models: how much a replica of this model counts, against those of others.',
    ),
  })
  .refine(({ minReplicas, maxReplicas }) => minReplicas <= maxReplicas, {
    error: 'at least autoscaling.minReplicas',
    path: ['maxReplicas'],
  })
  .refine(({ algorithm, behavior }) => algorithm === 'hpa' || behavior === undefined, {
    error: 'only with algorithm: hpa',
    path: ['behavior'],
  });
export type AutoscalingSettings = z.output<typeof AutoscalingSettings>;
