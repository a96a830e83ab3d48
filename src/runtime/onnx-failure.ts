import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DISK, lookAt } from '../base/disk.ts';
import { messageOf } from '../base/errors.ts';
import type { OnnxFile } from '../model/onnx-file.ts';

/** A location in the runtime's source code, useful only to its developers. */
const SOURCE_PLACE = /\/\S+\.(?:cc|h|cpp):\d+\s+.*?\)\s+(?=[A-Z'"])/g;
const LOAD_FROM = /^(?:Load model from .*? failed:|Exception during initialization:)\s*/;

/**
 * The error for a model that could not be opened: a problem of its file if there is one, otherwise the runtime's
 * message without source locations.
 */
export function whyNotOpened(path: string, file: OnnxFile | undefined, caught: unknown): Error {
  const why = fileFault(path, file) ?? runtimeMessage(caught);
  return new Error(why, { cause: caught });
}

function fileFault(path: string, file: OnnxFile | undefined): string | undefined {
  const found = lookAt(DISK, path);
  if (found.kind !== 'file') return found.kind === 'unusable' ? found.why : `${path} is not a file`;
  if (file === undefined) {
    const { size } = statSync(path);
    return size === 0
      ? 'the file is empty; expected an ONNX model'
      : `the file is not a complete ONNX model (${size} bytes); check that it is fully copied and not a Git LFS pointer`;
  }
  const faults = file.externalFiles.flatMap((location) => {
    const weights = lookAt(DISK, join(dirname(path), location));
    if (weights.kind === 'file') return [];
    return [weights.kind === 'unusable' ? weights.why : `'${location}' does not exist`];
  });
  if (faults.length === 0) return undefined;
  return `the weights are in separate files: ${faults.join(', ')}; copy them into the model's folder`;
}

function runtimeMessage(caught: unknown): string {
  const words = messageOf(caught)
    .replace(LOAD_FROM, '')
    .replace(SOURCE_PLACE, '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join(' ')
    .replace(/[.;\s]+$/, '');
  const advice = /backend|execution ?provider/i.test(words)
    ? 'check that the device is available and that the installed onnxruntime-node supports it'
    : "check that it supports the model's opset and operators";
  return `the runtime cannot load the model: ${words}; ${advice}`;
}
