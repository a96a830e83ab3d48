import type { Answer } from '../model/inference.ts';
import { numbersOf } from '../tensor/numbers.ts';
import { elementCount, type Tensor, typedArrayOf } from '../tensor/tensor.ts';
import { topOf } from './agreement.ts';
import { textsOf } from './request/element-text.ts';
import type { ChoosePlan, Onward, Target } from './route-plan.ts';

/** What a classifier's answer means for a route. */
export interface Choice {
  readonly to: Target | Onward;
  /** In words, for an explanation. */
  readonly why: string;
}

/**
 * The target for the answer of a classifier: its label, if every row has the same and none is less confident than the
 * threshold; else `otherwise`.
 */
export function choiceOf(plan: ChoosePlan, { outputs }: Answer): Choice {
  const { output, confidence, threshold, targets, otherwise } = plan;
  const labels = labelsIn(outputs, output);
  if (labels === undefined) return { to: otherwise, why: `${plan.by.name} has no output '${output}'` };
  const [label] = labels.texts;
  if (label === undefined) return { to: otherwise, why: `output '${output}' of ${plan.by.name} is empty` };
  if (labels.texts.some((other) => other !== label))
    return { to: otherwise, why: 'the rows have different labels' };
  const given = confidence === undefined ? labels.scores : scoresIn(outputs, confidence);
  const least = given?.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
  const named = `${plan.by.name} says '${label.slice(0, 100)}'`;
  // A confidence that is missing or not a number is below any threshold.
  if (threshold > 0 && !((least ?? Number.NaN) >= threshold))
    return { to: otherwise, why: `${named} with confidence ${least ?? 'unknown'}, below ${threshold}` };
  const to = targets.get(label);
  return to === undefined ? { to: otherwise, why: `${named}, which has no target` } : { to, why: named };
}

interface Labels {
  readonly texts: readonly string[];
  /** The largest score of each row; undefined for labels without scores. */
  readonly scores: readonly number[] | undefined;
}

/** Text and whole numbers are labels; floats are scores by class along the last axis. */
function labelsIn(outputs: readonly Tensor[], name: string): Labels | undefined {
  const tensor = outputs.find((output) => output.name === name);
  if (tensor === undefined) return undefined;
  if (tensor.datatype === 'BYTES') return { texts: textsOf(tensor), scores: undefined };
  const numbers = numbersOf(tensor);
  const isScore = /FP|BF/.test(tensor.datatype);
  if (numbers === undefined || !isScore) {
    const whole = numbers ?? (typedArrayOf(tensor.datatype, tensor.data) as BigInt64Array);
    return { texts: Array.from(whole as ArrayLike<number>, String), scores: undefined };
  }
  const classes = Math.max(1, tensor.shape.at(-1) ?? 1);
  const rows = Math.floor(elementCount(tensor.shape) / classes);
  const tops = Array.from({ length: rows }, (_, row) => topOf(numbers, row * classes, classes));
  return {
    texts: tops.map(String),
    scores: tops.map((top, row) => numbers[row * classes + top] as number),
  };
}

function scoresIn(outputs: readonly Tensor[], name: string): readonly number[] | undefined {
  const tensor = outputs.find((output) => output.name === name);
  const numbers = tensor && numbersOf(tensor);
  return numbers === undefined || numbers.length === 0 ? undefined : Array.from(numbers);
}
