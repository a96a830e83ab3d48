import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { serveTogether } from '../support/model-farm.ts';
import { differenceOf } from '../support/same-tensors.ts';
import { askBinary, askText, type TensorAnswer } from '../support/tensor-asking.ts';
import { tensorText } from '../support/tensor-text.ts';
import type { ReferenceCase } from './reference-cases.ts';

/** A case with another answer than that of onnxruntime. */
export interface ReferenceFailure {
  readonly name: string;
  readonly kind: 'not served' | 'refused' | 'other numbers';
  readonly detail: string;
  /** The problem of Galley's runtime alone with the case; undefined when the runtime is right. */
  readonly runtime: string | undefined;
}

const ALONE = fileURLToPath(new URL('./run-reference-alone.js', import.meta.url));

/** Serves the cases, many per server, and sends each as binary data and as JSON. */
export async function runReference(
  cases: readonly ReferenceCase[],
  folder: string,
  perServer: number,
  progress: (done: number) => void,
): Promise<ReferenceFailure[]> {
  const failures: ReferenceFailure[] = [];
  const fail = (name: string, kind: ReferenceFailure['kind'], detail: string) => {
    failures.push({ name, kind, detail, runtime: withoutGalley(folder, name) });
  };
  for (let start = 0; start < cases.length; start += perServer) {
    await serveTogether(cases.slice(start, start + perServer), {
      settings: '',
      serve: async ({ url }, served) => {
        for (const it of served) {
          const problem = await problemOf(url, it);
          if (problem !== undefined) fail(it.name, ...problem);
        }
      },
      refused: ({ name }, why) => fail(name, 'not served', why),
    });
    progress(Math.min(start + perServer, cases.length));
  }
  return failures;
}

type Problem = readonly ['refused' | 'other numbers', string];

async function problemOf(
  url: string,
  { name, sets, allowance }: ReferenceCase,
): Promise<Problem | undefined> {
  for (const { inputs, outputs } of sets) {
    const text = tensorText(inputs);
    const asked: readonly (readonly [string, TensorAnswer])[] = [
      ['by bytes', await askBinary(url, name, inputs)],
      ...(text === undefined ? [] : [['by text', await askText(url, name, text)] as const]),
    ];
    for (const [how, answer] of asked) {
      if ('error' in answer) return ['refused', `${how}: ${answer.status} ${answer.error}`];
      const difference = differenceOf(answer.outputs, outputs, allowance);
      if (difference !== undefined) return ['other numbers', `${how}: ${difference}`];
    }
  }
  return undefined;
}

/** Runs in a separate process, because some models end it. */
function withoutGalley(folder: string, name: string): string | undefined {
  try {
    execFileSync(process.execPath, [ALONE, folder, name], {
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: 60_000,
    });
    return undefined;
  } catch (caught) {
    const { stdout, status, signal } = caught as {
      stdout: string;
      status: number | null;
      signal: string | null;
    };
    return stdout.trim() === '' ? `ended with ${status ?? signal}` : stdout.trim();
  }
}
