import { isUtf8 } from 'node:buffer';
import type { TransformersSettings } from '../../config/transformers-settings.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import { readOnnxFile } from '../../model/onnx-file.ts';
import { decodeBytesElements } from '../../tensor/bytes-elements.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { crossRowOperator } from '../contract/cross-row-operator.ts';
import { encodeOutput } from '../contract/encode-output.ts';
import type { Runtime, RuntimeSpec } from '../contract/runtime.ts';
import { unfitTexts } from '../contract/unfit-texts.ts';
import { type HubFolder, readHubFolder } from './hub-folder.ts';
import { type TextResult, type TextTask, textTask } from './text-task.ts';
import { importTransformers, type TransformersLibrary } from './transformers-library.ts';

/** The network and the tokenizer of a folder as one function. */
interface Network {
  run(texts: readonly string[]): Promise<TextResult>;
  close(): Promise<unknown>;
}

/** Errors only, because warnings about a model would be repeated with every load. */
const LOG_ERRORS = 3;

/** Opens a model in the layout of the Hugging Face hub: texts go in, as its task says. Reads only local files. */
export async function loadTransformers(spec: RuntimeSpec, settings: TransformersSettings): Promise<Runtime> {
  const hub = readHubFolder(spec.file, settings);
  const library = await importTransformers(spec.file);
  const task = textTask(library, hub, settings);
  const network = await openNetwork(library, hub, spec, settings);
  // Some configurations do not say how many numbers a row has; and what cannot run must not become ready.
  const { size } = await task.rows(await network.run(['a']));
  const rowsDependOn = crossRowOperator(readOnnxFile(hub.weights)?.opTypes ?? []);
  return new TransformersRuntime(network, task, {
    ...{ platform: 'galley_transformers', device: spec.device },
    inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
    outputs: [...task.outputs(size), { name: 'tokens', datatype: 'INT32', shape: [-1] }],
    readsParameters: false,
    ...(rowsDependOn === undefined ? {} : { rowsDependOn }),
  });
}

async function openNetwork(
  { AutoModel, AutoModelForSequenceClassification, AutoTokenizer }: TransformersLibrary,
  { folder, subfolder, config, task }: HubFolder,
  { device, threads }: RuntimeSpec,
  { dtype }: TransformersSettings,
): Promise<Network> {
  const Model = task === 'feature-extraction' ? AutoModel : AutoModelForSequenceClassification;
  const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true });
  const model = await Model.from_pretrained(folder, {
    ...{ local_files_only: true, subfolder, dtype },
    device: device as 'cpu',
    session_options: {
      ...{ intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: LOG_ERRORS },
      // Idle threads must sleep, because spinning occupies a core that other replicas need.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    },
  });
  // Some tokenizers have no limit, and the network fails on longer texts.
  const longest = Math.min(tokenizer.model_max_length, config.max_position_embeddings ?? Infinity);
  const length = Number.isSafeInteger(longest) ? { max_length: longest } : {};
  return {
    async run(texts) {
      const tokens = tokenizer([...texts], { padding: true, truncation: true, ...length });
      const mask = tokens.attention_mask;
      return { outputs: await model(tokens), mask, tokens: tokensPerText(mask) };
    },
    close: () => model.dispose(),
  };
}

class TransformersRuntime implements Runtime {
  readonly metadata: ModelMetadata;
  readonly #network: Network;
  readonly #task: TextTask;

  constructor(network: Network, task: TextTask, metadata: ModelMetadata) {
    this.#network = network;
    this.#task = task;
    this.metadata = metadata;
  }

  unfitRows(inputs: readonly Tensor[], rows: number): Map<number, string> {
    return unfitTexts(inputs, rows, (text) =>
      isUtf8(text) ? undefined : 'is not UTF-8 text, which a tokenizer requires',
    );
  }

  async run([input]: readonly Tensor[]): Promise<Tensor[]> {
    const texts = decodeBytesElements((input as Tensor).data).map((text) =>
      Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8'),
    );
    const result = await this.#network.run(texts);
    const { values, size } = await this.#task.rows(result);
    const answer = this.#task.answer(values, size);
    const tokens = { shape: [texts.length], data: result.tokens };
    return this.metadata.outputs.map(({ name, datatype }) => {
      const { shape, data } = answer[name] ?? tokens;
      return { name, datatype, shape, data: encodeOutput(name, datatype, data) };
    });
  }

  async unload(): Promise<void> {
    await this.#network.close();
  }
}

function tokensPerText({ data, dims }: TextResult['mask']): Int32Array {
  const [rows = 0, length = 0] = dims;
  const mask = data as BigInt64Array;
  return Int32Array.from({ length: rows }, (_, row) => {
    let count = 0;
    for (let at = row * length; at < (row + 1) * length; at++) count += Number(mask[at]);
    return count;
  });
}
