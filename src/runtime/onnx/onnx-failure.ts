import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DISK, lookAt } from '../../base/disk.ts';
import { messageOf, OperatorError } from '../../base/errors.ts';
import { howToMend } from '../../model/device.ts';
import type { OnnxFile } from '../../model/onnx-file.ts';
import type { RuntimeSpec } from '../contract/runtime.ts';

/** A location in the runtime's source code, useful only to its developers. */
const SOURCE_PLACE = /\/\S+\.(?:cc|h|cpp):\d+\s+.*?\)\s+(?=[A-Z'"])/g;
/** In the messages about a device or its driver. */
const OF_DEVICE = /backend|execution ?provider|adapter|cuda|cudnn|dml|coreml|webgpu/i;
const LOAD_FROM = /^(?:Load model from .*? failed:|Exception during initialization:)\s*/;

/**
 * The error for a model that could not be opened: a problem of its file if there is one, otherwise the runtime's
 * message without source locations.
 */
export function whyNotOpened(
  { file: path, device }: Pick<RuntimeSpec, 'file' | 'device'>,
  file: OnnxFile | undefined,
  caught: unknown,
): Error {
  const own = caught instanceof OperatorError ? caught.message : runtimeMessage(device, caught);
  return new Error(fileFault(path, file) ?? own, { cause: caught });
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

function runtimeMessage(device: string, caught: unknown): string {
  const words = messageOf(caught)
    .replace(LOAD_FROM, '')
    .replace(SOURCE_PLACE, '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join(' ')
    .replace(/[.;\s]+$/, '');
  return device !== 'cpu' && OF_DEVICE.test(words)
    ? `device is '${device}', but ONNX Runtime cannot use it: ${words}; ${howToMend('model')}`
    : `the runtime cannot load the model: ${words}; check that it supports the model's opset and operators`;
}
