import * as z from 'zod';
import { CanarySettings, CompareSettings } from './canary-settings.ts';
import { ExperimentSettings } from './experiment-settings.ts';
import { duration, share, text, whole } from './fields.ts';
import { Expression, KeySource, StaticAnswer, TargetName } from './route-fields.ts';

const MEBIBYTE = 1024 * 1024;

/** What a request must have for a rule. */
export const MatchSettings = z
  .strictObject({
    name: Expression.optional().describe('The name that was called; useful where the route is named with *.'),
    header: z.record(z.string().min(1), Expression).optional().describe('Header fields by name.'),
    parameter: z
      .record(z.string().min(1), Expression)
      .optional()
      .describe('Request parameters by name. The rule waits for the body.'),
    tenant: Expression.optional().describe('The tenant of the request.'),
    version: Expression.optional().describe('The version in the path.'),
    input: z
      .strictObject({
        name: z.string().min(1).describe('Name of the input.'),
        datatype: z
          .string()
          .regex(/^[A-Z]+\d*$/)
          .optional()
          .describe('Its datatype, such as FP32 or BYTES.'),
        shape: z.array(z.int().min(-1)).optional().describe('Its shape; -1 is any size.'),
        value: Expression.optional().describe('Its first element, where the input has at most 4 KiB.'),
      })
      .optional()
      .describe('An input that the request brings. The rule waits for the body.'),
  })
  .refine((match) => Object.values(match).some((value) => value !== undefined), {
    error: 'at least one of name, header, parameter, tenant, version, input',
  });

const SplitWeights = z
  .record(TargetName, z.number().min(0))
  .refine((weights) => Object.values(weights).some((weight) => weight > 0), {
    error: 'at least one weight above 0',
  })
  .describe('Weights by target, relative to each other.');

const ChooseSettings = z.strictObject({
  by: TargetName.describe('The classifier: it gets those inputs of the request that it has.'),
  output: z.string().min(1).describe('Its output: a label (text or whole number), or scores by class.'),
  confidence: text().describe('Its output with the confidence. Default: the largest score.'),
  threshold: z.number().default(0).describe('Lowest confidence; below it, `otherwise`.'),
  targets: z.record(z.string().min(1), TargetName).describe('Targets by label, or by index of the class.'),
  otherwise: TargetName.describe('The target for any other label, and for a classifier that fails.'),
});

/** A decision of a route, in one of several forms. */
const Use = z
  .strictObject({
    split: SplitWeights.optional().describe('A target by chance.'),
    stickyBy: KeySource.optional().describe('With split: requests of the same key get the same target.'),
    experiment: ExperimentSettings.optional().describe('With split: compares the targets.'),
    canary: CanarySettings.optional().describe('A new version that takes over step by step.'),
    choose: ChooseSettings.optional().describe('A target by the answer of a classifier.'),
    named: z
      .strictObject({
        by: KeySource,
        among: z.array(TargetName).min(1).describe('The targets that a request may name.'),
        otherwise: TargetName.describe('The target for a request that names none of them.'),
      })
      .optional()
      .describe('The target that the request names.'),
    answer: StaticAnswer.optional(),
    refuse: z.string().min(1).optional().describe('Refuse the request with this message.'),
  })
  .refine((use) => FORMS.filter((form) => use[form] !== undefined).length === 1, {
    error: 'exactly one of split, canary, choose, named, answer, refuse',
  })
  .refine(
    ({ split, stickyBy, experiment }) => split !== undefined || (stickyBy ?? experiment) === undefined,
    {
      error: 'stickyBy and experiment only together with split',
    },
  );
const FORMS = ['split', 'canary', 'choose', 'named', 'answer', 'refuse'] as const;

/** A target by name, or a decision. */
const UseSettings = z.union([TargetName, Use]);
export type UseSettings = z.output<typeof UseSettings>;

const FallbackSettings = z.union([
  TargetName,
  z
    .strictObject({
      cached: z
        .strictObject({
          maxAge: duration('10m').describe('Age of the oldest answer that is used.'),
          maxBytes: whole(64 * MEBIBYTE).describe('Memory for answers.'),
        })
        .optional()
        .describe('The last answer to an equal request.'),
      answer: StaticAnswer.optional(),
    })
    .refine(({ cached, answer }) => (cached === undefined) !== (answer === undefined), {
      error: 'exactly one of cached and answer',
    }),
]);
export type FallbackSettings = z.output<typeof FallbackSettings>;

const ShadowSettings = z.strictObject({
  to: TargetName.describe('The target of the copies.'),
  share: share(1).describe('Share of the requests that are copied.'),
  maxInFlight: whole(32).describe('Largest number of copies in progress; beyond it none is made.'),
  maxBytes: whole(32 * MEBIBYTE).describe('Largest number of bytes of the copies in progress.'),
  compare: CompareSettings.prefault({}),
});
export type ShadowSettings = z.output<typeof ShadowSettings>;

const HedgeSettings = z.strictObject({
  to: TargetName.describe('The target of the second attempt.'),
  afterMs: z
    .number()
    .positive()
    .optional()
    .describe(
      'Time without an answer after which it starts. Default: the 95th percentile of the first target.',
    ),
  budget: share(0.05).describe('Largest share of requests with a second attempt.'),
});
export type HedgeSettings = z.output<typeof HedgeSettings>;

export type MatchSettings = z.output<typeof MatchSettings>;

/** One route: a public name with rules that lead to models. */
export const RouteSettings = z.strictObject({
  when: z
    .array(z.strictObject({ match: MatchSettings, use: UseSettings }))
    .default([])
    .describe('Rules in order; the first that matches decides.'),
  otherwise: UseSettings.describe('The decision where no rule matches.'),
  fallback: z
    .array(FallbackSettings)
    .default([])
    .describe('What answers, in order, when the target fails, is not ready or overloaded, or would be late.'),
  attemptShare: share(0.5).describe(
    'Part of the time to the deadline that an attempt may take while the fallback has a further target.',
  ),
  shadow: ShadowSettings.optional().describe('Copies of requests whose answers are compared and dropped.'),
  hedge: HedgeSettings.optional().describe('A second attempt where the first one is slow.'),
});
export type RouteSettings = z.output<typeof RouteSettings>;

/** All routes, by the name that clients call. */
export const RoutesSettings = z.record(z.string().min(1), RouteSettings).default({});
export type RoutesSettings = z.output<typeof RoutesSettings>;
