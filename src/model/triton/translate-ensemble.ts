import {
  entriesIn,
  givenIn,
  isGiven,
  messageIn,
  messagesIn,
  numberIn,
  placeOf,
  textIn,
} from './message-access.ts';
import type { Message } from './read-message.ts';
import type { Translation } from './translation.ts';

/** Of models with files, not of ensembles. */
const FOR_MODELS = ['instance_group', 'optimization', 'model_warmup', 'default_model_filename'];

/** Whether the configuration says that the model consists of steps. */
export function isEnsemble(config: Message): boolean {
  return isGiven(config, 'ensemble_scheduling') || textIn(config, 'platform') === 'ensemble';
}

/** `ensemble_scheduling` as the setting `pipeline`. */
export function translateEnsemble(config: Message, translation: Translation): void {
  const scheduling = messageIn(config, 'ensemble_scheduling');
  if (textIn(config, 'platform') !== 'ensemble') {
    translation.problem(
      placeOf(config, 'platform'),
      `'platform' is ${JSON.stringify(textIn(config, 'platform'))}, wanted "ensemble" because ensemble_scheduling is set`,
    );
  }
  for (const field of FOR_MODELS.filter((each) => isGiven(config, each))) {
    translation.problem(
      placeOf(config, field),
      `'${field}' is for models with files, not for an ensemble: remove it`,
    );
  }
  if (textIn(config, 'backend') !== '') {
    translation.problem(
      placeOf(config, 'backend'),
      "'backend' must be empty, because the platform is ensemble",
    );
  }
  const steps = scheduling === undefined ? [] : messagesIn(scheduling, 'step');
  if (steps.length === 0) {
    translation.problem(
      scheduling?.at ?? placeOf(config, 'platform'),
      "the platform is ensemble, wanted 'ensemble_scheduling' with at least one step",
    );
    return;
  }
  for (const field of ['input', 'output'].filter((each) => !isGiven(config, each))) {
    translation.problem(config.at, `the platform is ensemble, wanted '${field}' entries`);
  }
  checkTensors(config, steps, translation);
  translation.set(
    'pipeline.steps',
    steps.map((step) => stepOf(step, translation)),
  );
  const outputs = messagesIn(config, 'output').map((output) => textIn(output, 'name'));
  translation.set('pipeline.outputs', outputs);
}

function stepOf(step: Message, translation: Translation): object {
  const name = textIn(step, 'model_name');
  if (name === '') translation.problem(placeOf(step, 'model_name'), "a step has no 'model_name'");
  const version = numberIn(step, 'model_version', -1);
  if (version !== -1 && version < 1) {
    translation.problem(
      placeOf(step, 'model_version'),
      `'model_version' is ${version}, wanted a version, or -1 for the latest`,
    );
  }
  const named = (field: string) =>
    Object.fromEntries(entriesIn<string>(step, field).map(({ key, value }) => [key, value]));
  for (const field of ['input_map', 'output_map'].filter((each) => !isGiven(step, each))) {
    translation.problem(step.at, `the step of '${name}' has no '${field}'`);
  }
  const exact = givenIn(step, 'model_version')[0]?.value;
  return {
    model: version === -1 ? name : `${name}/${exact}`,
    inputs: named('input_map'),
    outputs: named('output_map'),
  };
}

/** Every tensor has one origin, every step its inputs, and every output an origin. */
function checkTensors(config: Message, steps: readonly Message[], translation: Translation): void {
  const inputs = messagesIn(config, 'input').map((input) => textIn(input, 'name'));
  const made = new Set(inputs);
  for (const step of steps) {
    for (const { value, at } of entriesIn<string>(step, 'output_map')) {
      if (made.has(value)) translation.problem(at, `the tensor '${value}' is made twice, wanted once`);
      made.add(value);
    }
  }
  const used = new Set<string>();
  for (const step of steps) {
    for (const { value, at } of entriesIn<string>(step, 'input_map')) {
      used.add(value);
      if (!made.has(value)) {
        translation.problem(at, `the tensor '${value}' is neither an input nor made by a step`);
      }
    }
  }
  for (const output of messagesIn(config, 'output')) {
    const name = textIn(output, 'name');
    if (!made.has(name)) translation.problem(output.at, `no step makes the output '${name}'`);
  }
  for (const input of messagesIn(config, 'input')) {
    const name = textIn(input, 'name');
    if (!used.has(name)) translation.problem(input.at, `no step uses the input '${name}'`);
  }
  checkOrder(inputs, steps, translation);
}

/** Steps that wait for each other would never run. */
function checkOrder(inputs: readonly string[], steps: readonly Message[], translation: Translation): void {
  const ready = new Set(inputs);
  let waiting = [...steps];
  for (;;) {
    const able = waiting.filter((step) =>
      entriesIn<string>(step, 'input_map').every(({ value }) => ready.has(value)),
    );
    if (able.length === 0) break;
    for (const step of able) for (const { value } of entriesIn<string>(step, 'output_map')) ready.add(value);
    waiting = waiting.filter((step) => !able.includes(step));
  }
  const made = new Set([
    ...ready,
    ...waiting.flatMap((step) => entriesIn<string>(step, 'output_map').map(({ value }) => value)),
  ]);
  const [first] = waiting.filter((step) =>
    entriesIn<string>(step, 'input_map').every(({ value }) => made.has(value)),
  );
  if (first !== undefined && waiting.length > 0) {
    const names = waiting.map((step) => `'${textIn(step, 'model_name')}'`).join(', ');
    translation.problem(first.at, `steps wait for each other: ${names}`);
  }
}
