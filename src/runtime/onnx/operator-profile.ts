import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort, { type InferenceSession } from 'onnxruntime-node';
import { allocateArray, elementCount } from '../../tensor/tensor.ts';
import { datatypeOf } from './onnx-types.ts';

/** How many operators of a model ran on the CPU, and how many on another device. */
export interface OperatorCount {
  readonly onCpu: number;
  readonly onDevice: number;
}

/** Larger inputs are not made up. */
const MOST_ELEMENTS = 16 * 1024 * 1024;

/** Finds where the operators of a session run, in the profile of one run on made-up inputs. */
export class OperatorProfile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'galley-profile-'));

  /** Options with which the session is to be opened. */
  get options(): InferenceSession.SessionOptions {
    return { enableProfiling: true, profileFilePrefix: join(this.#folder, 'profile') };
  }

  /** undefined when the model does not accept the inputs. Ends the profiling; to be called once. */
  async count(session: InferenceSession): Promise<OperatorCount | undefined> {
    const hasRun = await acceptsMadeUp(session);
    try {
      session.endProfiling();
      const [file = ''] = readdirSync(this.#folder);
      return hasRun ? operatorsIn(readFileSync(join(this.#folder, file), 'utf8')) : undefined;
    } finally {
      this.remove();
    }
  }

  /** For a session that could not be opened. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Counts the operators in a profile of ONNX Runtime. */
export function operatorsIn(profile: string): OperatorCount {
  const events = JSON.parse(profile) as {
    readonly cat?: string;
    readonly args?: { readonly provider?: string };
  }[];
  const providers = events.flatMap(({ cat, args }) =>
    cat === 'Node' && args?.provider ? [args.provider] : [],
  );
  const onCpu = providers.filter((provider) => provider === 'CPUExecutionProvider').length;
  return { onCpu, onDevice: providers.length - onCpu };
}

async function acceptsMadeUp(session: InferenceSession): Promise<boolean> {
  try {
    await session.run(Object.fromEntries(session.inputMetadata.map(madeUp)));
    return true;
  } catch {
    return false;
  }
}

/** Zeros, because most models accept them; axes that the model leaves open have the size 1. */
function madeUp(input: InferenceSession.ValueMetadata): [string, ort.Tensor] {
  const datatype = input.isTensor ? datatypeOf(input.type) : undefined;
  if (!input.isTensor || datatype === undefined) throw new Error('an input cannot be made up');
  const shape = input.shape.map((size) => (typeof size === 'number' && size >= 0 ? size : 1));
  const elements = elementCount(shape);
  if (elements > MOST_ELEMENTS) throw new Error('an input is too large to be made up');
  const data = datatype === 'BYTES' ? Array<string>(elements).fill('') : allocateArray(datatype, elements);
  return [input.name, new ort.Tensor(input.type, data as Float32Array, shape)];
}
