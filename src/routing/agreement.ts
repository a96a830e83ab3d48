import type { CompareSettings } from '../config/canary-settings.ts';
import type { Answer } from '../model/inference.ts';
import { numbersOf } from '../tensor/numbers.ts';
import { flatten } from '../tensor/segments.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Why two answers to one request differ, in words; undefined when they agree. */
export function disagreement(control: Answer, other: Answer, settings: CompareSettings): string | undefined {
  const { output, by } = settings;
  const compared = control.outputs.filter(({ name }) => output === undefined || name === output);
  const pairs = compared.flatMap((one) => {
    const match = other.outputs.find(({ name }) => name === one.name);
    return match === undefined ? [] : [[one, match] as const];
  });
  if (pairs.length === 0) return `no output ${output === undefined ? 'in common' : `'${output}' in both`}`;
  for (const [one, two] of pairs) {
    const differs = by === 'top1' ? otherTop(one, two) : otherValues(one, two, settings);
    if (differs !== undefined) return `output '${one.name}' ${differs}`;
  }
  return undefined;
}

function otherValues(one: Tensor, two: Tensor, { by, tolerance }: CompareSettings): string | undefined {
  if (one.datatype !== two.datatype || one.shape.join() !== two.shape.join())
    return `is ${formOf(one)} and ${formOf(two)}`;
  const numbers = by === 'tolerance' ? numbersOf(one) : undefined;
  const others = by === 'tolerance' ? numbersOf(two) : undefined;
  if (numbers === undefined || others === undefined)
    return Buffer.compare(flatten(one.data), flatten(two.data)) === 0 ? undefined : 'has other bytes';
  for (let index = 0; index < numbers.length; index++) {
    const [a, b] = [numbers[index] as number, others[index] as number];
    if (!isNear(a, b, tolerance)) return `has ${a} and ${b} at element ${index}`;
  }
  return undefined;
}

function isNear(a: number, b: number, tolerance: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  const largest = Math.max(1, Math.abs(a), Math.abs(b));
  // Any number is within a share of infinity.
  return Number.isFinite(largest) && Math.abs(a - b) <= tolerance * largest;
}

/** Scores of the last axis are one row each; labels are compared as they are. */
function otherTop(one: Tensor, two: Tensor): string | undefined {
  const [scores, others] = [numbersOf(one), numbersOf(two)];
  const classes = one.shape.at(-1) ?? 1;
  const isLabel = classes === 1 || one.shape.length < 2;
  if (scores === undefined || others === undefined || (isLabel && !isFloat(one)))
    return Buffer.compare(flatten(one.data), flatten(two.data)) === 0 ? undefined : 'has another label';
  if (one.shape.join() !== two.shape.join()) return `is ${formOf(one)} and ${formOf(two)}`;
  for (let start = 0; start < scores.length; start += classes) {
    const [a, b] = [topOf(scores, start, classes), topOf(others, start, classes)];
    if (a !== b) return `has its largest score at class ${a} and ${b}`;
  }
  return undefined;
}

/** Index of the largest of `count` scores from `start`. */
export function topOf(scores: ArrayLike<number>, start: number, count: number): number {
  let top = 0;
  for (let index = 1; index < count; index++) {
    if ((scores[start + index] as number) > (scores[start + top] as number)) top = index;
  }
  return top;
}

function isFloat({ datatype }: Tensor): boolean {
  return /FP|BF/.test(datatype);
}

function formOf({ datatype, shape }: Tensor): string {
  return `${datatype}[${shape.join(',')}]`;
}
