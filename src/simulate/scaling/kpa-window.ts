import { pow } from '../../base/elementary.ts';

/** How much time a window holds, and in what steps. */
export interface WindowSettings {
  readonly windowMs: number;
  readonly granularityMs: number;
}

/** Sums per step of time. Steps are counted from the start of the clock. */
export interface KpaWindow {
  /** The first write since the window was last empty; undefined before any. */
  readonly firstStep: number | undefined;
  readonly lastStep: number;
  readonly sums: ReadonlyMap<number, number>;
}

/** Before the first write. */
export const EMPTY_WINDOW: KpaWindow = { firstStep: undefined, lastStep: 0, sums: new Map() };

/** The weights of the weighted average add up to this over a window. */
const WEIGHT_PRECISION = 0.9999;
const MIN_COEFFICIENT = 0.2;
/** Averages are rounded down, so that no error of a sum asks for one replica more. */
const STEPS_PER_UNIT = 1e6;

/** Adds a value to the step of its time; ignores one that is a whole window late. */
export function recordIn(settings: WindowSettings, window: KpaWindow, value: number, now: number): KpaWindow {
  const step = stepOf(settings, now);
  const { firstStep, lastStep, sums } = window;
  if (firstStep === undefined || isWindowApart(settings, lastStep, step)) {
    return { firstStep: step, lastStep: step, sums: new Map([[step, value]]) };
  }
  if (isWindowApart(settings, step, lastStep)) return window;
  const last = Math.max(lastStep, step);
  const kept = new Map([...sums].filter(([at]) => at > last - countOfSteps(settings)));
  kept.set(step, (kept.get(step) ?? 0) + value);
  return { firstStep: Math.min(firstStep, step), lastStep: last, sums: kept };
}

/** The average per step since the first write, or over the window; 0 after a window of silence. */
export function averageOf(settings: WindowSettings, window: KpaWindow, now: number): number {
  const { firstStep, lastStep, sums } = window;
  const step = stepOf(settings, now);
  if (firstStep === undefined || isWindowApart(settings, lastStep, step)) return 0;
  const silent = Math.max(0, step - lastStep);
  const oldest = lastStep + silent - countOfSteps(settings);
  let total = 0;
  for (const [at, sum] of sums) if (at > oldest) total += sum;
  const steps = Math.min(lastStep - firstStep + 1, countOfSteps(settings) - silent);
  return Math.floor((total / steps) * STEPS_PER_UNIT) / STEPS_PER_UNIT;
}

/** The average with weights that fall exponentially with age, also with silence. */
export function weightedAverageOf(settings: WindowSettings, window: KpaWindow, now: number): number {
  const { firstStep, lastStep, sums } = window;
  const step = stepOf(settings, now);
  if (firstStep === undefined || (step - lastStep) * settings.granularityMs > settings.windowMs) return 0;
  const steps = countOfSteps(settings);
  const coefficient = Math.max(1 - pow(1 - WEIGHT_PRECISION, 1 / steps), MIN_COEFFICIENT);
  const newest = Math.max(step, lastStep);
  let weight = coefficient;
  let average = 0;
  for (let at = newest; at > newest - steps; at--) {
    average += weight * (sums.get(at) ?? 0);
    weight *= 1 - coefficient;
  }
  return average;
}

function isWindowApart({ windowMs, granularityMs }: WindowSettings, from: number, to: number): boolean {
  return (to - from) * granularityMs >= windowMs;
}

function countOfSteps({ windowMs, granularityMs }: WindowSettings): number {
  return Math.ceil(windowMs / granularityMs);
}

function stepOf({ granularityMs }: WindowSettings, now: number): number {
  return Math.floor(now / granularityMs);
}
