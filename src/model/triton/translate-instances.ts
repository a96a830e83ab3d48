import { flagIn, messagesIn, numberIn, numbersIn, placeOf, textIn } from './message-access.ts';
import type { Message } from './read-message.ts';
import type { Translation } from './translation.ts';

/** `instance_group` as replicas and their device. */
export function translateInstances(config: Message, translation: Translation): void {
  const groups = messagesIn(config, 'instance_group');
  if (groups.length === 0) return;
  const devices = new Set<string>();
  let replicas = 0;
  for (const group of groups) {
    const kind = textIn(group, 'kind', 'KIND_AUTO');
    const count = numberIn(group, 'count');
    if (count < 0) translation.problem(placeOf(group, 'count'), `'count' is ${count}, wanted at least 1`);
    const gpus = numbersIn(group, 'gpus');
    if (gpus.length > 0 && (kind === 'KIND_CPU' || kind === 'KIND_MODEL')) {
      translation.problem(placeOf(group, 'gpus'), `'gpus' are listed, but the kind of the group is ${kind}`);
    }
    if (flagIn(group, 'passive')) {
      translation.note(placeOf(group, 'passive'), "'passive' replicas would never run: they are not started");
      continue;
    }
    const device = deviceOf(kind, group, translation);
    if (device !== undefined) devices.add(device);
    replicas += Math.max(1, count) * (kind === 'KIND_GPU' ? Math.max(1, gpus.length) : 1);
  }
  const [first] = groups;
  if (first !== undefined && replicas === 0) {
    translation.problem(first.at, "every 'instance_group' is passive, wanted one that runs");
    return;
  }
  if (devices.size > 1) {
    translation.problem(
      groups[1]?.at ?? { line: 1, column: 1 },
      `'instance_group' names ${[...devices].join(' and ')}, but replicas of a version run on one device: remove one group`,
    );
  }
  const [device] = devices;
  translation.set('replicas', replicas);
  translation.set('device', device);
}

/** The device that a group asks for; undefined where any will do. */
function deviceOf(kind: string, group: Message, translation: Translation): string | undefined {
  if (kind === 'KIND_CPU') return 'cpu';
  const gpus = numbersIn(group, 'gpus');
  if (kind !== 'KIND_GPU') {
    if (kind === 'KIND_MODEL' || gpus.length > 0) {
      translation.note(
        placeOf(group, gpus.length > 0 ? 'gpus' : 'kind'),
        `'${kind}' runs on the CPU; device: cuda in galley.yaml runs the model on a GPU`,
      );
    }
    return undefined;
  }
  translation.note(
    placeOf(group, 'kind'),
    "'KIND_GPU' needs CUDA: on a machine without it the model does not become ready; device: cpu in galley.yaml serves it on the CPU",
  );
  const [gpu = 0] = gpus;
  if (gpus.length > 1) {
    translation.note(
      placeOf(group, 'gpus'),
      `'gpus' lists ${gpus.length} GPUs: all replicas run on GPU ${gpu}`,
    );
  }
  return gpu === 0 ? 'cuda' : `cuda:${gpu}`;
}
