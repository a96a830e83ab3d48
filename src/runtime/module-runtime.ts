import { register } from 'node:module';
import { basename, dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../base/errors.ts';
import { fitsShape } from '../model/check-inputs.ts';
import {
  checkModelDefinition,
  type ModelDefinition,
  type ModelInput,
  type ModelOutput,
} from '../model/define-model.ts';
import type { ModelMetadata, TensorMetadata } from '../model/model-metadata.ts';
import { decodeBytesElements } from '../tensor/bytes-elements.ts';
import { elementCount, type Tensor, typedArrayOf } from '../tensor/tensor.ts';
import { encodeOutput } from './encode-output.ts';
import type { RunCall, Runtime, RuntimeSpec } from './runtime.ts';

/** Imports a module model and calls its `load`. Rethrows the module's errors. */
export async function loadModule({ file, threads, device }: RuntimeSpec): Promise<Runtime> {
  register('./galley-resolver.js', import.meta.url);
  try {
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
    const definition = checkModelDefinition(file, module.default);
    const state = await definition.load?.({ directory: dirname(file), threads, device });
    return new ModuleRuntime(file, definition, state);
  } catch (caught) {
    throw located(file, caught);
  }
}

/** Adds the line in the model's own file to an error. */
function located(file: string, caught: unknown): Error {
  const message = messageOf(caught);
  const stack = caught instanceof Error ? (caught.stack ?? '') : '';
  const url = pathToFileURL(file).href;
  const line = lineIn(stack, `${basename(file)}:`) ?? lineIn(stack, `${basename(url)}:`);
  const place = line === undefined || message.includes(file) ? '' : ` (${basename(file)}, line ${line})`;
  const isCommonJs = /Cannot use import statement|Unexpected token 'export'/.test(message);
  const fix = isCommonJs
    ? '; rename the file to model.mjs, or set "type": "module" in the nearest package.json'
    : '';
  return new Error(`${message}${place}${fix}`, { cause: caught });
}

/**
 * The line number after the first mention of a file. No regular expression, because a file name may contain anything.
 */
function lineIn(stack: string, place: string): string | undefined {
  for (let at = stack.indexOf(place); at !== -1; at = stack.indexOf(place, at + 1)) {
    const line = /^\d+/.exec(stack.slice(at + place.length))?.[0];
    if (line !== undefined) return line;
  }
  return undefined;
}

class ModuleRuntime implements Runtime {
  readonly metadata: ModelMetadata;
  readonly #file: string;
  readonly #definition: ModelDefinition;
  readonly #state: unknown;

  constructor(file: string, definition: ModelDefinition, state: unknown) {
    this.#file = file;
    this.#definition = definition;
    this.#state = state;
    this.metadata = {
      platform: 'galley_module',
      device: definition.device?.(state) ?? 'cpu',
      inputs: definition.inputs.map(copyOf),
      outputs: definition.outputs.map(copyOf),
      readsParameters: true,
    };
  }

  async run(inputs: readonly Tensor[], call: RunCall): Promise<Tensor[]> {
    const named: Record<string, ModelInput> = {};
    for (const input of inputs) named[input.name] = toModel(input);
    const results = await this.#predict(named, call);
    return this.metadata.outputs.map((output) => fromModel(output, results?.[output.name]));
  }

  async #predict(inputs: Record<string, ModelInput>, call: RunCall) {
    try {
      return await this.#definition.predict(inputs, this.#state, call);
    } catch (caught) {
      throw located(this.#file, caught);
    }
  }

  async unload(): Promise<void> {
    await this.#definition.unload?.(this.#state);
  }
}

function copyOf({ name, datatype, shape }: TensorMetadata): TensorMetadata {
  return { name, datatype, shape };
}

function toModel({ datatype, shape, data }: Tensor): ModelInput {
  return { shape, data: datatype === 'BYTES' ? decodeBytesElements(data) : typedArrayOf(datatype, data) };
}

function fromModel(
  { name, datatype, shape: declared }: TensorMetadata,
  output: ModelOutput | undefined,
): Tensor {
  if (output?.data === undefined || !Array.isArray(output.shape)) {
    throw new Error(`predict returned no output '${name}'; expected {shape, data}`);
  }
  const { shape, data } = output;
  if (!fitsShape(shape, declared)) {
    throw new Error(
      `output '${name}' has shape [${shape.join(',')}]; the declared shape is [${declared.join(',')}]`,
    );
  }
  const count = elementCount(shape);
  if (data.length !== count) {
    throw new Error(
      `output '${name}' has ${data.length} elements; its shape [${shape.join(',')}] requires ${count}`,
    );
  }
  return { name, datatype, shape, data: encodeOutput(name, datatype, data) };
}
