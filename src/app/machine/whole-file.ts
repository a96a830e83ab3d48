import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';

/**
 * Writes a file atomically: to a `.part` file first, which is renamed when it is complete and removed after an error.
 * Runs off the event loop, so that a slow disk delays no request.
 */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const part = `${file}.part`;
  try {
    const handle = await open(part, 'w');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (caught) {
    await rm(part, { force: true }).catch(() => {});
    throw caught;
  }
}

/** The same synchronously, for the end of the process. */
export function writeWholeNow(file: string, bytes: Uint8Array): void {
  const part = `${file}.part`;
  try {
    const descriptor = openSync(part, 'w');
    try {
      for (let at = 0; at < bytes.byteLength; ) at += writeSync(descriptor, bytes, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(part, file);
  } catch (caught) {
    removeIfThere(part);
    throw caught;
  }
}

function removeIfThere(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // A disk that cannot be written may also refuse the removal.
  }
}
