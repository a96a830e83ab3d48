import type { ModelMetadata, TensorMetadata } from '../model/model-metadata.ts';

/** A target of a route with its metadata. */
export interface TargetMetadata {
  readonly name: string;
  readonly metadata: Pick<ModelMetadata, 'inputs' | 'outputs'>;
}

/** Inputs and outputs that all targets have in common, by name; an axis of different sizes is open. */
export function commonMetadata(
  targets: readonly TargetMetadata[],
): Pick<ModelMetadata, 'inputs' | 'outputs'> {
  const of = (side: 'inputs' | 'outputs') => {
    const [first, ...others] = targets.map(({ metadata }) => metadata[side]);
    return (first ?? []).flatMap((tensor) => {
      const same = others.map((list) => list.find(({ name }) => name === tensor.name));
      return same.includes(undefined) ? [] : [merged([tensor, ...(same as TensorMetadata[])])];
    });
  };
  return { inputs: of('inputs'), outputs: of('outputs') };
}

/**
 * Where targets disagree so that a client cannot call them by one name: a tensor of the same name has another datatype or
 * number of axes. `exchangeable` targets answer the same requests, so they must have the same inputs.
 */
export function metadataProblems(
  targets: readonly TargetMetadata[],
  exchangeable: readonly (readonly string[])[],
): readonly string[] {
  const problems: string[] = [];
  for (const side of ['inputs', 'outputs'] as const) {
    const firsts = new Map<string, { readonly tensor: TensorMetadata; readonly owner: string }>();
    for (const { name: owner, metadata } of targets) {
      for (const tensor of metadata[side]) {
        const first = firsts.get(tensor.name);
        if (first === undefined) firsts.set(tensor.name, { tensor, owner });
        if (first === undefined || areAlike(first.tensor, tensor)) continue;
        const what = `${side.slice(0, -1)} '${tensor.name}'`;
        problems.push(
          `${what} is ${formOf(first.tensor)} in ${first.owner} and ${formOf(tensor)} in ${owner}: one name cannot stand for both`,
        );
      }
    }
  }
  for (const group of exchangeable) {
    const [one, ...rest] = group.flatMap((name) => targets.filter((target) => target.name === name));
    for (const other of rest) {
      const [wanted, came] = [namesOf(one), namesOf(other)];
      if (wanted === came) continue;
      problems.push(
        `${other.name} takes the inputs ${came} and ${one?.name} takes ${wanted}: they cannot answer the same requests`,
      );
    }
  }
  return [...new Set(problems)];
}

function namesOf(target: TargetMetadata | undefined): string {
  const names = target?.metadata.inputs.map(({ name }) => name) ?? [];
  return names.toSorted().join(', ') || 'none';
}

function areAlike(one: TensorMetadata, other: TensorMetadata): boolean {
  const isOpen = one.anyRank === true || other.anyRank === true;
  return one.datatype === other.datatype && (isOpen || one.shape.length === other.shape.length);
}

function merged(tensors: readonly TensorMetadata[]): TensorMetadata {
  const [first] = tensors as readonly [TensorMetadata];
  const shape = first.shape.map((size, axis) =>
    tensors.every((other) => other.shape[axis] === size) ? size : -1,
  );
  return { name: first.name, datatype: first.datatype, shape };
}

/** Datatype and shape in words. */
export function formOf({ datatype, shape }: TensorMetadata): string {
  return `${datatype}[${shape.join(',')}]`;
}
