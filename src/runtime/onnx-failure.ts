import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DISK, lookAt } from '../base/disk.ts';
import { messageOf } from '../base/errors.ts';
import type { OnnxFile } from '../model/onnx-file.ts';

/** Where in its source the runtime found a fault: of use to those who write it alone. */
const SOURCE_PLACE = /\/\S+\.(?:cc|h|cpp):\d+\s+.*?\)\s+(?=[A-Z'"])/g;
const LOAD_FROM = /^(?:Load model from .*? failed:|Exception during initialization:)\s*/;

/** Why a model could not be opened: what can be told of its file, and else what the runtime says, without its inside. */
export function whyNotOpened(path: string, file: OnnxFile | undefined, caught: unknown): Error {
  const why = fileFault(path, file) ?? runtimeMessage(caught);
  return new Error(why, { cause: caught });
}

function fileFault(path: string, file: OnnxFile | undefined): string | undefined {
  const found = lookAt(DISK, path);
  if (found.kind !== 'file') return found.kind === 'unusable' ? found.why : `${path} is no file`;
  if (file === undefined) {
    const { size } = statSync(path);
    return size === 0
      ? 'the file is empty; wanted an ONNX model'
      : `the file is no ONNX model, or not a whole one (${size} bytes): is it still being copied, or a pointer of Git LFS?`;
  }
  const faults = file.externalFiles.flatMap((location) => {
    const weights = lookAt(DISK, join(dirname(path), location));
    if (weights.kind === 'file') return [];
    return [weights.kind === 'unusable' ? weights.why : `'${location}' is not there`];
  });
  if (faults.length === 0) return undefined;
  return `its weights are in files beside it: ${faults.join(', ')}; put them into the model's folder`;
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
  const question = /backend|execution ?provider/i.test(words)
    ? 'is the device there, and does the installed onnxruntime-node support it?'
    : 'is it of an opset and of operators that this runtime knows?';
  return `the runtime cannot use the model: ${words}; ${question}`;
}
