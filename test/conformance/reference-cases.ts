import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Datatype } from '../../src/tensor/datatype.ts';
import type { Allowance } from '../support/same-tensors.ts';
import type { PlainTensor } from '../support/tensor-asking.ts';

/** A test of the onnx package that Python's onnxruntime passes. */
export interface ReferenceCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly allowance: Allowance;
  readonly sets: readonly { readonly inputs: PlainTensor[]; readonly outputs: PlainTensor[] }[];
}

export interface ReferenceCases {
  readonly cases: readonly ReferenceCase[];
  readonly outOfScope: readonly { readonly name: string; readonly reason: string }[];
}

interface WrittenTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Base64. */
  readonly data: string;
}

interface Manifest {
  readonly outOfScope: ReferenceCases['outOfScope'];
  readonly cases: readonly {
    readonly name: string;
    readonly rtol: number;
    readonly atol: number;
    readonly sets: readonly {
      readonly inputs: readonly WrittenTensor[];
      readonly outputs: readonly WrittenTensor[];
    }[];
  }[];
}

const SCRIPT = fileURLToPath(new URL('../../../test/conformance/onnx-reference.py', import.meta.url));
/** Output of the script when Python or a package is missing. */
const MISSING = 77;

/** Generates the cases with Python; returns a text with the reason when it cannot. */
export function writeCases(python: string, folder: string): string | undefined {
  const { status, stderr, error } = spawnSync(python, ['-W', 'ignore', SCRIPT, folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  if (error !== undefined) return `${python} cannot be run (${error.message})`;
  if (status === MISSING) return stderr.trim();
  if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr.slice(-2000)}`);
  return undefined;
}

export function readCases(folder: string): ReferenceCases {
  const { cases, outOfScope } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  return {
    outOfScope,
    cases: cases.map(({ name, rtol, atol, sets }) => ({
      name,
      bytes: readFileSync(join(folder, 'models', name, 'model.onnx')),
      allowance: (_datatype, right) => atol + rtol * Math.abs(right),
      sets: sets.map(({ inputs, outputs }) => ({
        inputs: inputs.map(toPlain),
        outputs: outputs.map(toPlain),
      })),
    })),
  };
}

function toPlain({ data, ...tensor }: WrittenTensor): PlainTensor {
  return { ...tensor, bytes: Buffer.from(data, 'base64') };
}
