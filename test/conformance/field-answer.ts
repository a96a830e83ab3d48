import { parseExactJson } from '../../src/tensor/exact-json.ts';
import { exactText, type RightAnswer } from './field-case.ts';

export interface FieldAnswer {
  readonly status: number;
  readonly body: Buffer;
}

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly unknown[];
  readonly data: unknown;
}

const USUAL_TOLERANCE = 1e-4;

/** Describes what is wrong with an answer; undefined when it is right. */
export function wrongWith({ status, body }: FieldAnswer, right: RightAnswer): string | undefined {
  const wanted = [right.status ?? 200].flat();
  const text = body.toString();
  const got = JSON.stringify(text.slice(0, 200));
  const tolerance = right.tolerance ?? USUAL_TOLERANCE;
  if (!wanted.includes(status)) return `status ${status}, right is ${wanted.join(' or ')}: ${got}`;
  if (right.has !== undefined && !text.includes(right.has)) return `no ${right.has} in ${got}`;
  if (right.hex !== undefined && !body.toString('hex').endsWith(right.hex)) return `ends otherwise: ${got}`;
  if (right.json !== undefined && !isSame(parseExactJson(text), right.json, tolerance)) {
    return `${got}, right is ${exactText(right.json).slice(0, 200)}`;
  }
  for (const [name, [shape, data]] of Object.entries(right.outputs ?? {})) {
    const { outputs } = parseExactJson(text) as { outputs: readonly Output[] };
    const output = outputs.find((each) => each.name === name);
    const allowed = /^(U?INT|BOOL|BYTES)/.test(output?.datatype ?? '') ? 0 : tolerance;
    if (!isSame(output?.shape, shape, 0) || !isSame(output?.data, data, allowed)) {
      const given = output && `${exactText(output.shape)} ${exactText(output.data).slice(0, 120)}`;
      return `'${name}' is ${given}, right is ${exactText(shape)} ${exactText(data).slice(0, 120)}`;
    }
  }
  return undefined;
}

/** Compares numbers with a tolerance relative to their magnitude, at least 1; everything else exactly. */
function isSame(got: unknown, right: unknown, tolerance: number): boolean {
  if (Array.isArray(right)) {
    return (
      Array.isArray(got) &&
      got.length === right.length &&
      right.every((each, index) => isSame(got[index], each, tolerance))
    );
  }
  if (typeof right === 'object' && right !== null) {
    const members = Object.entries(right);
    return (
      typeof got === 'object' &&
      got !== null &&
      Object.keys(got).length === members.length &&
      members.every(([key, member]) => isSame((got as Record<string, unknown>)[key], member, tolerance))
    );
  }
  if (typeof right === 'number' && typeof got === 'number') {
    // Zeros of both signs are equal.
    return Object.is(got, right) || Math.abs(got - right) <= tolerance * Math.max(1, Math.abs(right));
  }
  return got === right;
}
