import { artefactOf } from '../../model/artefact.ts';
import { lockedFiles } from '../../model/locked-files.ts';
import type { Runtime } from '../../runtime/contract/runtime.ts';
import { loadRuntime } from '../../runtime/load-runtime.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import { type KeptModel, unpackModel } from '../wire/kept-model.ts';

/** A loaded model and the digest of its files. */
export interface Loaded {
  readonly runtime: Runtime;
  readonly artefact: string;
}

/** Loads the model from its file; throws when the file changes during loading, or is not that of the lock. */
export async function loadFile(order: LoadOrder): Promise<Loaded> {
  const artefact = artefactOf(order.runtime, order.file);
  const locked = order.lock === undefined ? undefined : lockedFiles(order.lock, order);
  const bytes = locked?.bytes;
  const runtime = await loadRuntime({ ...order, ...(bytes && { bytes }) });
  if (bytes !== undefined) free(bytes);
  locked?.assertSame();
  if (artefactOf(order.runtime, order.file) === artefact) return { runtime, artefact };
  throw new Error(
    'the file was replaced during loading, so it is unknown which contents were loaded; load the model again',
  );
}

/** Frees the memory of bytes at once: the garbage collector leaves it until the thread needs more. */
function free({ buffer, byteLength }: Uint8Array): void {
  // Small contents may share their memory with others.
  if (byteLength !== buffer.byteLength) return;
  const { port1, port2 } = new MessageChannel();
  // A message that is never received takes its memory along.
  port1.postMessage(buffer, [buffer as ArrayBuffer]);
  port1.close();
  port2.close();
}

/** Loads the model from its kept copy. */
export async function loadKept(order: LoadOrder, kept: KeptModel): Promise<Loaded> {
  const unpacked = unpackModel(kept);
  try {
    return { runtime: await loadRuntime({ ...order, file: unpacked.file }), artefact: kept.artefact };
  } finally {
    unpacked.remove();
  }
}

/** Whether the file is gone or differs from what was first loaded. */
export function isReplaced({ runtime, file, kept }: LoadOrder): boolean {
  try {
    return artefactOf(runtime, file) !== kept?.artefact;
  } catch {
    return true;
  }
}
