import type { ModelMetadata, TensorMetadata } from '../../model/model-metadata.ts';

/**
 * In what a model that was loaded again differs from the one that is served; undefined when it is the same. Two models
 * under one name would answer by turns.
 */
export function modelChange(served: ModelMetadata, loaded: ModelMetadata, file: string): string | undefined {
  const what =
    signatureChange('input', served.inputs, loaded.inputs) ??
    signatureChange('output', served.outputs, loaded.outputs) ??
    (served.artefact === loaded.artefact ? undefined : 'its contents are others');
  if (what === undefined) return undefined;
  return (
    `${file} was replaced while it was served: ${what}. This replica is not used; ` +
    'put the file back, serve the new one as another version, or reload the server (SIGHUP)'
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
