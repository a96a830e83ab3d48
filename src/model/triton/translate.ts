import { fieldsOfJson } from './json-config.ts';
import { flagIn, isGiven, messageIn, numberIn, placeOf, textIn } from './message-access.ts';
import { MODEL_CONFIG } from './model-config.ts';
import { isModuleFile } from './module-file.ts';
import { type Remark, TextFormatError } from './place.ts';
import { type Message, readMessage } from './read-message.ts';
import { reportFates } from './report-fates.ts';
import { type Field, parseTextFormat } from './text-format.ts';
import { translateBatching } from './translate-batching.ts';
import { isEnsemble, translateEnsemble } from './translate-ensemble.ts';
import { translateInstances } from './translate-instances.ts';
import { checkAccelerators, translateOptimization, translateParameters } from './translate-onnx.ts';
import { translateTensors } from './translate-tensors.ts';
import { translateVersions } from './translate-versions.ts';
import { translateWarmup } from './translate-warmup.ts';
import { Translation } from './translation.ts';

/** A model configuration of Triton in settings of ours. */
export interface TritonConfig {
  /** In the form of model.yaml, not validated. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What is ignored, or differs from Triton. */
  readonly notes: readonly Remark[];
  /** Why the model cannot be served; with any of them, the settings are incomplete. */
  readonly problems: readonly Remark[];
  /** The name of the model file, if the configuration names one. */
  readonly modelFile: string | undefined;
  readonly isEnsemble: boolean;
}

/** Reads the text of a config.pbtxt. `name`: the name of the model's folder; undefined accepts any name. */
export function readTritonConfig(text: string, name?: string): TritonConfig {
  return readFields(() => parseTextFormat(text), name);
}

/** Reads a configuration in the JSON form of Protobuf, whose remarks have no places. */
export function readTritonJson(json: object, name?: string): TritonConfig {
  return readFields(() => fieldsOfJson(json, MODEL_CONFIG), name);
}

function readFields(read: () => Field[], name: string | undefined): TritonConfig {
  const translation = new Translation();
  const start = { line: 1, column: 1 };
  let config: Message = { type: MODEL_CONFIG, at: start, fields: new Map() };
  try {
    const { problems } = translation;
    config = readMessage(start, read(), { type: MODEL_CONFIG, problems });
  } catch (caught) {
    if (!(caught instanceof TextFormatError)) throw caught;
    translation.problem(caught.at, caught.message);
  }
  // A value that cannot be read would only lead to further problems.
  if (translation.problems.length === 0) translate(config, name, translation);
  const file = textIn(config, 'default_model_filename');
  return {
    settings: translation.settings,
    notes: byPlace(translation.notes),
    problems: byPlace(translation.problems),
    modelFile: file === '' ? undefined : file,
    isEnsemble: isEnsemble(config),
  };
}

function translate(config: Message, name: string | undefined, translation: Translation): void {
  const given = textIn(config, 'name');
  if (name !== undefined && given !== '' && given !== name) {
    translation.problem(
      placeOf(config, 'name'),
      `'name' is '${given}', wanted '${name}', the name of the model's folder, or nothing`,
    );
  }
  reportFates(config, translation);
  translateVersions(config, translation);
  const cache = messageIn(config, 'response_cache');
  if (cache !== undefined && flagIn(cache, 'enable')) translation.set('cache.enabled', true);
  checkDecoupled(config, translation);
  if (isEnsemble(config)) {
    translateEnsemble(config, translation);
    return;
  }
  checkBackend(config, translation);
  checkFileName(config, translation);
  checkAccelerators(config, translation);
  const isCompleted = !isGiven(config, 'input') || !isGiven(config, 'output');
  const hasBatchAxis = numberIn(config, 'max_batch_size') > 0;
  translateBatching(config, { isCompleted }, translation);
  translateTensors(config, { hasBatchAxis, isCompleted }, translation);
  translateInstances(config, translation);
  translateParameters(config, translation);
  translateOptimization(config, translation);
  translateWarmup(config, translation);
}

/** Backends that we have; without one, the file decides. */
const BACKENDS = ['', 'onnxruntime', 'galley'];
const PLATFORMS = ['', 'onnxruntime_onnx', 'galley_module'];

function checkBackend(config: Message, translation: Translation): void {
  for (const [field, known] of [
    ['backend', BACKENDS],
    ['platform', PLATFORMS],
  ] as const) {
    const given = textIn(config, field);
    if (known.includes(given)) continue;
    translation.problem(
      placeOf(config, field),
      `'${field}' is '${given}', wanted ${known[1]}: export the model to ONNX, or write it as a module (model.js)`,
    );
  }
}

/** Only a module can answer a request in parts. */
function checkDecoupled(config: Message, translation: Translation): void {
  const policy = messageIn(config, 'model_transaction_policy');
  if (policy === undefined || !flagIn(policy, 'decoupled')) return;
  const isModule =
    textIn(config, 'backend') === 'galley' ||
    textIn(config, 'platform') === 'galley_module' ||
    isModuleFile(textIn(config, 'default_model_filename'));
  if (isModule) return;
  translation.problem(
    placeOf(policy, 'decoupled'),
    "'model_transaction_policy.decoupled' is not supported: only a module answers a request in parts; instead: write the model as a module with predictStream",
  );
}

function checkFileName(config: Message, translation: Translation): void {
  const file = textIn(config, 'default_model_filename');
  const isPlain = !/[\\/]|^\.\.?$/.test(file);
  // A backend that is named decides how the file is read, whatever its name.
  const isKnown =
    file === '' ||
    file.endsWith('.onnx') ||
    isModuleFile(file) ||
    isGiven(config, 'backend') ||
    isGiven(config, 'platform');
  if (!isPlain || !isKnown) {
    translation.problem(
      placeOf(config, 'default_model_filename'),
      `'default_model_filename' is '${file}', wanted the name of ${isPlain ? 'a .onnx, .ts, .mts, .js or .mjs file' : 'a file in the folder of the version'}`,
    );
  }
}

function byPlace(remarks: readonly Remark[]): Remark[] {
  return [...remarks].sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
}
