import { COUNT_STEPS } from './count-steps.ts';
import type { GraphStep } from './graph-step.ts';
import { NEIGHBOUR_STEPS } from './neighbour-steps.ts';
import { PLACE_STEPS } from './place-steps.ts';

/** Steps in which a row's answer depends on its neighbours, its place or the number of rows. */
export const CROSSING_STEPS: readonly GraphStep[] = [...NEIGHBOUR_STEPS, ...PLACE_STEPS, ...COUNT_STEPS];
