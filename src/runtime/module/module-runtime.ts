import { register } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesOf } from '../../model/artefact.ts';
import { CallRefused } from '../../model/call-refused.ts';
import { fitsShape } from '../../model/check-inputs.ts';
import {
  checkModelDefinition,
  type ModelDefinition,
  type ModelInput,
  type ModelOutput,
} from '../../model/define-model.ts';
import type { Infer } from '../../model/model-call.ts';
import type { ModelMetadata, TensorMetadata } from '../../model/model-metadata.ts';
import { isTypeScript } from '../../model/module-source.ts';
import { decodeBytesElements } from '../../tensor/bytes-elements.ts';
import { elementCount, type Tensor, typedArrayOf } from '../../tensor/tensor.ts';
import { encodeOutput } from '../contract/encode-output.ts';
import type { PartsCall, RunCall, Runtime, RuntimeSpec } from '../contract/runtime.ts';
import { inputsOfCall, outputsOfCall } from './call-tensors.ts';
import { ErrorPlaces } from './error-places.ts';
import { samplesOf } from './module-samples.ts';

/** Imports a module model and calls its `load`. Rethrows the module's errors. */
export async function loadModule({ file, threads, device }: RuntimeSpec): Promise<Runtime> {
  const places = new ErrorPlaces(file, filesOf('module', file));
  hook('./galley-resolver.js');
  if (isTypeScript(file)) {
    process.setSourceMapsEnabled(true);
    hook('./typescript-hooks.js');
  }
  try {
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
    const definition = checkModelDefinition(file, module.default);
    const state = await definition.load?.({ directory: dirname(file), threads, device });
    return new ModuleRuntime(places, definition, state);
  } catch (caught) {
    throw places.located(caught);
  }
}

const hooked = new Set<string>();

/** Once: a second registration would ask the hooks twice, and each of those again. */
function hook(hooks: string): void {
  if (!hooked.has(hooks)) register(hooks, import.meta.url);
  hooked.add(hooks);
}

class ModuleRuntime implements Runtime {
  readonly metadata: ModelMetadata;
  readonly #places: ErrorPlaces;
  readonly #definition: ModelDefinition;
  readonly #state: unknown;

  constructor(places: ErrorPlaces, definition: ModelDefinition, state: unknown) {
    this.#places = places;
    this.#definition = definition;
    this.#state = state;
    const sample = samplesOf(definition);
    this.metadata = {
      platform: 'galley_module',
      device: definition.device?.(state) ?? 'cpu',
      inputs: definition.inputs.map(copyOf),
      outputs: definition.outputs.map(copyOf),
      readsParameters: true,
      ...(sample === undefined ? {} : { sample }),
      ...(definition.predictStream === undefined ? {} : { answersInParts: true }),
      ...(definition.predict === undefined
        ? { rowsDependOn: 'predictStream answers one request at a time' }
        : {}),
      ...(definition.healthy === undefined ? {} : { tellsHealth: true }),
      ...(definition.uses === undefined ? {} : { uses: definition.uses }),
    };
  }

  async whyUnhealthy(): Promise<string | undefined> {
    if (this.#definition.healthy === undefined) return undefined;
    try {
      const health: unknown = await this.#definition.healthy(this.#state);
      if (health === true) return undefined;
      if (health === false) return 'the model reports that it is not healthy';
      if (typeof health === 'string') return `the model reports that it is not healthy: ${health}`;
      return `'healthy' returned ${typeof health}, wanted true, false or the reason as text`;
    } catch (caught) {
      return `'healthy' threw: ${this.#places.located(caught).message}`;
    }
  }

  async run(inputs: readonly Tensor[], call: RunCall): Promise<Tensor[]> {
    if (this.#definition.predict === undefined) return this.#runWhole(inputs, call);
    const results = await this.#predict(named(inputs), call);
    return this.#outputsOf(results, 'predict');
  }

  async *runInParts(inputs: readonly Tensor[], call: PartsCall): AsyncGenerator<Tensor[]> {
    try {
      const { rows, parameters, signal } = call;
      const context = { rows, parameters, signal, infer: inferBy(call) };
      const parts = this.#definition.predictStream?.(named(inputs), this.#state, context);
      for await (const part of parts ?? []) yield this.#outputsOf(part, 'predictStream');
    } catch (caught) {
      throw caught instanceof CallRefused ? caught : this.#places.located(caught);
    }
  }

  /** Of a model that answers only in parts, one part is a whole answer. */
  async #runWhole(inputs: readonly Tensor[], call: RunCall): Promise<Tensor[]> {
    const { rows, parameters, isPractice, ask } = call;
    const { signal } = new AbortController();
    let whole: Tensor[] | undefined;
    for await (const part of this.runInParts(inputs, { rows, parameters, signal, ask })) {
      if (whole !== undefined) {
        call.refuseInput(0, 'the model answers in parts: send the request to generate_stream');
        break;
      }
      whole = part;
      if (isPractice) break;
    }
    if (whole === undefined) throw new Error('predictStream made no part');
    return whole;
  }

  #outputsOf(results: Record<string, ModelOutput> | undefined, by: string): Tensor[] {
    return this.metadata.outputs.map((output) => fromModel(output, results?.[output.name], by));
  }

  async #predict(inputs: Record<string, ModelInput>, call: RunCall) {
    const { rows, parameters, refuseRow, refuseInput } = call;
    try {
      const context = { rows, parameters, refuseRow, refuseInput, infer: inferBy(call) };
      return await this.#definition.predict?.(inputs, this.#state, context);
    } catch (caught) {
      throw caught instanceof CallRefused ? caught : this.#places.located(caught);
    }
  }

  async unload(): Promise<void> {
    await this.#definition.unload?.(this.#state);
  }
}

/** The calls of the code of a model, in tensors. */
function inferBy({ ask }: Pick<RunCall, 'ask'>): Infer {
  return async (model, given, { timeoutMs, parameters = {} } = {}) =>
    outputsOfCall(await ask({ model, inputs: inputsOfCall(model, given), parameters, timeoutMs }));
}

function copyOf({ name, datatype, shape }: TensorMetadata): TensorMetadata {
  return { name, datatype, shape };
}

function named(inputs: readonly Tensor[]): Record<string, ModelInput> {
  const byName: Record<string, ModelInput> = {};
  for (const input of inputs) byName[input.name] = toModel(input);
  return byName;
}

function toModel({ datatype, shape, data }: Tensor): ModelInput {
  // A shape of its own, because a model in JavaScript may change it, and other requests share it.
  return {
    shape: [...shape],
    data: datatype === 'BYTES' ? decodeBytesElements(data) : typedArrayOf(datatype, data),
  };
}

function fromModel(
  { name, datatype, shape: declared }: TensorMetadata,
  output: ModelOutput | undefined,
  by: string,
): Tensor {
  if (output?.data === undefined || !Array.isArray(output.shape)) {
    throw new Error(`${by} returned no output '${name}'; expected {shape, data}`);
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
