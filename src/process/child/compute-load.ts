import { artefactOf } from '../../model/artefact.ts';
import { loadRuntime } from '../../runtime/load-runtime.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import { type KeptModel, unpackModel } from '../wire/kept-model.ts';

/** A model that can run, and what it is. */
export interface Loaded {
  readonly runtime: Runtime;
  readonly artefact: string;
}

/** Loads the model from its file; throws where that changes meanwhile. */
export async function loadFile(order: LoadOrder): Promise<Loaded> {
  const artefact = artefactOf(order.runtime, order.file);
  const runtime = await loadRuntime(order);
  if (artefactOf(order.runtime, order.file) === artefact) return { runtime, artefact };
  throw new Error(
    'the file was replaced while it was being loaded: it is not known which of the two this is',
  );
}

/** Loads the model from what was kept of it. */
export async function loadKept(order: LoadOrder, kept: KeptModel): Promise<Loaded> {
  const unpacked = unpackModel(kept);
  try {
    return { runtime: await loadRuntime({ ...order, file: unpacked.file }), artefact: kept.artefact };
  } finally {
    unpacked.remove();
  }
}

/** Whether the file holds another model than when it was first loaded, or is gone. */
export function isReplaced({ runtime, file, kept }: LoadOrder): boolean {
  try {
    return artefactOf(runtime, file) !== kept?.artefact;
  } catch {
    return true;
  }
}
