import { ELEMENTWISE_STEPS } from './elementwise-steps.ts';
import { FEATURE_STEPS } from './feature-steps.ts';
import type { GraphStep } from './graph-step.ts';
import { SEQUENCE_STEPS } from './sequence-steps.ts';

/** Steps that process each row independently. */
export const HONEST_STEPS: readonly GraphStep[] = [...ELEMENTWISE_STEPS, ...FEATURE_STEPS, ...SEQUENCE_STEPS];
