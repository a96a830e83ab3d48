import type { ModelMetadata, TensorMetadata } from '../../model/model-metadata.ts';

/**
 * How a model that was loaded again differs from the served one; undefined when they are the same. Two different models
 * under one name would give inconsistent answers.
 */
export function modelChange(served: ModelMetadata, loaded: ModelMetadata, file: string): string | undefined {
  const what =
    signatureChange('input', served.inputs, loaded.inputs) ??
    signatureChange('output', served.outputs, loaded.outputs) ??
    (served.artefact === loaded.artefact ? undefined : 'its contents differ');
  if (what === undefined) return undefined;
  return (
    `${file} was replaced while it was served: ${what}. This replica is not used. ` +
    'Put the file back, serve the new one as another version, or reload the server (SIGHUP)'
  );
}

function signatureChange(
  kind: string,
  before: readonly TensorMetadata[],
  now: readonly TensorMetadata[],
): string | undefined {
  if (before.length !== now.length) return `it has ${now.length} ${kind}s instead of ${before.length}`;
  const index = before.findIndex((tensor, each) => textOf(tensor) !== textOf(now[each] as TensorMetadata));
  const [then, tensor] = [before[index], now[index]];
  if (then === undefined || tensor === undefined) return undefined;
  return `${kind} ${index} is ${textOf(tensor)} instead of ${textOf(then)}`;
}

function textOf({ name, datatype, shape }: TensorMetadata): string {
  return `'${name}' ${datatype} [${shape}]`;
}
