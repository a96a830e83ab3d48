import {
  entriesIn,
  flagIn,
  isGiven,
  messagesIn,
  numberIn,
  numbersIn,
  placeOf,
  textIn,
} from './message-access.ts';
import type { Place } from './place.ts';
import type { Message } from './read-message.ts';
import { datatypeOf } from './translate-tensors.ts';
import type { Translation } from './translation.ts';

/** Folder of the files of `input_data_file`, in the folder of the model. */
const WARMUP_FOLDER = 'warmup';

/** `model_warmup` as the inputs of warmup, which has one sample: the first that reads a file, else the first. */
export function translateWarmup(config: Message, translation: Translation): void {
  const size = numberIn(config, 'max_batch_size');
  const samples = messagesIn(config, 'model_warmup').filter((sample) =>
    checkSample(sample, size, translation),
  );
  const chosen =
    samples.find((sample) => inputsOf(sample).some(({ file }) => file !== undefined)) ?? samples[0];
  if (chosen === undefined) return;
  for (const sample of samples) {
    if (sample !== chosen) {
      translation.note(sample.at, `'model_warmup' ${nameOf(sample)} does not run: warmup has one sample`);
    }
  }
  const known = new Set(messagesIn(config, 'input').map((input) => textIn(input, 'name')));
  const rows = size > 0 ? [1] : [];
  const inputs = inputsOf(chosen).map(({ name, input, file, at }) => {
    if (known.size > 0 && !known.has(name)) {
      const names = [...known].join(', ');
      translation.problem(at, `'inputs' of ${nameOf(chosen)} has '${name}', wanted one of ${names}`);
    }
    return {
      name,
      datatype: checkedType(name, input, translation),
      shape: [...rows, ...checkedDims(name, input, translation)],
      ...(file === undefined ? {} : { file }),
      ...(isGiven(input, 'zero_data') ? { zero: true } : {}),
    };
  });
  if (inputs.length > 0) translation.set('warmup.inputs', inputs);
}

function nameOf(sample: Message): string {
  return `'${textIn(sample, 'name')}'`;
}

/** Whether the sample runs. */
function checkSample(sample: Message, size: number, translation: Translation): boolean {
  const rows = numberIn(sample, 'batch_size');
  const at = placeOf(sample, 'batch_size');
  if (rows === 0) {
    translation.note(at, `'model_warmup' ${nameOf(sample)} does not run: its batch_size is 0`);
    return false;
  }
  if (rows > Math.max(1, size)) {
    translation.problem(at, `'batch_size' is ${rows}, wanted at most max_batch_size (${Math.max(1, size)})`);
  } else if (rows > 1) {
    translation.note(at, "'batch_size' is ignored: warmup runs batches of all sizes that it learns");
  }
  if (numberIn(sample, 'count') > 0) {
    translation.note(placeOf(sample, 'count'), "'count' is ignored: warmup runs until latency is stable");
  }
  return true;
}

interface WarmupInput {
  readonly name: string;
  readonly at: Place;
  readonly input: Message;
  readonly file: string | undefined;
}

function inputsOf(sample: Message): WarmupInput[] {
  return entriesIn<Message>(sample, 'inputs').map(({ key, value, at }) => ({
    ...{ name: key, at, input: value },
    file: isGiven(value, 'input_data_file')
      ? `${WARMUP_FOLDER}/${textIn(value, 'input_data_file')}`
      : undefined,
  }));
}

function checkedType(name: string, input: Message, translation: Translation): string {
  const datatype = datatypeOf(textIn(input, 'data_type', 'TYPE_INVALID'));
  if (datatype === undefined) {
    translation.problem(placeOf(input, 'data_type'), `'data_type' of warmup input '${name}' is missing`);
  }
  const isData = ['zero_data', 'random_data', 'input_data_file'].some((field) => isGiven(input, field));
  if (!isData) {
    translation.problem(
      input.at,
      `warmup input '${name}' has no data: wanted zero_data, random_data or input_data_file`,
    );
  }
  if (isGiven(input, 'random_data') && !flagIn(input, 'random_data')) {
    translation.note(placeOf(input, 'random_data'), "'random_data' counts as set, whatever its value");
  }
  return datatype ?? 'BYTES';
}

function checkedDims(name: string, input: Message, translation: Translation): number[] {
  const dims = numbersIn(input, 'dims');
  const open = dims.find((size) => size < 1 || !Number.isSafeInteger(size));
  if (open !== undefined) {
    translation.problem(
      placeOf(input, 'dims'),
      `'dims' of warmup input '${name}' has the size ${open}, wanted fixed sizes of at least 1`,
    );
  }
  return dims;
}
